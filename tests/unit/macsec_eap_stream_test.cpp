// SPDX-License-Identifier: LGPL-2.1-or-later
// TLS connections to RADIUS servers in the real macsec-eap: what goes in and comes out, who is refused, and their end.
#include "engine/adapters/radius_connection.hpp"
#include "tests/eap/tls_server.hpp"
#include "tests/eap/worker_process.hpp"
#include "tests/unit/worker_link.hpp"

#include <csignal>
#include <ctime>

namespace macsec::os {
namespace {

using Octets = std::vector<std::uint8_t>;

/// Certificates that are valid by the clock of this host, which macsec-eap reads.
struct Present {
  test::CertificateWish wish(const std::string& name, const std::string& use, bool signs = false) const {
    const std::int64_t now = std::time(nullptr);
    return {.common_name = name,
            .alternative_names = signs ? std::string{} : "DNS:" + name,
            .use = use,
            .authority = signs,
            .not_before = now - 2 * test::day,
            .not_after = now + 2 * test::day};
  }
  test::Issued authority = test::issue(wish("Lab CA", "", true));
  test::Issued server = test::issue(wish("radius.example.org", "serverAuth"), &authority);
  test::Issued client = test::issue(wish("switch.example.org", "clientAuth"), &authority);
};

const Present& lab() {
  static const Present made;
  return made;
}

EapSource pem(const std::string& text) { return {EapSource::Kind::octets, {}, WipedText{text}}; }

RadiusServer radius_server() {
  RadiusServer out;
  out.transport = RadiusTransport::tls;
  out.ca_certificates.push_back(pem(lab().authority.certificate_pem()));
  out.server_names = {"radius.example.org"};
  out.client_certificate = pem(lab().client.certificate_pem());
  out.private_key = pem(lab().client.key_pem());
  return out;
}

class MacsecEapStream : public WorkerLink {
 protected:
  void SetUp() override {
    process_.start();
    WorkerLink::SetUp();
  }
  /// Connects to a server until it and we agree, or we give up.
  void connect(const RadiusServer& settings, int version = TLS1_3_VERSION) {
    test::TlsServerSettings of_server;
    of_server.identity = &lab().server;
    of_server.client_authority = lab().authority.certificate.get();
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
    connect(radius_server(), version);
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
  RadiusServer settings = radius_server();
  settings.server_names = {"other.example.org"};
  connect(settings);
  ASSERT_TRUE(has(WorkerKind::failure));
  EXPECT_NE(find(WorkerKind::failure)->words.find("other.example.org"), std::string::npos)
      << find(WorkerKind::failure)->words;
  EXPECT_FALSE(has(WorkerKind::established));
}

TEST_F(MacsecEapStream, SaysWhichFileIsMissing) {
  RadiusServer settings = radius_server();
  settings.private_key = {EapSource::Kind::file, "/nonexistent/switch.key", {}};
  connect(settings);
  ASSERT_TRUE(has(WorkerKind::failure));
  EXPECT_NE(find(WorkerKind::failure)->words.find("/nonexistent/switch.key"), std::string::npos);
}

TEST_F(MacsecEapStream, EndsWithWordsOnlyWhereTlsHasSome) {
  connect(radius_server());
  worker_->finish_stream(stream_);
  ASSERT_TRUE(wait([this] { return has(WorkerKind::failure); }));
  EXPECT_EQ(find(WorkerKind::failure)->words, "");
}

TEST_F(MacsecEapStream, NothingIsToldOfOneThatIsClosed) {
  connect(radius_server());
  const core::EapConversation closed = stream_;
  worker_->close_stream(closed);
  connect(radius_server());
  for (const StreamSaid& each : streams_) EXPECT_FALSE(each.stream == closed && each.kind == WorkerKind::failure);
}

TEST_F(MacsecEapStream, TheEndOfMacsecEapIsToldToEach) {
  connect(radius_server());
  process_.kill(SIGKILL);
  ASSERT_TRUE(wait([this] { return has(WorkerKind::failure); }));
  EXPECT_NE(find(WorkerKind::failure)->words.find("macsec-eap"), std::string::npos);
}

}  // namespace
}  // namespace macsec::os
