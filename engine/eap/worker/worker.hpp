// SPDX-License-Identifier: LGPL-2.1-or-later
/// What macsec-eap does with the daemon's messages: keeps profiles, holds conversations and TLS connections. It knows no socket.
#pragma once

#include "engine/config/eap_profile.hpp"
#include "engine/eap/peer.hpp"
#include "engine/eap/worker/lane.hpp"
#include "engine/eap/worker/tls_stream.hpp"
#include "engine/wire/eap_worker.hpp"

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
    Random* random = nullptr;  ///< outlives the worker; also from threads
  };
  static constexpr std::size_t most_profiles = 8192;
  static constexpr std::size_t most_conversations = 8192;
  static constexpr std::size_t most_streams = 1024;

  explicit Worker(Surroundings surroundings) : around_{std::move(surroundings)} {}
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  /// A message of the daemon. False where no daemon would send it: it is not to be listened to any more.
  [[nodiscard]] bool take(const WorkerMessage& message);

  /// A token hangs and nothing else runs: only another process gets rid of the threads that wait for it.
  [[nodiscard]] bool only_hangs() const;

 private:
  struct Profile {
    std::shared_future<Loaded> loaded;
    std::shared_ptr<LaneGroup> token;  ///< where its key is in one: signatures may take long
    std::unique_ptr<Lane> lane;        ///< while it is loaded from a token
    std::uint64_t generation = 0;
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
  [[nodiscard]] std::shared_ptr<LaneGroup> token_of(const EapProfile& profile);
  void load(std::uint32_t number, EapProfile profile);
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
  std::map<std::string, std::weak_ptr<LaneGroup>> tokens_;  ///< by what their URIs say before the "?"
  std::optional<Parts> parts_;
  std::uint64_t generation_ = 0;
};

}  // namespace macsec::eap
