// SPDX-License-Identifier: LGPL-2.1-or-later
/// What the tests of the SecY adapter on a real kernel share: the namespaces "one" and "two" with a cable between their
/// eth0, made anew for each test by scenarios/secy.py.
#pragma once

#include "engine/adapters/netlink/link_monitor.hpp"
#include "engine/adapters/netlink/netlink_secy.hpp"

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <memory>
#include <poll.h>
#include <sched.h>
#include <string>

namespace macsec::os::probe {

inline constexpr std::uint8_t oper_dormant = 5;
inline constexpr std::uint8_t oper_up = 6;

/// One host: its kernel, its links.
class Host {
 public:
  explicit Host(std::string name) : name_{std::move(name)} {
    const FileDescriptor here{::open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC)};
    enter();
    auto kernel = MacsecKernel::open();
    auto links = LinkMonitor::open([this](const LinkChange& change) { on_change(change); });
    static_cast<void>(::setns(here.get(), CLONE_NEWNET));
    if (!kernel) throw std::runtime_error{kernel.error().message};
    if (!links) throw std::runtime_error{links.error().message};
    kernel_ = std::move(*kernel);
    links_ = std::move(*links);
  }

  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  /// This process is on the host from here on: what a driver says of itself is asked where one is.
  void enter() const {
    const FileDescriptor there{::open(("/run/netns/" + name_).c_str(), O_RDONLY | O_CLOEXEC)};
    if (::setns(there.get(), CLONE_NEWNET) != 0) throw std::runtime_error{"no namespace " + name_};
  }

  MacsecKernel& kernel() { return *kernel_; }
  LinkMonitor& links() { return *links_; }
  /// Called when a function here takes changes of links in.
  std::function<void(const LinkChange&)> on_change = [](const LinkChange&) {};

  /// A command in the namespace; its exit status.
  int run(const std::string& command) const {
    return std::system(("ip netns exec " + name_ + " sh -c '" + command + "' >&2").c_str());
  }
  /// A command's output.
  std::string output(const std::string& command) const {
    const std::unique_ptr<FILE, Releases<::pclose>> pipe{
        ::popen(("ip netns exec " + name_ + " " + command).c_str(), "r")};
    std::string all;
    std::array<char, 512> part{};
    while (std::fgets(part.data(), static_cast<int>(part.size()), pipe.get()) != nullptr) all += part.data();
    return all;
  }

  /// The link as the kernel has it now.
  const Link& link(const std::string& name = "macsec0") {
    if (auto done = links_->process(); !done) throw std::runtime_error{done.error().message};
    const Link* const found = links_->find(name);
    if (found == nullptr) throw std::runtime_error{"no link " + name};
    return *found;
  }
  bool has_link(const std::string& name) { return links_->process().has_value() && links_->find(name) != nullptr; }
  /// False when `condition` does not come true within ten seconds.
  template <typename Condition>
  bool wait(const std::string& name, Condition condition) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{10};
    while (!has_link(name) || !condition(link(name))) {
      const auto left =
          std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
      pollfd events{.fd = links_->fd(), .events = POLLIN, .revents = 0};
      if (left.count() <= 0 || ::poll(&events, 1, static_cast<int>(left.count())) <= 0) return false;
    }
    return true;
  }
  bool wait_operstate(std::uint8_t operstate, const std::string& name = "macsec0") {
    return wait(name, [operstate](const Link& link) { return link.operstate == operstate; });
  }

  bool ping(const std::string& address) const { return run("ping -q -c 1 -W 2 " + address) == 0; }

 private:
  std::string name_;
  std::unique_ptr<MacsecKernel> kernel_;
  std::unique_ptr<LinkMonitor> links_;
};

inline SecyDevice device() {
  SecyDevice out;
  out.parent = "eth0";
  out.interface = "macsec0";
  out.parameters.replay_window = 0;
  return out;
}

inline SaKey make_key(CipherSuite suite, unsigned number) {
  SaKey key;
  key.id = {.server = {{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}}, .number = number};
  const MutableBytes octets = key.key.allocate(sak_size(suite));
  for (std::size_t i = 0; i < octets.size(); ++i) octets[i] = static_cast<std::uint8_t>(i * 7 + number);
  key.salt = {9, 8, 7};
  return key;
}

#define ASSERT_DONE(expression)                              \
  do {                                                       \
    const auto done_ = (expression);                         \
    ASSERT_TRUE(done_.has_value()) << done_.error().message; \
  } while (false)

#define EXPECT_REFUSED(expression, errno_value)                                \
  [&] {                                                                        \
    const auto refused_ = (expression);                                        \
    EXPECT_FALSE(refused_.has_value());                                        \
    if (refused_.has_value()) return std::string{};                            \
    EXPECT_EQ(refused_.error().code, errno_value) << refused_.error().message; \
    std::fprintf(stderr, "# says: %s\n", refused_.error().message.c_str());    \
    return refused_.error().message;                                           \
  }()

class SecyTest : public testing::Test {
 protected:
  /// Both ends with one key at `an`, in the order that loses nothing.
  static void install(NetlinkSecy& left, NetlinkSecy& right, An an, const SaKey& key) {
    ASSERT_DONE(left.install_receive_sa(right.sci(), an, key, 1, 2));
    ASSERT_DONE(right.install_receive_sa(left.sci(), an, key, 1, 1));
    ASSERT_DONE(left.install_transmit_sa(an, key, 1));
    ASSERT_DONE(right.install_transmit_sa(an, key, 2));
    ASSERT_DONE(left.transmit_with(an));
    ASSERT_DONE(right.transmit_with(an));
  }
  void secure(NetlinkSecy& left, NetlinkSecy& right, CipherSuite suite) {
    ASSERT_DONE(left.create_receive_sc(right.sci()));
    ASSERT_DONE(right.create_receive_sc(left.sci()));
    install(left, right, An{0}, make_key(suite, 1));
    ASSERT_DONE(left.set_controlled_port(ControlledPort::up));
    ASSERT_DONE(right.set_controlled_port(ControlledPort::up));
    one_.run("ip addr add 10.0.0.1/24 dev macsec0");
    two_.run("ip addr add 10.0.0.2/24 dev macsec0");
  }

  Host one_{"one"};
  Host two_{"two"};
};

}  // namespace macsec::os::probe
