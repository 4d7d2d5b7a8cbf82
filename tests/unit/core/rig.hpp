// SPDX-License-Identifier: LGPL-2.1-or-later
/// What the parts of the key agreement stand on in their unit tests: a context over a SecY that keeps what it is given.
#pragma once

#include "engine/core/context.hpp"

#include <algorithm>
#include <cerrno>
#include <gtest/gtest.h>
#include <set>

namespace macsec::core {

using namespace std::chrono_literals;

/// Keeps keys as the kernel does; refuses the calls that stand in `refused`.
class KeepingSecy final : public Secy {
 public:
  std::set<std::string, std::less<>> refused;  ///< names of calls as below
  unsigned calls = 0;
  SecyState state;
  ControlledPort port = ControlledPort::dormant;

  Result<void> select_cipher_suite(CipherSuite suite) override {
    state.cipher_suite = suite;
    return done("select");
  }
  Result<void> configure(const SecyParameters& parameters) override {
    const auto result = done("configure");
    if (result) state.parameters = parameters;
    return result;
  }
  Result<void> set_controlled_port(ControlledPort to) override {
    const auto result = done("port");
    if (result) port = to;
    return result;
  }
  Result<void> create_receive_sc(const Sci& sci) override {
    const auto result = done("create sc");
    if (result && sc(sci) == nullptr) state.receive.push_back({sci, {}});
    return result;
  }
  Result<void> delete_receive_sc(const Sci& sci) override {
    const auto result = done("delete sc");
    if (result) std::erase_if(state.receive, [&](const ReceiveScState& each) { return each.sci == sci; });
    return result;
  }
  Result<void> install_receive_sa(const Sci& sci, An an, const SaKey& key, Pn lowest_pn, Ssci ssci) override {
    const auto result = done("install rx");
    if (!result) return result;
    if (receives(sci, key.id)) return fail(EBUSY, "this receive SA exists");
    EXPECT_FALSE(key.key.empty()) << "a key is installed once, before it is wiped";
    sc(sci)->associations.push_back({an, true, key.id, lowest_pn, ssci});
    return result;
  }
  Result<void> delete_receive_sa(const Sci& sci, An an) override {
    const auto result = done("delete rx");
    if (result && sc(sci) != nullptr)
      std::erase_if(sc(sci)->associations, [&](const SaState& sa) { return sa.an == an; });
    return result;
  }
  Result<void> raise_lowest_pn(const Sci&, An, Pn) override { return done("raise"); }
  Result<void> install_transmit_sa(An an, const SaKey& key, Ssci ssci) override {
    const auto result = done("install tx");
    if (result) state.transmit.push_back({an, true, key.id, 1, ssci});
    return result;
  }
  Result<void> transmit_with(An an) override {
    const auto result = done("transmit");
    if (result) state.encoding = an;
    return result;
  }
  Result<void> delete_transmit_sa(An an) override {
    const auto result = done("delete tx");
    if (result) std::erase_if(state.transmit, [&](const SaState& sa) { return sa.an == an; });
    return result;
  }
  Result<SecyState> read() override { return state; }

  [[nodiscard]] bool receives(const Sci& sci, const KeyId& key) {
    const ReceiveScState* found = sc(sci);
    return found != nullptr &&
           std::ranges::any_of(found->associations, [&](const SaState& sa) { return sa.key == key; });
  }

 private:
  Result<void> done(std::string_view call) {
    ++calls;
    if (refused.contains(call)) return fail(EBUSY, "cannot " + std::string{call});
    return {};
  }
  ReceiveScState* sc(const Sci& sci) {
    const auto at = std::ranges::find(state.receive, sci, &ReceiveScState::sci);
    return at == state.receive.end() ? nullptr : &*at;
  }
};

/// Octets that count up, so that each member identifier differs.
class CountingRandom final : public Random {
 public:
  void fill(MutableBytes out) override {
    for (std::uint8_t& octet : out) octet = ++last_;
  }

 private:
  std::uint8_t last_ = 0;
};

class NoTrace final : public Trace {
 public:
  void record(const TraceRecord&) override {}
};

inline ProfilePointer profile_with_one_key(Policy policy = Policy::must_secure) {
  auto profile = std::make_shared<Profile>();
  profile->macsec.cipher_suites = {CipherSuite::gcm_aes_128};
  profile->macsec.policy = policy;
  PreSharedKey& key = profile->keys.emplace_back();
  key.ckn = Ckn::from_hex("abcd").value();
  std::ranges::fill(key.cak.allocate(16), std::uint8_t{0x11});
  return profile;
}

inline Sci sci_of(std::uint8_t last) { return Sci::of({{2, 0, 0, 0, 0, last}}, 1); }

/// The surroundings of one member.
struct Rig {
  explicit Rig(std::uint8_t last = 1) {
    context.link = {.present = true, .carrier = true, .mac = {{2, 0, 0, 0, 0, last}}, .sci = sci_of(last)};
  }
  KeepingSecy secy;
  CountingRandom random;
  NoTrace trace;
  Context context{.secy = secy,
                  .random = random,
                  .trace = trace,
                  .profile = profile_with_one_key(),
                  .link = {},
                  .counters = {},
                  .frames = {},
                  .events = {}};
  Time now{1'000s};

  [[nodiscard]] std::size_t events(Event::Kind kind) const {
    return static_cast<std::size_t>(std::ranges::count(context.events, kind, &Event::kind));
  }
};

}  // namespace macsec::core
