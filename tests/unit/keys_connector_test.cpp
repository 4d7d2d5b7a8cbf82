// SPDX-License-Identifier: LGPL-2.1-or-later
/// Which of several addresses of a key server is spoken to, where some are silent and some refuse.
#include "dbus/bus/callback.hpp"
#include "plugin/keys/connector.hpp"

#include <arpa/inet.h>
#include <cstring>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <optional>
#include <unistd.h>

namespace macsec::keys {
namespace {

using namespace std::chrono_literals;

/// A port on one of the addresses of this host.
class Listener {
 public:
  explicit Listener(const char* address, int backlog = 4)
      : socket_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)} {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    ::inet_pton(AF_INET, address, &at.sin_addr);
    socklen_t size = sizeof at;
    EXPECT_EQ(::bind(socket_.get(), reinterpret_cast<sockaddr*>(&at), size), 0);
    EXPECT_EQ(::getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&at), &size), 0);
    std::memcpy(&address_.storage, &at, sizeof at);
    address_.size = size;
    if (backlog >= 0) {
      EXPECT_EQ(::listen(socket_.get(), backlog), 0);
    }
  }
  /// As one behind a filter: nobody takes what comes, and the kernel drops the rest.
  void fill() {
    for (int i = 0; i < 8; ++i) {
      auto& guest = guests_.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
      ::connect(guest.get(), reinterpret_cast<const sockaddr*>(&address_.storage), address_.size);
    }
  }
  [[nodiscard]] const SocketAddress& address() const { return address_; }

 private:
  FileDescriptor socket_;
  SocketAddress address_;
  std::vector<FileDescriptor> guests_;
};

struct Outcome {
  std::optional<std::string> peer;  ///< address that was connected to
  std::string error;
  std::chrono::milliseconds took{};
};

class Connections : public ::testing::Test {
 protected:
  Connections() { EXPECT_GE(sd_event_new(&event_), 0); }
  ~Connections() override { sd_event_unref(event_); }

  Outcome connect(std::vector<SocketAddress> addresses) {
    Outcome out;
    bool done = false;
    Connector connector{event_, [&](Result<FileDescriptor> socket) {
                          done = true;
                          if (!socket) {
                            out.error = socket.error().message;
                            return;
                          }
                          sockaddr_in peer{};
                          socklen_t size = sizeof peer;
                          EXPECT_EQ(::getpeername(socket->get(), reinterpret_cast<sockaddr*>(&peer), &size), 0);
                          out.peer = ::inet_ntoa(peer.sin_addr);
                        }};
    const auto began = std::chrono::steady_clock::now();
    connector.begin(std::move(addresses));
    while (!done && std::chrono::steady_clock::now() < began + 5s) sd_event_run(event_, 100'000);
    EXPECT_TRUE(done);
    out.took = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - began);
    return out;
  }

  sd_event* event_ = nullptr;
};

TEST_F(Connections, GoToTheFirstAddressThatAnswers) {
  const Listener first{"127.0.0.2"};
  const Listener second{"127.0.0.3"};
  EXPECT_EQ(connect({first.address(), second.address()}).peer, "127.0.0.2");
}

TEST_F(Connections, GoToTheNextAddressWhereOneIsSilent) {
  Listener silent{"127.0.0.2", 0};
  silent.fill();
  Listener silent_too{"127.0.0.4", 0};
  silent_too.fill();
  const Listener good{"127.0.0.3"};
  const Outcome outcome = connect({silent.address(), silent_too.address(), good.address()});
  EXPECT_EQ(outcome.peer, "127.0.0.3") << outcome.error;
  EXPECT_LT(outcome.took, 3s);
}

TEST_F(Connections, GoToTheNextAddressAtOnceWhereOneRefuses) {
  const Listener closed{"127.0.0.2", -1};
  const Listener good{"127.0.0.3"};
  const Outcome outcome = connect({closed.address(), good.address()});
  EXPECT_EQ(outcome.peer, "127.0.0.3") << outcome.error;
}

TEST_F(Connections, FailInTheWordsOfTheLastAddress) {
  const Listener closed{"127.0.0.2", -1};
  const Listener closed_too{"127.0.0.3", -1};
  const Outcome outcome = connect({closed.address(), closed_too.address()});
  EXPECT_EQ(outcome.peer, std::nullopt);
  EXPECT_NE(outcome.error.find("refused"), std::string::npos) << outcome.error;
}

}  // namespace
}  // namespace macsec::keys
