// SPDX-License-Identifier: LGPL-2.1-or-later
// Ports that share one macsec-eap: which conversation is whose, what a lost process costs, and what a profile's change sends.
#include "engine/adapters/eap_ports.hpp"
#include "tests/temporary_directory.hpp"
#include "tests/unit/other_end.hpp"

namespace macsec::os {
namespace {

using Kind = core::EapReport::Kind;
using Ask = core::EapCommand::Kind;
using Octets = std::vector<std::uint8_t>;

class EapPortsTest : public testing::Test {
 protected:
  struct Reported {
    std::string name;
    Kind kind;
    core::EapConversation conversation;
    Octets packet;
    friend bool operator==(const Reported&, const Reported&) = default;
  };
  static ProfilePointer profile(const std::string& name, const std::string& identity = "host",
                                const std::string& parent = "eth0") {
    auto out = std::make_shared<Profile>();
    out->name = name;
    out->link.parent = parent;
    out->pae.emplace().eap.methods = {EapType::tls};
    out->pae->eap.identity = identity;
    return out;
  }
  void ask(const std::string& name, Ask kind, core::EapConversation conversation, const Octets& packet = {}) {
    ports_.ask(name, {.kind = kind, .conversation = conversation, .mtu = 1400, .packet = packet});
  }
  template <typename Done>
  bool wait(Done done) {
    const Time end = boot_time() + std::chrono::seconds{20};
    bool reached = done();
    for (; !reached && boot_time() < end; reached = done())
      static_cast<void>(loop_.run_once(std::min(end, boot_time() + std::chrono::milliseconds{20})));
    return reached;
  }
  /// The next message, which has to be of this kind.
  Got take(WorkerKind kind) {
    std::optional<Got> got;
    EXPECT_TRUE(wait([&] { return (got = other_.take()).has_value(); }));
    EXPECT_EQ(got->message.kind, kind);
    return std::move(*got);
  }
  /// Two ports, "a" and "b", with their profiles sent and taken.
  void establish() {
    ports_.set(profile("a"));
    ports_.set(profile("b"));
    ASSERT_TRUE(wait([this] { return other_.accept(); }));
    a_ = take(WorkerKind::profile).message.profile;
    b_ = take(WorkerKind::profile).message.profile;
    EXPECT_NE(a_, b_);
  }
  /// As macsec-eap numbers it.
  std::uint64_t begin(const std::string& name, core::EapConversation conversation) {
    ask(name, Ask::begin, conversation);
    const Got got = take(WorkerKind::begin);
    EXPECT_EQ(got.message.profile, name == "a" ? a_ : b_);
    return got.message.conversation;
  }

  test::TemporaryDirectory directory_;
  EventLoop loop_ = std::move(*EventLoop::open());
  Journal journal_{LogLevel::error};
  OtherEnd other_{(directory_.path() / "eap").string()};
  std::vector<Reported> reported_;
  std::vector<std::pair<std::string, EapProblem>> loaded_;
  std::vector<bool> asked_;
  std::vector<bool> heard_;
  std::uint32_t a_ = 0;
  std::uint32_t b_ = 0;
  EapPorts ports_{loop_,
                  journal_,
                  {.report =
                       [this](const std::string& name, core::EapReport&& report) {
                         reported_.push_back({name, report.kind, report.conversation, std::move(report.packet)});
                       },
                   .loaded =
                       [this](const std::string& name, const EapVerdict& verdict, bool asked) {
                         loaded_.emplace_back(name, verdict.problem);
                         asked_.push_back(asked);
                       },
                   .hear = [this](bool on) -> Result<void> {
                     heard_.push_back(on);
                     return {};
                   }},
                  (directory_.path() / "eap").string()};
};

TEST_F(EapPortsTest, EachPortHearsOfItsOwnConversationByItsOwnNumber) {
  establish();
  const std::uint64_t of_a = begin("a", 1);
  const std::uint64_t of_b = begin("b", 1);
  ASSERT_NE(of_a, of_b);
  ask("b", Ask::request, 1, {1, 2});
  EXPECT_EQ(take(WorkerKind::request).message.conversation, of_b);
  other_.send({.kind = WorkerKind::response, .conversation = of_b, .body = Octets{7}});
  other_.send({.kind = WorkerKind::response, .conversation = of_a, .body = Octets{8}});
  ASSERT_TRUE(wait([this] { return reported_.size() == 2; }));
  EXPECT_EQ(reported_[0], (Reported{"b", Kind::response, 1, {7}}));
  EXPECT_EQ(reported_[1], (Reported{"a", Kind::response, 1, {8}}));
  other_.send_verdict(WorkerKind::failure, 0, of_a, EapProblem::timeout);
  ASSERT_TRUE(wait([this] { return reported_.size() == 3; }));
  EXPECT_EQ(reported_[2], (Reported{"a", Kind::failure, 1, {}}));
  // It is over: what the port says of it goes nowhere.
  ask("a", Ask::request, 1, {3});
  ask("a", Ask::end, 1);
  ask("b", Ask::end, 1);
  EXPECT_EQ(take(WorkerKind::end).message.conversation, of_b);
}

TEST_F(EapPortsTest, TheEndOfMacsecEapIsToldToEachAndTheNextOneGetsAllProfiles) {
  establish();
  static_cast<void>(begin("a", 4));
  static_cast<void>(begin("b", 9));
  other_.hang_up();
  ASSERT_TRUE(wait([this] { return reported_.size() == 2; }));
  EXPECT_EQ(reported_[0], (Reported{"a", Kind::lost, 4, {}}));
  EXPECT_EQ(reported_[1], (Reported{"b", Kind::lost, 9, {}}));
  ASSERT_TRUE(wait([this] { return other_.accept(); }));
  EXPECT_EQ(take(WorkerKind::profile).message.profile, a_);
  EXPECT_EQ(take(WorkerKind::profile).message.profile, b_);
  // Numbers begin where they were: an answer of the process before meets nobody.
  EXPECT_GT(begin("b", 10), 2U);
}

TEST_F(EapPortsTest, AProfileIsSentAgainWhereItsCredentialsDiffer) {
  establish();
  const std::uint64_t running = begin("a", 1);
  ports_.set(profile("a", "host", "eth9"));
  ports_.set(profile("a", "another"));
  const Got got = take(WorkerKind::profile);
  EXPECT_EQ(got.message.profile, a_);
  const std::optional<EapProfile> sent = read_eap_profile(got.body);
  ASSERT_TRUE(sent);
  EXPECT_EQ(sent->identity, "another");
  // What runs goes on with what it began with.
  other_.send({.kind = WorkerKind::response, .conversation = running, .body = Octets{7}});
  ASSERT_TRUE(wait([this] { return !reported_.empty(); }));
  EXPECT_EQ(reported_[0], (Reported{"a", Kind::response, 1, {7}}));
  other_.send_verdict(WorkerKind::loaded, a_, 0, EapProblem::profile);
  other_.send_verdict(WorkerKind::loaded, b_, 0, EapProblem::none);
  ASSERT_TRUE(wait([this] { return loaded_.size() == 2; }));
  EXPECT_EQ(loaded_[0], (std::pair{std::string{"a"}, EapProblem::profile}));
  EXPECT_EQ(loaded_[1], (std::pair{std::string{"b"}, EapProblem::none}));
}

// A certificate that was renewed has the same name.
TEST_F(EapPortsTest, AReloadHasMacsecEapReadFilesOfProfilesThatAreTheSame) {
  establish();
  other_.send_verdict(WorkerKind::loaded, a_, 0, EapProblem::none);
  ASSERT_TRUE(wait([this] { return loaded_.size() == 1; }));
  ports_.read_again();
  EXPECT_EQ(take(WorkerKind::profile).message.profile, a_);
  EXPECT_EQ(take(WorkerKind::profile).message.profile, b_);
  for (const std::uint32_t number : {a_, b_, a_}) other_.send_verdict(WorkerKind::loaded, number, 0, EapProblem::none);
  ASSERT_TRUE(wait([this] { return loaded_.size() == 4; }));
  EXPECT_EQ(asked_, (std::vector<bool>{false, true, true, false})) << "each once";
}

TEST_F(EapPortsTest, APortThatGoesTakesItsConversationsAndProfileAlong) {
  establish();
  const std::uint64_t of_a = begin("a", 1);
  const std::uint64_t of_b = begin("b", 1);
  ports_.drop("a");
  EXPECT_EQ(take(WorkerKind::end).message.conversation, of_a);
  const Got gone = take(WorkerKind::profile);
  EXPECT_EQ(gone.message.profile, a_);
  EXPECT_TRUE(gone.body.empty());
  other_.send({.kind = WorkerKind::response, .conversation = of_a, .body = Octets{7}});
  other_.send({.kind = WorkerKind::response, .conversation = of_b, .body = Octets{8}});
  ASSERT_TRUE(wait([this] { return !reported_.empty(); }));
  EXPECT_EQ(reported_[0], (Reported{"b", Kind::response, 1, {8}}));
  EXPECT_TRUE(heard_.back());
  // Its profile loses [8021X]: the same as if it went.
  auto plain = std::make_shared<Profile>();
  plain->name = "b";
  ports_.set(plain);
  EXPECT_EQ(take(WorkerKind::end).message.conversation, of_b);
  EXPECT_EQ(take(WorkerKind::profile).message.profile, b_);
  EXPECT_FALSE(heard_.back());
}

}  // namespace
}  // namespace macsec::os
