// SPDX-License-Identifier: LGPL-2.1-or-later
/// A key of many ports goes at all of them or at none, and who cannot be asked keeps it only where nobody can.
#include "dbus/server/key_ports.hpp"

#include <cerrno>
#include <gtest/gtest.h>

namespace macsec::bus {
namespace {

using core::KeyState;
using core::Retirement;
using Ports = std::vector<KeyPort>;
using Indices = std::vector<std::size_t>;

KeyPort ready(const std::string& name) {
  return {.name = name, .key = {.ckn = {}, .state = KeyState::active, .had_peer = true, .mi = {}, .peers = {}}};
}

/// Its peer does not use the other key yet, but will where this one is drained.
KeyPort early(const std::string& name) {
  KeyPort port = ready(name);
  port.key.blocker = "not for 6 s yet";
  return port;
}

/// A peer has no other key.
KeyPort needed(const std::string& name) {
  KeyPort port = ready(name);
  port.key.blocker = "a peer is not live under the other key";
  port.key.hopeless = true;
  return port;
}

KeyPort unplugged(const std::string& name) {
  KeyPort port = needed(name);
  port.key.blocker = "no peer is live";
  port.carrier = false;
  return port;
}

/// Nobody was ever live under the key.
KeyPort unused(const std::string& name) {
  KeyPort port = ready(name);
  port.key.had_peer = false;
  return port;
}

KeyPort retired(const std::string& name) {
  KeyPort port = ready(name);
  port.key.state = KeyState::retired;
  return port;
}

class KeyPorts : public ::testing::Test {
 protected:
  Result<std::size_t> begin(const Ports& ports, Retirement how = Retirement::when_proved) {
    return begin_everywhere(ports, how,
                            {.retire = [this](std::size_t port) -> Result<void> {
                               if (port == refuses) return fail(refusal, "refused");
                               begun.push_back(port);
                               return {};
                             },
                             .keep = [this](std::size_t port) { std::erase(begun, port); }});
  }
  static std::string names(const Ports& ports, Retirement how = Retirement::when_proved) {
    std::string out;
    for (const KeyPort& port : ports)
      if (is_left_out(port, ports, how)) out += port.name;
    return out;
  }

  Indices begun;
  std::optional<std::size_t> refuses;
  int refusal = EBUSY;
};

TEST_F(KeyPorts, AllBeginWhereAllProveItOrWill) {
  EXPECT_EQ(begin({ready("a"), early("b"), unused("c")}), 3U);
  EXPECT_EQ(begun, (Indices{0, 1, 2}));
}

TEST_F(KeyPorts, NoneBeginsWhereOneWouldLoseAPeer) {
  const auto done = begin({ready("a"), needed("b"), needed("c")});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, EBUSY);
  EXPECT_EQ(done.error().message, "b: a peer is not live under the other key");
  EXPECT_TRUE(begun.empty());
}

TEST_F(KeyPorts, AllStopWhereOneCannotBegin) {
  refuses = 2;
  const auto done = begin({ready("a"), ready("b"), ready("c"), ready("d")});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().message, "c: refused");
  EXPECT_TRUE(begun.empty()) << "those before are taken back, those behind are not asked";
}

TEST_F(KeyPorts, APortThatIsWithoutTheKeyKeepsNoOther) {
  refuses = 0;
  refusal = ENOENT;
  EXPECT_EQ(begin({retired("a"), ready("b")}), 1U);
  EXPECT_EQ(begun, Indices{1});
  begun.clear();
  EXPECT_EQ(begin({retired("a")}), 0U);
}

TEST_F(KeyPorts, PatienceAsksNobodyFirst) {
  EXPECT_EQ(begin({ready("a"), needed("b")}, Retirement::patient), 2U);
  EXPECT_EQ(begun, (Indices{0, 1}));
}

TEST_F(KeyPorts, OneWithoutCarrierIsLeftOutWhereAnotherProvesIt) {
  const Ports ports{unplugged("a"), ready("b"), unplugged("c")};
  EXPECT_EQ(names(ports), "ac");
  EXPECT_EQ(begin(ports), 1U);
  EXPECT_EQ(begun, Indices{1});
  EXPECT_EQ(names({unplugged("a"), retired("b")}), "a");
  EXPECT_EQ(names({unplugged("a"), early("b")}), "a");
  KeyPort never = unused("a");
  never.carrier = false;
  EXPECT_EQ(names({never, ready("b")}), "") << "which is ready by itself";
}

TEST_F(KeyPorts, OneWithoutCarrierKeepsTheKeyWhereNobodyProvesAnything) {
  const auto done = begin({unused("a"), unplugged("b")});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().message, "b: no peer is live");
  EXPECT_FALSE(begin({unplugged("a"), unplugged("b")}));
  EXPECT_FALSE(begin({unplugged("")})) << "nor does the only port of a profile";
  EXPECT_TRUE(begun.empty());
}

TEST_F(KeyPorts, OneWithoutCarrierExcusesNoneWithCarrier) {
  KeyPort silent = unplugged("b");
  silent.carrier = true;
  const auto done = begin({unplugged("a"), silent, ready("c")});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().message, "b: no peer is live");
}

TEST_F(KeyPorts, PatienceLeavesOutWhatHasNoCarrier) {
  EXPECT_EQ(names({unplugged("a"), needed("b")}, Retirement::patient), "a");
  EXPECT_EQ(names({unplugged("a")}, Retirement::patient), "");
}

}  // namespace
}  // namespace macsec::bus
