// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/eap/worker/worker.hpp"

#include <algorithm>

namespace macsec::eap {
namespace {

std::shared_future<Loaded> ready(Loaded loaded) {
  std::promise<Loaded> promise;
  promise.set_value(std::move(loaded));
  return promise.get_future().share();
}

EapVerdict problem_of(EapProblem problem, std::string words) {
  EapVerdict out;
  out.problem = problem;
  out.words = std::move(words);
  return out;
}

EapVerdict token_problem(std::string words) {
  EapVerdict out = problem_of(EapProblem::timeout, std::move(words));
  out.stage = EapStage::client_certificate;
  return out;
}

}  // namespace

EapVerdict verdict_of(const Loaded& loaded) {
  if (!loaded) return loaded.error();
  EapVerdict out;
  out.validated = (*loaded)->profile.validate_server;
  out.client = (*loaded)->client;
  out.client_key = (*loaded)->client_key;
  return out;
}

/// A conversation's own state, which one thread at a time uses.
struct Worker::Talk {
  std::shared_future<Loaded> loaded;
  Random* random = nullptr;
  crypto::TlsClock clock;
  std::uint16_t mtu = 0;
  std::optional<Peer> peer;

  /// Waits for the profile where it is still being loaded.
  [[nodiscard]] Said open() {
    try {
      const Loaded& profile = loaded.get();
      if (!profile) return profile.error();
      peer.emplace(*profile, *random, clock, mtu);
      return std::nullopt;
    } catch (const std::future_error&) {
      return problem_of(EapProblem::internal, "the profile was replaced before it was loaded");
    }
  }
};

bool Worker::take(const WorkerMessage& message) {
  switch (message.kind) {
    case WorkerKind::profile:
      return take_profile(message);
    case WorkerKind::begin:
      return begin(message);
    case WorkerKind::request:
      request(message);
      return true;
    case WorkerKind::end:
      end(message);
      return true;
    case WorkerKind::open:
      return open(message);
    case WorkerKind::records:
    case WorkerKind::text:
      carry(message);
      return true;
    case WorkerKind::loaded:
    case WorkerKind::response:
    case WorkerKind::success:
    case WorkerKind::failure:
    case WorkerKind::established:
    case WorkerKind::sealed:
    case WorkerKind::opened:
      break;
  }
  return false;
}

bool Worker::take_profile(const WorkerMessage& message) {
  if (!parts_) parts_.emplace(message.profile);
  if (parts_->number != message.profile || message.body.size() > max_worker_profile - parts_->octets.octets().size())
    return false;
  parts_->octets.add(message.body);
  if (message.more) return true;
  Parts whole = std::move(*parts_);
  parts_.reset();
  if (whole.octets.octets().empty()) {
    profiles_.erase(whole.number);
    return true;
  }
  std::optional<EapProfile> profile = read_eap_profile(whole.octets.octets());
  if (!profile) {
    profiles_.erase(whole.number);
    tell_loaded(whole.number, problem_of(EapProblem::internal,
                                         "macsec-eap does not understand the profile: macsecd is of another version, "
                                         "restart it"));
  } else if (profiles_.size() >= most_profiles && !profiles_.contains(whole.number)) {
    tell_loaded(whole.number, problem_of(EapProblem::internal,
                                         "macsec-eap keeps " + std::to_string(most_profiles) + " profiles at most"));
  } else {
    profiles_[whole.number] = {};
    profiles_[whole.number].octets = std::move(whole.octets);
    load(whole.number, std::move(*profile));
  }
  return true;
}

std::shared_ptr<Worker::Token> Worker::token_of(const EapProfile& profile) {
  if (!uses_token(profile)) return nullptr;
  std::erase_if(tokens_, [](const auto& each) { return each.second.expired(); });
  const bool key = profile.private_key.kind == EapSource::Kind::uri;
  const std::string& uri = key ? profile.private_key.name : profile.client_certificate.name;
  std::weak_ptr<Token>& slot = tokens_[uri.substr(0, uri.find('?'))];
  std::shared_ptr<Token> token = slot.lock();
  if (!token) slot = token = std::make_shared<Token>();
  return token;
}

void Worker::load(std::uint32_t number, EapProfile profile) {
  Profile& slot = profiles_[number];
  slot.generation = ++generation_;
  slot.tried = around_.time();
  slot.token = token_of(profile);
  if (!slot.token) {
    slot.loaded = ready(around_.load(std::move(profile)));
    return finish_load(number, slot.generation, verdict_of(slot.loaded.get()));
  }
  Wish wish{number, slot.generation, std::move(profile), {}};
  slot.loaded = wish.promise.get_future().share();
  slot.token->waiting.push_back(std::move(wish));
  load_next(slot.token);
}

void Worker::load_next(const std::shared_ptr<Token>& token) {
  while (!token->lane && !token->waiting.empty()) {
    Wish wish = std::move(token->waiting.front());
    token->waiting.pop_front();
    const std::uint32_t number = wish.number;
    const std::uint64_t generation = wish.generation;
    const auto found = profiles_.find(number);
    if (found == profiles_.end() || found->second.generation != generation) continue;  // replaced meanwhile
    Result<std::unique_ptr<Lane>> lane = Lane::start(around_.mailbox, token->group);
    if (!lane) {
      const EapVerdict problem = token_problem(std::move(lane.error().message));
      wish.promise.set_value(std::unexpected{problem});
      finish_load(number, generation, problem);
      continue;
    }
    token->lane = std::move(*lane);
    static_cast<void>(token->lane->add([this, token, wish = std::move(wish), load = around_.load]() mutable {
      Loaded loaded = load(std::move(wish.profile));
      EapVerdict verdict = verdict_of(loaded);
      wish.promise.set_value(std::move(loaded));
      return [this, token, number = wish.number, generation = wish.generation, verdict = std::move(verdict)] {
        token->lane.reset();
        finish_load(number, generation, verdict);
        load_next(token);
      };
    }));
  }
}

void Worker::finish_load(std::uint32_t number, std::uint64_t generation, const EapVerdict& verdict) {
  const auto found = profiles_.find(number);
  if (found == profiles_.end() || found->second.generation != generation) return;  // replaced meanwhile
  if (verdict.problem == EapProblem::none) found->second.octets = {};
  tell_loaded(number, verdict);
}

void Worker::refresh(std::uint32_t number, Profile& slot) {
  const bool done = slot.loaded.wait_for(std::chrono::seconds{0}) == std::future_status::ready;
  if (!done || slot.loaded.get() || around_.time() - slot.tried < load_pause) return;
  if (std::optional<EapProfile> profile = read_eap_profile(slot.octets.octets())) load(number, std::move(*profile));
}

void Worker::tell_loaded(std::uint32_t number, const EapVerdict& verdict) {
  const WipedBuffer body = write_eap_verdict(verdict);
  around_.send({.kind = WorkerKind::loaded, .profile = number, .body = body.octets()});
}

bool Worker::begin(const WorkerMessage& message) {
  const std::optional<WorkerBegin> wish = read_worker_begin(message.body);
  if (!wish || conversations_.contains(message.conversation) || streams_.contains(message.conversation)) return false;
  const std::uint64_t number = message.conversation;
  const auto found = profiles_.find(message.profile);
  if (found == profiles_.end()) {
    refuse(number, problem_of(EapProblem::profile, "macsec-eap does not have the profile"));
    return true;
  }
  if (conversations_.size() >= most_conversations) {
    refuse(number, problem_of(EapProblem::internal,
                              "macsec-eap holds " + std::to_string(most_conversations) + " conversations at most"));
    return true;
  }
  refresh(message.profile, found->second);
  Conversation made;
  made.talk = std::make_shared<Talk>(found->second.loaded, around_.random, around_.clock(), wish->mtu, std::nullopt);
  if (found->second.token) {
    Result<std::unique_ptr<Lane>> lane = Lane::start(around_.mailbox, found->second.token->group);
    if (!lane) {
      refuse(number, token_problem(std::move(lane.error().message)));
      return true;
    }
    made.lane = std::move(*lane);
  }
  conversations_.emplace(number, std::move(made));
  run(number, [](Talk& talk) { return talk.open(); });
  return true;
}

bool Worker::only_hangs() const {
  const auto hangs = [](const auto& each) { return each.second.token && each.second.token->group->hangs(); };
  const auto loads = [&](const auto& each) { return each.second.token && each.second.token->lane && !hangs(each); };
  return conversations_.empty() && streams_.empty() && std::ranges::any_of(profiles_, hangs) &&
         std::ranges::none_of(profiles_, loads);
}

void Worker::request(const WorkerMessage& message) {
  run(message.conversation, [packet = Octets(message.body.begin(), message.body.end())](Talk& talk) -> Said {
    if (!talk.peer) return std::nullopt;  // it was refused, which is told
    return talk.peer->on_packet(packet);
  });
}

bool Worker::open(const WorkerMessage& message) {
  const std::uint64_t number = message.conversation;
  if (conversations_.contains(number) || streams_.contains(number)) return false;
  const auto found = profiles_.find(message.profile);
  if (found != profiles_.end() && !found->second.token) refresh(message.profile, found->second);
  if (found == profiles_.end()) {
    refuse(number, problem_of(EapProblem::profile, "macsec-eap does not have the profile"));
  } else if (found->second.token) {
    refuse(number, problem_of(EapProblem::profile, "a key in a token is for [8021X] only"));
  } else if (const Loaded& loaded = found->second.loaded.get(); !loaded) {
    refuse(number, loaded.error());
  } else if (streams_.size() >= most_streams) {
    refuse(number, problem_of(EapProblem::internal,
                              "macsec-eap holds " + std::to_string(most_streams) + " TLS connections at most"));
  } else {
    std::expected<TlsStream, EapVerdict> stream = TlsStream::open(*loaded, around_.clock());
    if (!stream) {
      refuse(number, stream.error());
      return true;
    }
    TlsStream& kept = streams_.emplace(number, std::move(*stream)).first->second;
    tell(number, kept.receive({}));
  }
  return true;
}

void Worker::carry(const WorkerMessage& message) {
  const auto found = streams_.find(message.conversation);
  if (found == streams_.end()) return;  // it failed, which is told
  TlsStream& stream = found->second;
  tell(message.conversation,
       message.kind == WorkerKind::records ? stream.receive(message.body) : stream.send(message.body));
}

void Worker::tell(std::uint64_t number, const TlsStream::Said& said) {
  const auto send = [&](WorkerKind kind, Bytes octets) {
    for (std::size_t at = 0; at < octets.size(); at += max_worker_part)
      around_.send({.kind = kind,
                    .conversation = number,
                    .body = octets.subspan(at, std::min(max_worker_part, octets.size() - at))});
  };
  send(WorkerKind::sealed, said.records.octets());
  if (!said.established.empty())
    send(WorkerKind::established,
         {reinterpret_cast<const std::uint8_t*>(said.established.data()), said.established.size()});
  send(WorkerKind::opened, said.text.octets());
  if (!said.failure) return;
  streams_.erase(number);
  refuse(number, *said.failure);
}

void Worker::end(const WorkerMessage& message) {
  if (const auto stream = streams_.find(message.conversation); stream != streams_.end()) {
    const EapVerdict verdict = stream->second.abort();
    streams_.erase(stream);
    return refuse(message.conversation, verdict);
  }
  const auto found = conversations_.find(message.conversation);
  if (found == conversations_.end()) return;
  const Conversation ended = std::move(found->second);
  conversations_.erase(found);
  if (ended.lane && ended.lane->busy()) {
    refuse(message.conversation, token_problem("the token that holds the private key did not answer in time"));
  } else {
    refuse(message.conversation, ended.talk->peer ? ended.talk->peer->abort() : EapVerdict{});
  }
}

void Worker::run(std::uint64_t number, std::move_only_function<Said(Talk&)> step) {
  const auto found = conversations_.find(number);
  if (found == conversations_.end()) return;
  const std::shared_ptr<Talk> talk = found->second.talk;
  if (!found->second.lane) {
    if (const Said said = step(*talk)) answer(number, *said);
    return;
  }
  const bool added = found->second.lane->add([this, number, talk, step = std::move(step)]() mutable {
    return [this, number, said = step(*talk)] {
      if (said) answer(number, *said);
    };
  });
  if (!added) answer(number, {});
}

void Worker::answer(std::uint64_t number, const PeerReply& reply) {
  if (!conversations_.contains(number)) return;  // ended while its lane worked
  if (const auto* const success = std::get_if<PeerSuccess>(&reply)) {
    conversations_.erase(number);
    WorkerSuccess told;
    told.keys = {success->keys.msk.duplicate(), success->keys.session_id};
    told.verdict = success->verdict;
    const WipedBuffer body = write_worker_success(told);
    around_.send({.kind = WorkerKind::success, .conversation = number, .body = body.octets()});
  } else if (const auto* const verdict = std::get_if<EapVerdict>(&reply)) {
    conversations_.erase(number);
    refuse(number, *verdict);
  } else {
    const auto* const packet = std::get_if<Octets>(&reply);
    around_.send(
        {.kind = WorkerKind::response, .conversation = number, .body = packet != nullptr ? Bytes{*packet} : Bytes{}});
  }
}

void Worker::refuse(std::uint64_t number, const EapVerdict& verdict) {
  const WipedBuffer body = write_eap_verdict(verdict);
  around_.send({.kind = WorkerKind::failure, .conversation = number, .body = body.octets()});
}

}  // namespace macsec::eap
