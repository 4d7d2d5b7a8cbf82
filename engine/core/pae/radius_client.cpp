// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/core/pae/radius_client.hpp"

#include "engine/base/deadlines.hpp"
#include "engine/base/text.hpp"
#include "engine/crypto/radius_keys.hpp"

#include <algorithm>
#include <cerrno>

namespace macsec::core {
namespace {

using namespace std::chrono_literals;

/// Requests of one owner that nobody waits for and that still tell whether the server lives: as many as make it dead.
constexpr std::size_t most_abandoned = 3;
constexpr Duration longest_probe = 30s;

/// Nothing where sending again later may help.
std::optional<RadiusProblem> problem_of(int error) noexcept {
  switch (error) {
    case EAGAIN:
    case EINTR:
    case ENOBUFS:
    case ENOMEM:
    case EMSGSIZE:  // the path's MTU is known now
      return std::nullopt;
    case ECONNREFUSED:
      return RadiusProblem::refused;
    case EPERM:
    case EACCES:
    case EAFNOSUPPORT:
      return RadiusProblem::blocked;
    default:
      return RadiusProblem::silent;
  }
}

std::string words_of(RadiusProblem problem, const Error& error, const RadiusServer& server) {
  if (problem == RadiusProblem::refused)
    return to_endpoint(server.address, server.port) + ": port unreachable, no RADIUS server runs there";
  if (problem == RadiusProblem::blocked)
    return "the unit's IPAddressAllow= does not hold " + server.address +
           " (drop-in macsecd-radius.conf), or a firewall of this host drops it";
  return error.message;
}

std::string words_of_silence(const RadiusServer& server) {
  return "no answer from " + to_endpoint(server.address, server.port) + " (" + format_duration(server.timeout) +
         "): it is down, or does not know this host and its secret";
}

std::string words_of_bad_answer(const RadiusServer& server, crypto::RadiusCheck found) {
  const std::string answers = "answers of " + server.address;
  if (found == crypto::RadiusCheck::no_message_authenticator)
    return answers +
           " have no Message-Authenticator, so anybody on the path could have written them: FreeRADIUS before 3.2.5 "
           "leaves it out where it rejects before its eap module";
  return answers + " fail their check: the secrets differ, or something rewrites packets";
}

bool begins(Bytes packet) {
  const auto eap = read_eap(packet);
  return eap && eap->code == EapCode::response && eap->type == EapType::identity;
}

}  // namespace

RadiusClient::RadiusClient(ProfilePointer profile, std::string nas_identifier, Random& random)
    : profile_{std::move(profile)},
      nas_identifier_{std::move(nas_identifier)},
      random_{random},
      book_{profile_->pae->servers} {
  for (std::size_t server = 0; server < book_.size(); ++server) identifiers_.emplace_back(server);
}

// ---- what ports ask --------------------------------------------------------------------------------------------------

void RadiusClient::command(RadiusOwner owner, RadiusCommand command, Time now) {
  const auto known = owners_.find(owner);
  const bool runs = known != owners_.end() && known->second.conversation &&
                    known->second.conversation->command.conversation == command.conversation;
  if (command.kind == RadiusCommand::Kind::end) {
    if (runs) abandon(known->second);
  } else if (!runs && !begins(command.packet)) {
    refuse(owner, command);
  } else if (!runs) {
    begin(owner, std::move(command), now);
  } else {
    Conversation& conversation = *known->second.conversation;
    // The host said something else meanwhile; the answer to what it said before is of no use.
    if (conversation.slot) release(*std::exchange(conversation.slot, std::nullopt));
    conversation.command = std::move(command);
    send(owner, conversation, now);
  }
}

void RadiusClient::refuse(RadiusOwner owner, const RadiusCommand& command) {
  abandon(owners_[owner]);
  RadiusReport report{.kind = RadiusReport::Kind::failed, .conversation = command.conversation};
  report.problem = RadiusProblem::internal;
  report.words = "the conversation with the RADIUS server is not known any more";
  reports_.emplace_back(owner, std::move(report));
}

void RadiusClient::begin(RadiusOwner owner, RadiusCommand command, Time now) {
  Owner& to = owners_[owner];
  abandon(to);
  Conversation& conversation = to.conversation.emplace(Conversation{.command = std::move(command), .begun = now});
  conversation.tried.resize(book_.size());
  ask_next(owner, conversation, now);
}

void RadiusClient::drop(RadiusOwner owner) {
  const auto at = owners_.find(owner);
  if (at == owners_.end()) return;
  if (at->second.conversation && at->second.conversation->slot) release(*at->second.conversation->slot);
  for (const RadiusSlot& slot : at->second.abandoned) release(slot);
  owners_.erase(at);
  std::erase_if(reports_, [owner](const auto& each) { return each.first == owner; });
}

void RadiusClient::abandon(Owner& owner) {
  if (!owner.conversation) return;
  const std::optional<RadiusSlot> slot = owner.conversation->slot;
  owner.conversation.reset();
  if (!slot) return;
  if (owner.abandoned.size() >= most_abandoned) return release(*slot);
  Pending& pending = pending_.at(*slot);
  pending.request.stop_sending();
  pending.purpose = Purpose::abandoned;
  schedule(*slot, pending);
  owner.abandoned.push_back(*slot);
}

// ---- requests --------------------------------------------------------------------------------------------------------

RadiusHead RadiusClient::new_head(const RadiusSlot& slot) {
  RadiusHead head{.identifier = slot.identifier};
  random_.fill(head.authenticator);
  return head;
}

void RadiusClient::send(RadiusOwner owner, Conversation& conversation, Time now) {
  const RadiusServer& server = book_.server(conversation.server);
  const RadiusSlot slot = identifiers_[conversation.server].take();
  const RadiusHead head = new_head(slot);
  auto octets = write_access_request(conversation.command, conversation.state, nas_identifier_, head, server);
  if (!octets) {
    identifiers_[slot.server].release(slot);
    return fail_with(owner, RadiusProblem::internal, std::move(octets.error().message));
  }
  ++book_.counters(slot.server).access_requests;
  conversation.slot = slot;
  add(slot, {.request = {std::move(*octets), head.authenticator, server.retry, server.timeout, now, random_},
             .owner = owner});
}

void RadiusClient::probe(std::size_t at, Time now) {
  const RadiusServer& server = book_.server(at);
  const RadiusSlot slot = identifiers_[at].take();
  const RadiusHead head = new_head(slot);
  auto octets = write_status_request(nas_identifier_, head, server);
  if (!octets) return identifiers_[at].release(slot);
  Pending pending{.request = {std::move(*octets), head.authenticator, server.retry,
                              std::min(server.timeout, longest_probe), now, random_},
                  .purpose = Purpose::probe};
  pending.request.stop_sending();  // RFC 5997: another probe is another packet
  add(slot, std::move(pending));
}

void RadiusClient::add(const RadiusSlot& slot, Pending pending) {
  Pending& added = pending_.insert_or_assign(slot, std::move(pending)).first->second;
  schedule(slot, added);
  outgoing_.push_back(slot);
}

void RadiusClient::schedule(const RadiusSlot& slot, Pending& pending) {
  due_.erase({pending.due, slot});
  pending.due = pending.request.next();
  due_.emplace(pending.due, slot);
}

void RadiusClient::release(const RadiusSlot& slot) {
  const auto at = pending_.find(slot);
  if (at == pending_.end()) return;
  due_.erase({at->second.due, slot});
  pending_.erase(at);
  identifiers_[slot.server].release(slot);
}

std::optional<RadiusDatagram> RadiusClient::poll_datagram() {
  while (!outgoing_.empty()) {
    const RadiusSlot slot = outgoing_.front();
    outgoing_.pop_front();
    if (const auto at = pending_.find(slot); at != pending_.end())
      return RadiusDatagram{.server = slot.server, .socket = slot.socket, .octets = at->second.request.octets()};
  }
  return std::nullopt;
}

// ---- answers ---------------------------------------------------------------------------------------------------------

void RadiusClient::on_datagram(std::size_t server, std::size_t socket, Bytes octets, Time now) {
  if (server >= book_.size()) return;
  RadiusCounters& counters = book_.counters(server);
  const auto packet = read_radius(octets);
  if (!packet) {
    ++counters.malformed_responses;
    return;
  }
  const RadiusSlot slot{.server = server, .socket = socket, .identifier = packet->identifier};
  const auto at = pending_.find(slot);
  if (at == pending_.end()) {
    ++counters.dropped;
    return;
  }
  if (!is_good(at->second, *packet, book_.server(server), counters)) return;
  const RadiusAuthenticator request = at->second.request.authenticator();
  const Purpose purpose = at->second.purpose;
  const RadiusOwner owner = at->second.owner;
  book_.on_answer(server, purpose == Purpose::probe, now);
  release(slot);
  if (purpose == Purpose::abandoned) std::erase(owners_.at(owner).abandoned, slot);
  if (purpose == Purpose::access) report(owners_.at(owner), owner, *packet, request);
}

bool RadiusClient::is_good(Pending& pending, const RadiusPacket& packet, const RadiusServer& server,
                           RadiusCounters& counters) {
  const auto check = crypto::check_radius_answer(packet, pending.request.authenticator(), secret_of(server));
  if (!check || *check != crypto::RadiusCheck::good) {
    ++counters.bad_authenticators;
    pending.request.note_bad_answer(check ? *check : crypto::RadiusCheck::bad_authenticator);
    return false;
  }
  switch (RadiusCode{packet.code}) {
    case RadiusCode::access_accept:
      ++counters.access_accepts;
      return true;
    case RadiusCode::access_reject:
      ++counters.access_rejects;
      return true;
    case RadiusCode::access_challenge:
      ++counters.access_challenges;
      return true;
    case RadiusCode::access_request:
    case RadiusCode::accounting_request:
    case RadiusCode::accounting_response:
    case RadiusCode::status_server:
      break;
  }
  ++counters.unknown_types;
  return false;
}

void RadiusClient::report(Owner& owner, RadiusOwner number, const RadiusPacket& packet,
                          const RadiusAuthenticator& request) {
  Conversation& conversation = *owner.conversation;
  conversation.slot.reset();
  RadiusReport report = read_access_answer(packet, request, book_.server(conversation.server));
  report.conversation = conversation.command.conversation;
  if (report.kind == RadiusReport::Kind::challenge) {
    conversation.challenged = true;
    const Bytes state = packet.find(RadiusAttributeType::state).value_or(Bytes{});
    conversation.state.assign(state.begin(), state.end());
  } else {
    report.servers_answer = true;
    owner.conversation.reset();
  }
  reports_.emplace_back(number, std::move(report));
}

// ---- no answers ------------------------------------------------------------------------------------------------------

void RadiusClient::on_error(std::size_t server, std::size_t socket, const Error& error, Time now) {
  const auto problem = problem_of(error.code);
  if (!problem || server >= book_.size()) return;
  std::vector<RadiusSlot> slots;
  for (const auto& [slot, pending] : pending_)
    if (slot.server == server && slot.socket == socket) slots.push_back(slot);
  if (slots.empty()) return;
  const std::string words = words_of(*problem, error, book_.server(server));
  book_.on_unanswered(server, words, now);
  for (const RadiusSlot& slot : slots) give_up(slot, *problem, words, now);
}

void RadiusClient::on_timeout(Time now) {
  while (!due_.empty() && due_.begin()->first <= now) {
    const RadiusSlot slot = due_.begin()->second;
    Pending& pending = pending_.at(slot);
    if (pending.request.is_expired(now)) {
      on_silence(slot, now);
      continue;
    }
    if (pending.request.take_again(now, random_)) {
      ++book_.counters(slot.server).access_retransmissions;
      outgoing_.push_back(slot);
    }
    schedule(slot, pending);
  }
  while (const auto server = book_.take_due_probe(now)) probe(*server, now);
}

std::optional<Time> RadiusClient::next_timeout() const noexcept {
  return sooner(due_.empty() ? std::nullopt : std::optional{due_.begin()->first}, book_.next());
}

void RadiusClient::on_silence(const RadiusSlot& slot, Time now) {
  const RadiusServer& server = book_.server(slot.server);
  const Pending& pending = pending_.at(slot);
  const auto bad = pending.request.bad_answer();
  const std::string words = bad ? words_of_bad_answer(server, *bad) : words_of_silence(server);
  // A probe that is not answered says nothing new of a server that is dead.
  if (pending.purpose != Purpose::probe) book_.on_unanswered(slot.server, words, now);
  give_up(slot, bad ? RadiusProblem::secret : RadiusProblem::silent, words, now);
}

void RadiusClient::give_up(const RadiusSlot& slot, RadiusProblem problem, const std::string& words, Time now) {
  const Purpose purpose = pending_.at(slot).purpose;
  const RadiusOwner owner = pending_.at(slot).owner;
  release(slot);
  if (purpose == Purpose::probe) return;
  ++book_.counters(slot.server).timeouts;
  Owner& of = owners_.at(owner);
  if (purpose == Purpose::abandoned) {
    std::erase(of.abandoned, slot);
    return;
  }
  Conversation& conversation = *of.conversation;
  conversation.slot.reset();
  conversation.problem = std::max(conversation.problem, problem);  // they stand in the order of what they tell
  if (!conversation.words.empty()) conversation.words += "; ";
  conversation.words += words;
  if (conversation.challenged) return fail_with(owner, conversation.problem, std::move(conversation.words));
  conversation.tried[slot.server] = true;
  ask_next(owner, conversation, now);
}

void RadiusClient::ask_next(RadiusOwner owner, Conversation& conversation, Time now) {
  const auto server = book_.choose(conversation.tried, now);
  if (!server) return fail_with(owner, conversation.problem, std::move(conversation.words));
  conversation.server = *server;
  send(owner, conversation, now);
}

void RadiusClient::fail_with(RadiusOwner owner, RadiusProblem problem, std::string words) {
  Owner& of = owners_.at(owner);
  RadiusReport report{.kind = RadiusReport::Kind::failed,
                      .conversation = of.conversation->command.conversation,
                      .server = book_.server(of.conversation->server).address,
                      .problem = problem,
                      .servers_answer = of.conversation->challenged || book_.answered_since(of.conversation->begun),
                      .words = std::move(words)};
  of.conversation.reset();
  reports_.emplace_back(owner, std::move(report));
}

std::optional<std::pair<RadiusOwner, RadiusReport>> RadiusClient::poll_report() {
  if (reports_.empty()) return std::nullopt;
  auto report = std::move(reports_.front());
  reports_.pop_front();
  return report;
}

}  // namespace macsec::core
