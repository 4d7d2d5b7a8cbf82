// SPDX-License-Identifier: LGPL-2.1-or-later
/// What is known of hardware, and the message a device is made with.
#include "engine/adapters/netlink/kept_keys.hpp"
#include "engine/adapters/netlink/macsec_link.hpp"
#include "engine/adapters/netlink/offload_drivers.hpp"
#include "engine/adapters/netlink/offload_trials.hpp"

#include <gtest/gtest.h>
#include <linux/if_link.h>
#include <linux/if_macsec.h>
#include <linux/rtnetlink.h>

namespace macsec::os {
namespace {

/// What the kernel is told about the SecY of a new device.
class Creation {
 public:
  explicit Creation(const MacsecLinkRequest& request)
      : message_{RTM_NEWLINK, NLM_F_CREATE, std::as_bytes(std::span{&info_, 1})} {
    put_creation(message_, request);
  }
  [[nodiscard]] Attributes<IFLA_MACSEC_OFFLOAD> settings() {
    EXPECT_TRUE(message_.ok());
    const Attributes<IFLA_LINKINFO> link{attributes_of<ifinfomsg>(*message_.header())};
    const Attributes<IFLA_INFO_DATA> linkinfo{link[IFLA_LINKINFO]};
    EXPECT_EQ(linkinfo.text(IFLA_INFO_KIND), "macsec");
    return Attributes<IFLA_MACSEC_OFFLOAD>{linkinfo[IFLA_INFO_DATA]};
  }

 private:
  ifinfomsg info_{};
  NetlinkMessage message_;
};

MacsecLinkRequest wanted() {
  return {.name = "macsec0",
          .parent = 3,
          .mac = {{2, 0, 0, 0, 0, 1}},
          .sci = {{2, 0, 0, 0, 0, 1, 0, 1}},
          .cipher_suite = CipherSuite::gcm_aes_256,
          .parameters = {.encrypt = false, .replay_window = 64}};
}

TEST(Creation, InSoftwareParksTheEncodingAn) {
  Creation creation{wanted()};
  const auto settings = creation.settings();
  EXPECT_EQ(settings.number(IFLA_MACSEC_ENCODING_SA), 3U);
  EXPECT_FALSE(settings.has(IFLA_MACSEC_OFFLOAD));
}

// An encoding AN in that message has the kernel call the SecY inoperable, and mlx5 then makes nothing of the first SA.
TEST(Creation, InHardwareSaysEverythingButTheEncodingAn) {
  MacsecLinkRequest request = wanted();
  request.offload = OffloadMode::phy;
  request.encoding.reset();
  Creation creation{request};
  const auto settings = creation.settings();
  EXPECT_FALSE(settings.has(IFLA_MACSEC_ENCODING_SA));
  EXPECT_EQ(settings.number(IFLA_MACSEC_OFFLOAD), unsigned{MACSEC_OFFLOAD_PHY});
  EXPECT_EQ(settings.number(IFLA_MACSEC_CIPHER_SUITE), std::uint64_t{MACSEC_CIPHER_ID_GCM_AES_256});
  EXPECT_EQ(settings.number(IFLA_MACSEC_PROTECT), 1U);
  EXPECT_EQ(settings.number(IFLA_MACSEC_ENCRYPT), 0U);
  EXPECT_EQ(settings.number(IFLA_MACSEC_VALIDATION), unsigned{MACSEC_VALIDATE_STRICT});
  EXPECT_EQ(settings.number(IFLA_MACSEC_WINDOW), 64U);
}

bool has(const SecyTraits& traits, CipherSuite suite) { return traits.cipher_suites.has(suite); }

TEST(OffloadDriver, IsKnownByTheNameItGivesItself) {
  EXPECT_EQ(offload_driver("mlx5_core").name, "mlx5");
  EXPECT_EQ(offload_driver("atlantic").name, "atlantic");
  EXPECT_EQ(offload_driver("rvu_nicpf").name, "octeontx2");
  EXPECT_EQ(offload_driver("rvu_nicvf").name, "octeontx2");
  EXPECT_EQ(offload_driver("Microsemi GE VSC8584 SyncE").name, "mscc");
  EXPECT_EQ(offload_driver("NXP C45 TJA1120").name, "nxp-c45");
  EXPECT_EQ(offload_driver("netdevsim").name, "netdevsim");
}

TEST(OffloadDriver, ThatIsNotKnownIsTrustedWithNothing) {
  for (const std::string_view name : {"", "some_nic"}) {
    const SecyTraits traits = traits_of(offload_driver(name));
    EXPECT_FALSE(traits.transmit_pn_readable);
    EXPECT_FALSE(traits.lowest_pn_raisable);
    EXPECT_TRUE(traits.pn_rewinds_with_carrier);
    EXPECT_TRUE(traits.pn_rewinds_with_device);
    EXPECT_FALSE(traits.hitless);
    EXPECT_TRUE(has(traits, CipherSuite::gcm_aes_xpn_256)) << "it is tried";
  }
}

TEST(OffloadDriver, TellsTheKeyAgreementWhatItLacks) {
  const SecyTraits atlantic = traits_of(offload_driver("atlantic"));
  EXPECT_FALSE(has(atlantic, CipherSuite::gcm_aes_xpn_128));
  EXPECT_TRUE(has(atlantic, CipherSuite::gcm_aes_256));
  EXPECT_TRUE(atlantic.transmit_pn_readable);
  EXPECT_TRUE(atlantic.pn_rewinds_with_carrier);
  const SecyTraits mlx5 = traits_of(offload_driver("mlx5_core"));
  EXPECT_FALSE(mlx5.transmit_pn_readable);
  EXPECT_FALSE(mlx5.lowest_pn_raisable);
  EXPECT_FALSE(mlx5.pn_rewinds_with_carrier);
  EXPECT_FALSE(mlx5.hitless);
  EXPECT_FALSE(has(traits_of(offload_driver("Microsemi GE VSC8582 SyncE")), CipherSuite::gcm_aes_xpn_256))
      << "it would be taken, and sent with 32 bits";
  EXPECT_EQ(traits_of(offload_driver("NXP C45 TJA1103")).receive_channels, 1U);
  EXPECT_TRUE(has(SecyTraits{}, CipherSuite::gcm_aes_xpn_256));
}

TEST(OffloadDriver, SaysWhatToWriteForWhatItCannotDo) {
  const OffloadDriver& mlx5 = offload_driver("mlx5_core");
  EXPECT_EQ(objection_to(mlx5, {}), "");
  for (const SecyParameters& parameters :
       {SecyParameters{.protect = false, .validate = Validate::check}, SecyParameters{.validate = Validate::check},
        SecyParameters{.encrypt = false}})
    EXPECT_NE(objection_to(mlx5, parameters).find("or Offload=off"), std::string::npos);
  EXPECT_EQ(objection_to(offload_driver("atlantic"), {.protect = false, .validate = Validate::check}), "");
}

TEST(OffloadTrials, AreRememberedForEachParentModeAndSuite) {
  OffloadTrials trials;
  EXPECT_FALSE(trials.known(3, OffloadMode::mac, CipherSuite::gcm_aes_128));
  trials.note(3, OffloadMode::mac, CipherSuite::gcm_aes_128, true);
  trials.note(3, OffloadMode::mac, CipherSuite::gcm_aes_xpn_128, false);
  EXPECT_EQ(trials.known(3, OffloadMode::mac, CipherSuite::gcm_aes_128), true);
  EXPECT_EQ(trials.known(3, OffloadMode::mac, CipherSuite::gcm_aes_xpn_128), false);
  EXPECT_FALSE(trials.known(3, OffloadMode::phy, CipherSuite::gcm_aes_128));
  EXPECT_FALSE(trials.known(4, OffloadMode::mac, CipherSuite::gcm_aes_128));
  EXPECT_EQ(trials.known(3, OffloadMode::mac), true);
  EXPECT_FALSE(trials.known(3, OffloadMode::phy));
  trials.note(3, OffloadMode::phy, CipherSuite::gcm_aes_128, false);
  EXPECT_EQ(trials.known(3, OffloadMode::phy), false);
  trials.forget(3);
  EXPECT_FALSE(trials.known(3, OffloadMode::mac, CipherSuite::gcm_aes_128));
}

SaKey key(std::uint32_t number) {
  SaKey out;
  out.id = {.server = {{1, 2, 3}}, .number = number};
  for (std::uint8_t& octet : out.key.allocate(16)) octet = static_cast<std::uint8_t>(number);
  return out;
}

TEST(KeptKeys, GiveWhatIsToBeInstalledOnceMoreReceiveFirstAndKeepNothing) {
  constexpr Sci peer{{2, 0, 0, 0, 0, 2, 0, 1}};
  constexpr Sci other{{2, 0, 0, 0, 0, 3, 0, 1}};
  KeptKeys kept;
  kept.keep(peer, An{0}, key(1), 0);
  kept.keep(std::nullopt, An{1}, key(2), 7);
  kept.keep(peer, An{1}, key(2), 5);
  kept.keep(other, An{1}, key(2), 6);
  EXPECT_TRUE(kept.has_transmit(An{1}));
  EXPECT_FALSE(kept.has_transmit(An{0}));
  kept.drop_channel(other);
  kept.put_back(kept.take(An{1}));
  EXPECT_TRUE(kept.has_transmit(An{1})) << "what failed is tried again with the same";
  const auto taken = kept.take(An{1});
  ASSERT_EQ(taken.size(), 2U);
  EXPECT_EQ(taken[0].sci, peer);
  EXPECT_EQ(taken[0].ssci, 5U);
  EXPECT_FALSE(taken[1].sci);
  EXPECT_EQ(taken[1].key.id.number, 2U);
  EXPECT_EQ(taken[1].key.key.expose()[0], 2U);
  EXPECT_TRUE(kept.take(An{0}).empty()) << "the key before is not installed again";
  EXPECT_FALSE(kept.has_transmit(An{1}));
}

}  // namespace
}  // namespace macsec::os
