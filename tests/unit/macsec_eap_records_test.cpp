// SPDX-License-Identifier: LGPL-2.1-or-later
// Records of sessions over TLS by the real macsec-eap: what is said last leaves before the process ends.
#include "engine/adapters/radius_ports.hpp"
#include "engine/adapters/system/os_random.hpp"
#include "tests/eap/worker_process.hpp"
#include "tests/unit/radsec_server.hpp"
#include "tests/unit/worker_link.hpp"

namespace macsec::os {
namespace {

using Records = std::vector<std::uint8_t>;

class MacsecEapRecords : public WorkerLink {
 protected:
  void SetUp() override {
    process_.start();
    WorkerLink::SetUp();
    on_stream_ = [this](const EapWorker::StreamReport& report) { tls_.on_report(report); };
    on_drained_ = [this] { tls_.on_drained(); };
    auto made = std::make_shared<Profile>();
    made->name = "one";
    Profile::Pae& pae = made->pae.emplace(Profile::Pae{});
    pae.role = PaeRole::authenticator;
    RadiusServer& server = pae.servers.emplace_back(radsec_settings());
    server.address = "127.0.0.1";
    server.port = server.accounting_port = server_.port();
    ports_.set(made);
    ASSERT_TRUE(wait([this] { return server_.records == Records{7}; })) << "Accounting-On";
  }
  /// How long the end of the process is put off once the last port is gone.
  Duration ended() {
    ports_.drop("one", true);
    bool done = false;
    const Time begin = boot_time();
    ports_.finish([&done] { done = true; });
    EXPECT_TRUE(wait([&done] { return done; }));
    return boot_time() - begin;
  }

  test::WorkerProcess process_{path()};
  RadsecServer server_{loop_};
  TlsStreams tls_{[this] { return worker_.get(); }};
  Journal journal_{LogLevel::error};
  OsRandom random_;
  RadiusPorts ports_{loop_,
                     tls_,
                     journal_,
                     random_,
                     {.report = [](const std::string&, core::RadiusReport&&) {},
                      .changed = [](const std::string&) {},
                      .hear = [](bool) { return Result<void>{}; },
                      .counters = [](const std::string&) { return Result<SecyCounters>{SecyCounters{}}; }}};
};

TEST_F(MacsecEapRecords, TheLastOneLeavesBeforeTheEnd) {
  EXPECT_LT(ended(), RadiusPorts::farewell);
  EXPECT_EQ(server_.records, (Records{7, 8}));
}

TEST_F(MacsecEapRecords, AServerThatDoesNotAnswerPutsOffTheEndByASecond) {
  server_.silent = true;
  const Duration took = ended();
  EXPECT_GE(took, RadiusPorts::farewell);
  EXPECT_LT(took, 10 * RadiusPorts::farewell);
  EXPECT_EQ(server_.records, (Records{7, 8}));
}

TEST_F(MacsecEapRecords, WithoutMacsecEapNothingIsWaitedFor) {
  process_.kill(SIGKILL);
  ASSERT_TRUE(wait([this] { return lost_ > 0; }));
  EXPECT_LT(ended(), RadiusPorts::farewell);
}

}  // namespace
}  // namespace macsec::os
