// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin/keys/server.hpp"

#include "plugin/keys/etsi014.hpp"
#include "plugin/keys/skip.hpp"

#include <ctime>

namespace macsec::keys {

Server::Server(Source source, const Surroundings& around, std::uint32_t seed)
    : source_{std::move(source)}, around_{around}, state_{seed} {
  auto tls = TlsClient::load(source_);
  if (tls)
    tls_ = std::move(*tls);
  else
    broken_ = tls.error().message;
}

std::size_t Server::id_octets() const noexcept { return source_.type == SourceType::etsi014 ? 16 : 0; }

Time Server::now() const {
  std::uint64_t usec = 0;
  sd_event_now(around_.event, CLOCK_BOOTTIME, &usec);
  return Time{Duration{static_cast<std::int64_t>(usec)}};
}

void Server::ask(const HttpRequest& request, HttpsCall::Done done) {
  const auto at = calls_.emplace(calls_.end());
  *at = HttpsCall::begin(around_.event, around_.resolver, *tls_, source_.url, request,
                         [this, at, done = std::move(done)](const Answer<HttpsCall::Reply>& reply) {
                           if (reply) channel_ = reply->channel;
                           // Kept until the answer was read out of it.
                           const std::unique_ptr<HttpsCall> held = std::move(*at);
                           calls_.erase(at);
                           done(reply);
                           around_.changed();
                         });
}

void Server::fetch(const std::string& remote_id, unsigned bits, const Ckn* wanted, Hear hear) {
  const bool etsi = source_.type == SourceType::etsi014;
  const auto question = wanted == nullptr ? ServerState::Question::new_key : ServerState::Question::known_key;
  std::optional<HttpRequest> request;
  if (wanted == nullptr)
    request = etsi ? etsi014::ask_key(remote_id, bits) : skip::ask_key(remote_id, bits);
  else
    request = etsi ? etsi014::ask_key_by_id(remote_id, *wanted) : skip::ask_key_by_id(remote_id, *wanted);
  if (!tls_ || !request) return;
  ask(*request, [this, etsi, question, bits, wanted = wanted == nullptr ? std::optional<Ckn>{} : *wanted,
                 hear = std::move(hear)](const Answer<HttpsCall::Reply>& reply) {
    const auto read = [&]() -> Answer<ServedKey> {
      if (!reply) return std::unexpected{reply.error()};
      const Ckn* const name = wanted ? &*wanted : nullptr;
      return etsi ? etsi014::read_key(reply->status, reply->reader->body(), bits, name)
                  : skip::read_key(reply->status, reply->reader->body(), bits, name);
    };
    Answer<ServedKey> key = read();
    if (key)
      state_.succeeded(question, now());
    else
      state_.failed(question, key.error(), now());
    hear(std::move(key));
  });
}

void Server::tick(const std::string& remote_id, Time now) {
  if (!tls_ || asking_status_ || now < state_.status_at() || now < state_.ready_at()) return;
  asking_status_ = true;
  const bool etsi = source_.type == SourceType::etsi014;
  ask(etsi ? etsi014::ask_status(remote_id) : skip::ask_capabilities(),
      [this, etsi](const Answer<HttpsCall::Reply>& reply) {
        asking_status_ = false;
        const auto read = [&]() -> Answer<ServerStatus> {
          if (!reply) return std::unexpected{reply.error()};
          const std::string_view body = reply->reader->body();
          return etsi ? etsi014::read_status(reply->status, body) : skip::read_capabilities(reply->status, body);
        };
        if (const Answer<ServerStatus> status = read(); status)
          state_.succeeded(ServerState::Question::status, this->now(), status->words);
        else
          state_.failed(ServerState::Question::status, status.error(), this->now());
      });
}

}  // namespace macsec::keys
