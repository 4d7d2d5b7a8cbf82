// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin/keys/resolver.hpp"

#include "dbus/bus/callback.hpp"

#include <csignal>
#include <cstring>
#include <sys/signalfd.h>

namespace macsec::keys {
namespace {

int signal_number() { return SIGRTMIN + 1; }

std::vector<SocketAddress> addresses_of(const addrinfo* list) {
  std::vector<SocketAddress> out;
  for (; list != nullptr; list = list->ai_next) {
    SocketAddress one;
    if (list->ai_addrlen > sizeof one.storage) continue;
    std::memcpy(&one.storage, list->ai_addr, list->ai_addrlen);
    one.size = list->ai_addrlen;
    out.push_back(one);
  }
  return out;
}

}  // namespace

Result<std::unique_ptr<Resolver>> Resolver::open(sd_event* event) {
  std::unique_ptr<Resolver> resolver{new Resolver};
  sigset_t set{};
  ::sigemptyset(&set);
  ::sigaddset(&set, signal_number());
  ::sigprocmask(SIG_BLOCK, &set, nullptr);
  sd_event_source* source = nullptr;
  const int r = sd_event_add_signal(event, &source, signal_number(), bus::callback<&Resolver::collect>, resolver.get());
  resolver->source_.reset(source);
  if (r < 0) return fail(-r, std::string{"cannot listen for answers of the resolver: "} + std::strerror(-r));
  return resolver;
}

Resolver::~Resolver() {
  // What the C library still works on must stay where it is; the process is about to end.
  for (auto at = questions_.begin(); at != questions_.end();) {
    const auto next = std::next(at);
    if (::gai_cancel(&at->request) == EAI_NOTCANCELED) {
      auto* const kept = new std::list<Question>;
      kept->splice(kept->end(), questions_, at);
    }
    at = next;
  }
}

Result<Resolver::Ticket> Resolver::ask(const std::string& host, std::uint16_t port, Answer answer) {
  Question& question = questions_.emplace_back();
  question.host = host;
  question.port = std::to_string(port);
  question.hints.ai_socktype = SOCK_STREAM;
  question.hints.ai_flags = AI_NUMERICSERV;
  question.request.ar_name = question.host.c_str();
  question.request.ar_service = question.port.c_str();
  question.request.ar_request = &question.hints;
  auto held = std::make_shared<Answer>(std::move(answer));
  question.wanted = held;
  sigevent how{};
  how.sigev_notify = SIGEV_SIGNAL;
  how.sigev_signo = signal_number();
  gaicb* request = &question.request;
  if (const int r = ::getaddrinfo_a(GAI_NOWAIT, &request, 1, &how); r != 0) {
    questions_.pop_back();
    return fail(std::string{"cannot ask for the address of "} + host + ": " + ::gai_strerror(r));
  }
  return held;
}

/// One signal may stand for several answers.
void Resolver::collect() {
  std::list<Question> done;
  for (auto at = questions_.begin(); at != questions_.end();) {
    const auto next = std::next(at);
    if (::gai_error(&at->request) != EAI_INPROGRESS) done.splice(done.end(), questions_, at);
    at = next;
  }
  for (Question& question : done) {
    const int r = ::gai_error(&question.request);
    auto addresses = addresses_of(question.request.ar_result);
    if (question.request.ar_result != nullptr) ::freeaddrinfo(question.request.ar_result);
    const auto answer = question.wanted.lock();
    if (!answer) continue;
    if (r == 0 && !addresses.empty())
      (*answer)(std::move(addresses));
    else
      (*answer)(fail("cannot find the address of " + question.host + ": " + ::gai_strerror(r == 0 ? EAI_NONAME : r)));
  }
}

}  // namespace macsec::keys
