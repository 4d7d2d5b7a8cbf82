// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/doctor/doctor.hpp"
#include "engine/adapters/examination.hpp"
#include "engine/doctor/ckn_likeness.hpp"

#include <algorithm>
#include <functional>
#include <gtest/gtest.h>

namespace macsec::doctor {
namespace {

constexpr std::int64_t today = 1'795'000'000;  // in November 2026
constexpr std::int64_t day = 24 * 3600;

PreSharedKey key(std::string_view ckn) {
  PreSharedKey out;
  out.ckn = Ckn::from_hex(ckn).value();
  return out;
}

/// A link that works, changed by `change`.
Facts facts(const std::function<void(Facts&, Profile&)>& change = [](Facts&, Profile&) {}) {
  Profile profile;
  profile.name = "uplink";
  profile.link.parent = "eth0";
  profile.link.interface = "macsec0";
  profile.keys.push_back(key("0a1b"));
  Facts out;
  out.parent = Interface{.name = "eth0", .kind = "", .up = true, .carrier = true, .mtu = 1500};
  out.device = Interface{.name = "macsec0", .kind = "macsec", .up = true, .carrier = true, .mtu = 1468};
  out.interfaces = {"lo", "eth0", "macsec0"};
  out.frames = Frames{.received = 100'000, .late = 0, .not_valid = 0, .not_using_sa = 0};
  out.wall_clock = today;
  out.status.state = core::PortState::secured;
  out.status.carrier = true;
  out.status.participants = {{.ckn = profile.keys[0].ckn, .mi = {}, .peers = {}}};
  change(out, profile);
  out.profile = std::make_shared<const Profile>(std::move(profile));
  return out;
}

std::vector<std::string> ids(const Facts& of) {
  std::vector<std::string> out;
  for (const Finding& finding : examine(of)) out.emplace_back(finding.id);
  return out;
}

using Ids = std::vector<std::string>;

/// The port waits for this reason.
auto waiting(core::Reason reason, core::PortState state = core::PortState::pending) {
  return [reason, state](Facts& of) {
    of.status.state = state;
    of.status.reason = reason;
    of.status.reason_text = "why, in words";
  };
}

TEST(Doctor, NothingIsWrongWithALinkThatWorks) { EXPECT_EQ(ids(facts()), Ids{}); }

TEST(Doctor, WhatIsBelowIsTheCauseAndTheOnlyOne) {
  const auto below = [](const std::function<void(Facts&, Profile&)>& change) {
    return ids(facts([&change](Facts& of, Profile& profile) {
      waiting(core::Reason::no_peer)(of);
      change(of, profile);
    }));
  };
  EXPECT_EQ(below([](Facts& of, Profile&) { of.parent.reset(); }), Ids{"no-parent"});
  EXPECT_EQ(below([](Facts& of, Profile&) { of.parent->up = of.parent->carrier = false; }), Ids{"parent-down"});
  EXPECT_EQ(below([](Facts& of, Profile&) { of.parent->carrier = false; }), Ids{"no-carrier"});
  EXPECT_EQ(below([](Facts& of, Profile&) { of.device->up = false; }), Ids{"device-down"});
  EXPECT_EQ(below([](Facts& of, Profile&) { of.device.reset(); }), Ids{"no-device"});
  EXPECT_EQ(below([](Facts& of, Profile&) { of.status.reason = core::Reason::disabled; }), Ids{"switched-off"});
  EXPECT_EQ(below([](Facts& of, Profile& profile) {
              of.status.reason = core::Reason::disabled;
              profile.link.enabled = false;
            }),
            Ids{"disabled"});
}

TEST(Doctor, AMisspeltParentIsGuessed) {
  const auto findings = examine(facts([](Facts& of, Profile& profile) {
    of.parent.reset();
    profile.link.parent = "eht0";
  }));
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_NE(findings[0].remedy.find("Parent=eth0"), std::string::npos) << findings[0].remedy;
}

TEST(Doctor, ARefusedDeviceIsToldByWhatRefusedIt) {
  const auto refused = [](const std::function<void(Facts&, Profile&)>& change) {
    return ids(facts([&change](Facts& of, Profile& profile) {
      waiting(core::Reason::secy_error, core::PortState::failed)(of);
      of.device.reset();
      change(of, profile);
    }));
  };
  EXPECT_EQ(refused([](Facts&, Profile&) {}), Ids{"device-refused"});
  EXPECT_EQ(refused([](Facts&, Profile& profile) { profile.macsec.offload = OffloadChoice::mac; }),
            Ids{"offload-refused"});
  EXPECT_EQ(refused([](Facts& of, Profile&) { of.master = Interface{.name = "br0", .kind = "bridge"}; }),
            Ids{"parent-in-bridge"});
  EXPECT_EQ(refused([](Facts& of, Profile&) { of.device = Interface{.name = "macsec0", .kind = "dummy"}; }),
            Ids{"name-taken"});
}

TEST(Doctor, KeysAndTheClock) {
  const auto keys = [](std::optional<std::int64_t> from, std::optional<std::int64_t> to, std::int64_t now = today) {
    return ids(facts([=](Facts& of, Profile& profile) {
      waiting(core::Reason::no_key)(of);
      profile.keys[0].not_before = from;
      profile.keys[0].not_after = to;
      of.wall_clock = now;
    }));
  };
  EXPECT_EQ(keys({}, today - day), Ids{"keys-ended"});
  EXPECT_EQ(keys(today + day, {}), Ids{"keys-begin-later"});
  EXPECT_EQ(ids(facts([](Facts& of, Profile& profile) {
              waiting(core::Reason::no_key)(of);
              profile.keys[0].not_before = today - day;
              of.status.clock_trusted = false;
            })),
            Ids{"clock"});
  EXPECT_EQ(ids(facts([](Facts&, Profile& profile) { profile.keys[0].not_after = today + 2 * day; })),
            Ids{"keys-end-soon"});
  EXPECT_EQ(ids(facts([](Facts&, Profile& profile) { profile.keys[0].not_after = today + 30 * day; })), Ids{});
}

TEST(Doctor, AKeySourceWantsAFallbackKey) {
  const auto source = [](Profile& profile) {
    profile.key_source = {.source = "metro-a", .remote_id = "B"};
    profile.keys[0].origin.key_source = "metro-a";
  };
  EXPECT_EQ(ids(facts([&](Facts&, Profile& profile) { source(profile); })), Ids{"no-fallback-key"});
  EXPECT_EQ(ids(facts([&](Facts&, Profile& profile) {
              source(profile);
              profile.keys.push_back(duplicate(profile.keys[0]));
              profile.keys[1].role = KeyRole::fallback;
            })),
            Ids{});
  EXPECT_EQ(ids(facts([&](Facts& of, Profile& profile) {
              waiting(core::Reason::no_key)(of);
              source(profile);
              profile.keys.clear();
            })),
            Ids{"no-source-key"});
}

TEST(Doctor, WarningsAboutLifetimesStandBesideTheCause) {
  const auto found = [](bool trusted) {
    return ids(facts([trusted](Facts& of, Profile& profile) {
      waiting(core::Reason::cak_mismatch)(of);
      profile.keys[0].not_after = today + 2 * day;
      of.status.clock_trusted = trusted;
    }));
  };
  EXPECT_EQ(found(false), (Ids{"cak-mismatch", "clock"}));
  EXPECT_EQ(found(true), Ids{"cak-mismatch"}) << "nothing works that could end";
}

TEST(Doctor, ALinkThatIsSecuredForAReasonIsNotWell) {
  for (const core::Reason reason : {core::Reason::cipher_mismatch, core::Reason::confidentiality_mismatch,
                                    core::Reason::awaiting_sak, core::Reason::secy_error}) {
    const auto found = examine(facts([reason](Facts& of, Profile&) {
      waiting(reason, core::PortState::secured)(of);
      of.attached = true;
    }));
    ASSERT_EQ(found.size(), 1U) << to_string(reason);
    EXPECT_EQ(found[0].id, to_string(reason));
    EXPECT_EQ(found[0].gravity, Gravity::warning);
    EXPECT_FALSE(found[0].remedy.empty());
  }
}

TEST(Doctor, AKernelThatRefusesAKeyIsNotADeviceThatCouldNotBeMade) {
  const auto found = ids(facts([](Facts& of, Profile&) {
    waiting(core::Reason::secy_error, core::PortState::failed)(of);
    of.attached = true;
  }));
  EXPECT_EQ(found, Ids{"secy-error"});
}

TEST(Doctor, CknsThatAreMeantToBeTheSame) {
  const auto heard = [](std::string_view ckn) {
    return ids(facts([ckn](Facts& of, Profile&) {
      waiting(core::Reason::ckn_mismatch)(of);
      of.status.foreign_ckns = {Ckn::from_hex(ckn).value()};
    }));
  };
  EXPECT_EQ(heard("0a1b0000"), Ids{"ckn-padded"});
  EXPECT_EQ(heard("30613162"), Ids{"ckn-as-text"});
  EXPECT_EQ(heard("ffff"), Ids{"ckn-mismatch"});
  const auto ckn = [](std::string_view digits) { return Ckn::from_hex(digits).value(); };
  EXPECT_EQ(ckn_likeness(ckn("0a1b00"), ckn("0a1b")), CknLikeness::cut);
  EXPECT_EQ(ckn_likeness(ckn("0a1b"), ckn("30413142")), CknLikeness::as_text) << "capital digits";
  EXPECT_EQ(ckn_likeness(ckn("0a1b"), ckn("0a1b")), CknLikeness::none);
  EXPECT_EQ(ckn_likeness(ckn("00"), ckn("0001")), CknLikeness::none);
}

TEST(Doctor, WhoIsHeardAndNotUnderstood) {
  const auto counted = [](core::Counter counter) {
    return ids(facts([counter](Facts& of, Profile&) {
      waiting(core::Reason::no_peer)(of);
      of.status.counters.*counter = 1;
    }));
  };
  using core::PortCounters;
  EXPECT_EQ(counted(&PortCounters::mkpdu_tx), Ids{"no-peer"});
  EXPECT_EQ(counted(&PortCounters::rx_reflected), Ids{"reflected"});
  EXPECT_EQ(counted(&PortCounters::rx_inactive_ckn), Ids{"ckn-inactive"});
  EXPECT_EQ(counted(&PortCounters::rx_wrong_destination), Ids{"other-destination"});
  EXPECT_EQ(counted(&PortCounters::rx_bad_version), Ids{"other-version"});
  EXPECT_EQ(counted(&PortCounters::rx_unknown_agility), Ids{"other-algorithm"});
  EXPECT_EQ(counted(&PortCounters::rx_validation_failures), Ids{"malformed"});
}

TEST(Doctor, EachReasonOfAPortHasItsFinding) {
  const auto by = [](core::Reason reason) {
    return ids(facts([reason](Facts& of, Profile&) { waiting(reason)(of); }));
  };
  EXPECT_EQ(by(core::Reason::cak_mismatch), Ids{"cak-mismatch"});
  EXPECT_EQ(by(core::Reason::peer_not_live), Ids{"peer-not-live"});
  EXPECT_EQ(by(core::Reason::no_key_server), Ids{"no-key-server"});
  EXPECT_EQ(by(core::Reason::awaiting_sak), Ids{"awaiting-sak"});
  EXPECT_EQ(by(core::Reason::cipher_mismatch), Ids{"cipher-mismatch"});
  EXPECT_EQ(by(core::Reason::confidentiality_mismatch), Ids{"confidentiality-mismatch"});
  EXPECT_EQ(by(core::Reason::macsec_refused), Ids{"macsec-refused"});
}

TEST(Doctor, SaysOnceWhatToDo) {
  const auto found = [](core::Reason reason, const std::string& text, bool attached) {
    const auto findings = examine(facts([&](Facts& of, Profile& profile) {
      waiting(reason, core::PortState::failed)(of);
      of.status.reason_text = text;
      of.attached = attached;
      if (!attached) of.device.reset();
      if (!attached) profile.macsec.offload = OffloadChoice::mac;
    }));
    return findings.size() == 1 ? findings[0].text + ". Try: " + findings[0].remedy : "";
  };
  using core::Reason;
  EXPECT_EQ(found(Reason::cak_mismatch, "02::5 uses our CKN, but its CAK differs: compare the keys of both ends", true),
            "02::5 uses our CKN, but its CAK differs. Try: the same Cak= at both ends: macsecctl profile edit uplink");
  EXPECT_EQ(found(Reason::secy_error,
                  "the hardware receives from one peer at a time, and 2 are there: write Offload=off", true),
            "the hardware receives from one peer at a time, and 2 are there. Try: write Offload=off: "
            "macsecctl profile edit uplink");
  EXPECT_EQ(found(Reason::secy_error,
                  "cannot offload to mac on macsec0: eth0 has no MACsec hardware: write Offload=off", false),
            "cannot offload to mac on macsec0: eth0 has no MACsec hardware. Try: write Offload=off: "
            "macsecctl profile edit uplink");
  EXPECT_EQ(found(Reason::secy_error,
                  "cannot offload to mac on macsec0: x says: Busy; Offload=auto takes software then", false),
            "cannot offload to mac on macsec0: x says: Busy. Try: write Offload=auto into profile uplink, or see "
            "`macsecctl caps eth0`");
}

TEST(Doctor, WhatIsAroundALinkThatWorks) {
  const auto around = [](const std::function<void(Facts&, Profile&)>& change) { return ids(facts(change)); };
  EXPECT_EQ(around([](Facts& of, Profile&) { of.device->mtu = 1469; }), Ids{"mtu-parent"});
  EXPECT_EQ(around([](Facts& of, Profile&) { of.above = {{.name = "macsec0.7", .kind = "vlan", .mtu = 1500}}; }),
            Ids{"mtu-above"});
  EXPECT_EQ(around([](Facts& of, Profile&) { of.master = Interface{.name = "bond0", .kind = "bond"}; }), Ids{});
  EXPECT_EQ(around([](Facts& of, Profile&) { of.listeners = 1; }), Ids{"other-program"});
  EXPECT_EQ(around([](Facts& of, Profile&) { of.frames->late = 1'001; }), Ids{"frames-late"});
  EXPECT_EQ(around([](Facts& of, Profile&) { of.frames->late = 999; }), Ids{}) << "below one in a hundred";
  EXPECT_EQ(around([](Facts& of, Profile&) { of.frames->not_valid = 2'000; }), Ids{"frames-invalid"});
  EXPECT_EQ(around([](Facts& of, Profile&) { of.frames->not_using_sa = 2'000; }), Ids{"frames-unknown-key"});
  EXPECT_EQ(around([](Facts&, Profile& profile) { profile.macsec.offload = OffloadChoice::automatic; }),
            Ids{"offload-software"});
}

TEST(Doctor, FaultsComeBeforeWarnings) {
  const auto found = facts([](Facts& of, Profile&) {
    waiting(core::Reason::no_peer)(of);
    of.parent->kind = "bridge";
    of.obstacle = "eth0 is a bridge";
    of.device->mtu = 1500;
  });
  EXPECT_EQ(ids(found), (Ids{"parent-is-bridge", "mtu-parent"}));
  EXPECT_TRUE(std::ranges::is_sorted(examine(found), {}, &Finding::gravity));
}

TEST(Doctor, AnotherProgramComesFirstWhereKeysDoNotLast) {
  const auto with = [](core::Reason reason, core::PortState state) {
    return ids(facts([&](Facts& of, Profile&) {
      waiting(reason, state)(of);
      of.attached = true;
      of.listeners = 1;
    }));
  };
  EXPECT_EQ(with(core::Reason::awaiting_sak, core::PortState::pending), (Ids{"other-program", "awaiting-sak"}));
  EXPECT_EQ(with(core::Reason::secy_error, core::PortState::failed), (Ids{"other-program", "secy-error"}));
  EXPECT_EQ(with(core::Reason::secy_error, core::PortState::secured), (Ids{"other-program", "secy-error"}));
  EXPECT_EQ(with(core::Reason::no_peer, core::PortState::pending), (Ids{"no-peer", "other-program"}));
}

TEST(Doctor, FilesOfTheKernelAreReadToTheirEnd) {
  EXPECT_TRUE(os::read_kernel_file("/proc/self/net/packet").starts_with("sk"));
  EXPECT_EQ(os::read_kernel_file("/proc/none"), "");
}

TEST(Doctor, ProgramsThatListenForEapol) {
  constexpr std::string_view table =
      "sk               RefCnt Type Proto  Iface R Rmem   User   Inode\n"
      "00000000a1 3      3    888e   2     1 0      0      111\n"
      "00000000a2 3      3    888e   0     1 0      0      112\n"
      "00000000a3 3      3    888e   3     1 0      0      113\n"
      "00000000a4 3      2    0003   2     1 0      0      114\n";
  EXPECT_EQ(os::count_listeners(table, 0x888e, 2), 1U);
  EXPECT_EQ(os::count_listeners(table, 0x888e, 4), 0U);
  EXPECT_EQ(os::count_listeners("", 0x888e, 2), 0U);
}

/// An access port with two servers, changed by `change`.
Facts access_port(core::Reason reason, core::PortState state,
                  const std::function<void(core::AuthenticatorStatus&)>& change) {
  return facts([&](Facts& of, Profile&) {
    waiting(reason, state)(of);
    core::AuthenticatorStatus& port = of.status.authenticator.emplace();
    port.host = MacAddress{{2, 0, 0, 0, 0, 2}};
    for (const char* address : {"192.0.2.1", "2001:db8::2"}) {
      core::RadiusServerStatus& server = port.servers.emplace_back();
      server.address = address;
      server.port = 1812;
      server.state = core::RadiusServerState::alive;
      server.last_answer = Time{std::chrono::seconds{1}};
    }
    change(port);
  });
}

void silence(core::RadiusServerStatus& server) {
  server.state = core::RadiusServerState::dead;
  server.last_answer.reset();
}

TEST(Doctor, AnAccessPortWithoutAServerIsToldByServer) {
  const auto port = [](const std::function<void(core::AuthenticatorStatus&)>& change) {
    return access_port(core::Reason::no_radius_server, core::PortState::pending, change);
  };
  const Facts silent = port([](core::AuthenticatorStatus& of) {
    silence(of.servers[0]);
    of.servers[0].words = "no answer from 192.0.2.1:1812 (30s)";
    silence(of.servers[1]);
    of.servers[1].counters.bad_authenticators = 3;
  });
  EXPECT_EQ(ids(silent), (Ids{"radius-silent", "radius-secret"}));
  const auto findings = examine(silent);
  EXPECT_EQ(findings[0].gravity, Gravity::fault);
  EXPECT_EQ(findings[0].text, "no answer from 192.0.2.1:1812 (30s)");
  EXPECT_NE(findings[1].text.find("[2001:db8::2]:1812"), std::string::npos) << findings[1].text;
  EXPECT_EQ(ids(port([](core::AuthenticatorStatus&) {})), Ids{"no-radius-server"});
}

TEST(Doctor, AnAcceptWithoutKeysIsToldFromAReject) {
  const auto refused = [](bool keyless) {
    return access_port(core::Reason::authentication_failed, core::PortState::pending,
                       [keyless](core::AuthenticatorStatus& of) {
                         silence(of.servers[1]);
                         of.keyless = keyless;
                         of.counters.accepts_unusable = 1;
                       });
  };
  EXPECT_EQ(ids(refused(true)), (Ids{"radius-no-key-name", "radius-silent"}));
  EXPECT_EQ(ids(refused(false)), (Ids{"authentication-failed", "radius-silent"}))
      << "an accept of long ago is no reason";
}

TEST(Doctor, AnAccessPortThatWorksIsOnlyWarnedAbout) {
  const auto findings =
      examine(access_port(core::Reason::none, core::PortState::secured, [](core::AuthenticatorStatus& of) {
        silence(of.servers[0]);
        of.other_host = MacAddress{{2, 0, 0, 0, 0, 3}};
        of.counters.accepts_unusable = 1;
        of.servers[1].counters.bad_authenticators = 1;  // one forged answer among good ones
      }));
  ASSERT_EQ(findings.size(), 2U);
  EXPECT_EQ(findings[0].id, "radius-silent");
  EXPECT_EQ(findings[1].id, "other-host");
  for (const Finding& each : findings) EXPECT_EQ(each.gravity, Gravity::warning);
  // The session outlives its servers, and the reason stands.
  const auto outlived =
      examine(access_port(core::Reason::no_radius_server, core::PortState::secured, [](core::AuthenticatorStatus& of) {
        silence(of.servers[0]);
        silence(of.servers[1]);
      }));
  ASSERT_EQ(outlived.size(), 2U);
  EXPECT_EQ(outlived[0].gravity, Gravity::warning);
}

TEST(Doctor, AHostWithoutMkaIsTold) {
  EXPECT_EQ(ids(access_port(core::Reason::mka_silent, core::PortState::pending, [](core::AuthenticatorStatus&) {})),
            Ids{"host-without-mka"});
  EXPECT_EQ(ids(access_port(core::Reason::authentication_failed, core::PortState::pending,
                            [](core::AuthenticatorStatus&) {})),
            Ids{"authentication-failed"});
}

}  // namespace
}  // namespace macsec::doctor
