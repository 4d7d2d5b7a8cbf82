// SPDX-License-Identifier: LGPL-2.1-or-later
// TLS connections to RADIUS servers in the real macsec-eap: what goes in and comes out, who is refused, and their end.
#include "engine/adapters/radius_connection.hpp"
#include "tests/eap/worker_process.hpp"
#include "tests/unit/radsec_server.hpp"
#include "tests/unit/worker_link.hpp"

#include <csignal>
#include <netinet/in.h>
#include <sys/socket.h>

namespace macsec::os {
namespace {

using Octets = std::vector<std::uint8_t>;

class MacsecEapStream : public WorkerLink {
 protected:
  void SetUp() override {
    process_.start();
    WorkerLink::SetUp();
  }
  /// Connects to a server until it and we agree, or we give up.
  void connect(const RadiusServer& settings, int version = TLS1_3_VERSION) {
    test::TlsServerSettings of_server;
    of_server.identity = &radsec_lab().server;
    of_server.client_authority = radsec_lab().authority.certificate.get();
    of_server.minimum = of_server.maximum = version;
    context_.emplace(of_server);
    server_.emplace(*context_);
    worker_->set_profile(1, tls_profile_of(settings));
    worker_->open_stream(1, ++stream_);
    ASSERT_TRUE(wait([this] {
      carry();
      return has(WorkerKind::failure) || (has(WorkerKind::established) && server_->established());
    }));
  }
  /// What macsec-eap said goes to the server, and the server's answer back.
  void carry() {
    for (; taken_ < streams_.size(); ++taken_)
      if (streams_[taken_].kind == WorkerKind::sealed) server_->feed(streams_[taken_].octets);
    if (const Octets back = server_->take_output(); !back.empty()) worker_->carry(WorkerKind::records, stream_, back);
  }
  [[nodiscard]] bool has(WorkerKind kind) const { return find(kind) != nullptr; }
  [[nodiscard]] const StreamSaid* find(WorkerKind kind) const {
    for (const StreamSaid& each : streams_)
      if (each.stream == stream_ && each.kind == kind) return &each;
    return nullptr;
  }

  test::WorkerProcess process_{path()};
  std::optional<test::TlsServerContext> context_;
  std::optional<test::TlsServer> server_;
  core::EapConversation stream_ = 0;
  std::size_t taken_ = 0;
};

TEST_F(MacsecEapStream, CarriesPacketsBothWaysInBothVersions) {
  for (const auto& [version, name] : {std::pair{TLS1_2_VERSION, "TLSv1.2"}, {TLS1_3_VERSION, "TLSv1.3"}}) {
    connect(radsec_settings(), version);
    ASSERT_TRUE(has(WorkerKind::established)) << find(WorkerKind::failure)->words;
    const Octets& told = find(WorkerKind::established)->octets;
    EXPECT_EQ(std::string(told.begin(), told.end()), name);
    const Octets question(4096, 0x51);
    const Octets answer(4096, 0x61);
    worker_->carry(WorkerKind::text, stream_, question);
    Octets got;
    ASSERT_TRUE(wait([&] {
      carry();
      const Octets more = server_->take_received();
      got.insert(got.end(), more.begin(), more.end());
      return got.size() >= question.size();
    }));
    EXPECT_EQ(got, question);
    server_->write(answer);
    ASSERT_TRUE(wait([&] {
      carry();
      return has(WorkerKind::opened);
    }));
    EXPECT_EQ(find(WorkerKind::opened)->octets, answer);
  }
}

TEST_F(MacsecEapStream, RefusesAServerOfAnotherName) {
  RadiusServer settings = radsec_settings();
  settings.server_names = {"other.example.org"};
  connect(settings);
  ASSERT_TRUE(has(WorkerKind::failure));
  EXPECT_NE(find(WorkerKind::failure)->words.find("other.example.org"), std::string::npos)
      << find(WorkerKind::failure)->words;
  EXPECT_FALSE(has(WorkerKind::established));
}

TEST_F(MacsecEapStream, SaysWhichFileIsMissing) {
  RadiusServer settings = radsec_settings();
  settings.private_key = {EapSource::Kind::file, "/nonexistent/switch.key", {}};
  connect(settings);
  ASSERT_TRUE(has(WorkerKind::failure));
  EXPECT_NE(find(WorkerKind::failure)->words.find("/nonexistent/switch.key"), std::string::npos);
}

TEST_F(MacsecEapStream, EndsWithWordsOnlyWhereTlsHasSome) {
  connect(radsec_settings());
  worker_->finish_stream(stream_);
  ASSERT_TRUE(wait([this] { return has(WorkerKind::failure); }));
  EXPECT_EQ(find(WorkerKind::failure)->words, "");
}

TEST_F(MacsecEapStream, NothingIsToldOfOneThatIsClosed) {
  connect(radsec_settings());
  const core::EapConversation closed = stream_;
  worker_->close_stream(closed);
  connect(radsec_settings());
  for (const StreamSaid& each : streams_) EXPECT_FALSE(each.stream == closed && each.kind == WorkerKind::failure);
}

/// Whoever answers at a server's address, before anything of him was judged.
class Flood {
 public:
  Flood() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(::bind(listening_.get(), reinterpret_cast<const sockaddr*>(&address), size), 0);
    EXPECT_EQ(::listen(listening_.get(), 1), 0);
    EXPECT_EQ(::getsockname(listening_.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
    port_ = ntohs(address.sin_port);
  }
  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  /// As much as the other end takes now; octets so far.
  std::size_t pour() {
    if (!socket_) socket_ = FileDescriptor{::accept4(listening_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK)};
    const Octets block(65536, 0x16);
    while (socket_) {
      const ssize_t sent = ::send(socket_.get(), block.data(), block.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (sent <= 0) break;
      poured_ += static_cast<std::size_t>(sent);
    }
    return poured_;
  }

 private:
  FileDescriptor listening_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  FileDescriptor socket_;
  std::uint16_t port_ = 0;
  std::size_t poured_ = 0;
};

TEST_F(MacsecEapStream, AServerThatFloodsABusyWorkerCostsNobodyElseHisConversation) {
  Flood flood;
  RadiusServer settings = radsec_settings();
  settings.address = "127.0.0.1";
  settings.port = flood.port();
  TlsStreams streams{[this] { return worker_.get(); }};
  on_stream_ = [&](const EapWorker::StreamReport& report) { streams.on_report(report); };
  on_drained_ = [&] { streams.on_drained(); };
  const std::uint32_t profile = streams.add(tls_profile_of(settings));
  ASSERT_TRUE(wait([this] { return !loaded_.empty(); }));
  worker_->begin(profile, 7, 1400);  // a host's authentication, which macsec-eap does, too
  std::string why;
  auto opened = RadiusConnection::open(loop_, streams, profile, settings,
                                       {.established = [](const std::string&) {},
                                        .packet = [](Bytes) {},
                                        .ended = [&](core::RadiusProblem, const std::string& words) { why = words; }});
  ASSERT_TRUE(opened) << opened.error().message;
  process_.kill(SIGSTOP);
  std::size_t before = 0;
  // Until nothing moves any more for a while, or much more came than may wait.
  for (int still = 0; still < 50 && before < 4 * EapWorker::most_waiting; ++still) {
    static_cast<void>(loop_.run_once(boot_time() + std::chrono::milliseconds{5}));
    if (const std::size_t now = flood.pour(); now != before) before = now, still = 0;
  }
  EXPECT_GT(before, EapWorker::enough_waiting);
  EXPECT_LT(before, 4 * EapWorker::most_waiting);
  EXPECT_EQ(lost_, 0U);
  EXPECT_TRUE(worker_->connected());
  process_.kill(SIGCONT);
  ASSERT_TRUE(wait([&] { return !why.empty(); }));
  EXPECT_EQ(lost_, 0U);
  EXPECT_TRUE(reports_.empty()) << "the host's authentication goes on";
  on_stream_ = {};
  on_drained_ = {};
}

TEST_F(MacsecEapStream, TheEndOfMacsecEapIsToldToEach) {
  connect(radsec_settings());
  process_.kill(SIGKILL);
  ASSERT_TRUE(wait([this] { return has(WorkerKind::failure); }));
  EXPECT_NE(find(WorkerKind::failure)->words.find("macsec-eap"), std::string::npos);
}

}  // namespace
}  // namespace macsec::os
