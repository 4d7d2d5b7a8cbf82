// SPDX-License-Identifier: LGPL-2.1-or-later
/// What macsec-eap does with the daemon's messages: keeps profiles, holds conversations and TLS connections. It knows no socket.
#pragma once

#include "engine/base/time.hpp"
#include "engine/config/eap_profile.hpp"
#include "engine/eap/peer.hpp"
#include "engine/eap/worker/lane.hpp"
#include "engine/eap/worker/tls_stream.hpp"
#include "engine/wire/eap_worker.hpp"

#include <deque>
#include <functional>
#include <future>
#include <map>

namespace macsec::eap {

using Loaded = std::expected<std::shared_ptr<LoadedProfile>, EapVerdict>;

/// What a profile is worth: the problem it was refused for, or none and our own certificate.
[[nodiscard]] EapVerdict verdict_of(const Loaded& loaded);

class Worker {
 public:
  struct Surroundings {
    std::shared_ptr<Mailbox> mailbox;
    std::function<Loaded(EapProfile profile)> load;  ///< also from threads
    std::function<void(const WorkerMessage& message)> send;
    std::function<crypto::TlsClock()> clock;
    std::function<Time()> time;
    Random* random = nullptr;  ///< outlives the worker; also from threads
  };
  static constexpr std::size_t most_profiles = 8192;
  static constexpr std::size_t most_conversations = 8192;
  static constexpr std::size_t most_streams = 1024;
  /// A profile that could not be loaded is loaded again for a conversation, this long after the last time at the soonest: what it
  /// names may have come since.
  static constexpr Duration load_pause = std::chrono::seconds{5};

  explicit Worker(Surroundings surroundings) : around_{std::move(surroundings)} {}
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  /// A message of the daemon. False where no daemon would send it: it is not to be listened to any more.
  [[nodiscard]] bool take(const WorkerMessage& message);

  /// A token hangs and nothing else runs: only another process gets rid of the threads that wait for it.
  [[nodiscard]] bool only_hangs() const;

 private:
  /// A profile that waits for its token.
  struct Wish {
    std::uint32_t number = 0;
    std::uint64_t generation = 0;
    EapProfile profile;
    std::promise<Loaded> promise;
  };
  /// One token, which loads one profile after the other: many ports have the same key.
  struct Token {
    std::shared_ptr<LaneGroup> group = std::make_shared<LaneGroup>();
    std::deque<Wish> waiting;
    std::unique_ptr<Lane> lane;  ///< while one is loaded
  };
  struct Profile {
    std::shared_future<Loaded> loaded;
    std::shared_ptr<Token> token;  ///< where its key is in one: signatures may take long
    std::uint64_t generation = 0;
    WipedBuffer octets;  ///< the profile, while it is not loaded
    Time tried;          ///< when it was loaded last
  };
  struct Talk;
  struct Conversation {
    std::uint32_t profile = 0;
    std::shared_ptr<Talk> talk;
    std::unique_ptr<Lane> lane;  ///< where its signatures are a token's
  };
  /// A profile that comes in parts.
  struct Parts {
    std::uint32_t number = 0;
    WipedBuffer octets;
  };

  [[nodiscard]] bool take_profile(const WorkerMessage& message);
  [[nodiscard]] std::shared_ptr<Token> token_of(const EapProfile& profile);
  void load(std::uint32_t number, EapProfile profile);
  /// The next one that waits for this token.
  void load_next(const std::shared_ptr<Token>& token);
  void finish_load(std::uint32_t number, std::uint64_t generation, const EapVerdict& verdict);
  /// Loads again what failed a while ago.
  void refresh(std::uint32_t number, Profile& slot);
  void tell_loaded(std::uint32_t number, const EapVerdict& verdict);
  [[nodiscard]] bool begin(const WorkerMessage& message);
  void request(const WorkerMessage& message);
  void end(const WorkerMessage& message);
  /// TLS connections, which are numbered as conversations are.
  [[nodiscard]] bool open(const WorkerMessage& message);
  void carry(const WorkerMessage& message);
  void tell(std::uint64_t number, const TlsStream::Said& said);
  /// What a step has to say; nothing: not even that it ignored something.
  using Said = std::optional<PeerReply>;
  /// Does it in the loop, or in the conversation's lane.
  void run(std::uint64_t number, std::move_only_function<Said(Talk&)> step);
  void answer(std::uint64_t number, const PeerReply& reply);
  void refuse(std::uint64_t number, const EapVerdict& verdict);

  Surroundings around_;
  std::map<std::uint32_t, Profile> profiles_;
  std::map<std::uint64_t, Conversation> conversations_;
  std::map<std::uint64_t, TlsStream> streams_;
  std::map<std::string, std::weak_ptr<Token>> tokens_;  ///< by what their URIs say before the "?"
  std::optional<Parts> parts_;
  std::uint64_t generation_ = 0;
};

}  // namespace macsec::eap
