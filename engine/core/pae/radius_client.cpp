// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/core/pae/radius_client.hpp"

#include "engine/base/deadlines.hpp"
#include "engine/core/pae/radius_words.hpp"
#include "engine/crypto/radius_keys.hpp"

#include <algorithm>

namespace macsec::core {
namespace {

using namespace std::chrono_literals;

/// Requests of one owner that nobody waits for and that still tell whether the server lives: as many as make it dead.
constexpr std::size_t most_abandoned = 3;
constexpr Duration longest_probe = 30s;

bool begins(Bytes packet) {
  const auto eap = read_eap(packet);
  return eap && eap->code == EapCode::response && eap->type == EapType::identity;
}

}  // namespace

RadiusClient::RadiusClient(ProfilePointer profile, std::string nas_identifier, Random& random)
    : profile_{std::move(profile)},
      nas_identifier_{std::move(nas_identifier)},
      random_{random},
      book_{profile_->pae->servers},
      ways_{random} {
  for (std::size_t server = 0; server < book_.size(); ++server) {
    identifiers_.emplace_back(server, is_over_tls(server) ? requests_over_tls : RadiusShare{});
    if (is_over_tls(server)) ways_.want({.server = server});
  }
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
  const std::optional<RadiusSlot> taken = identifiers_[conversation.server].take();
  if (!taken)
    return fail_with(owner, RadiusProblem::internal,
                     "more requests wait for " + server.address + " than connections take");
  const RadiusSlot slot = *taken;
  const RadiusHead head = new_head(slot);
  auto octets = write_access_request(conversation.command, conversation.state, nas_identifier_, head, server);
  if (!octets) {
    identifiers_[slot.server].release(slot);
    return fail_with(owner, RadiusProblem::internal, std::move(octets.error().message));
  }
  ++book_.counters(slot.server).access_requests;
  conversation.slot = slot;
  Pending pending{.request = {std::move(*octets), head.authenticator, server.retry, server.timeout, now, random_},
                  .owner = owner,
                  .sent = now,
                  .doubt = now + server.timeout / 2};
  if (is_over_tls(slot.server)) {
    ways_.want({slot.server, slot.socket});
    pending.request.stop_sending();  // the connection sees to that (RFC 6613 2.6.1)
  }
  add(slot, std::move(pending));
}

void RadiusClient::probe(RadiusWay way, Time now) {
  const RadiusServer& server = book_.server(way.server);
  RadiusSlot slot{way.server, way.socket, status_over_tls};
  if (is_over_tls(way.server)) {
    if (!ways_.is_open(way) || pending_.contains(slot)) return;
  } else if (const auto taken = identifiers_[way.server].take()) {
    slot = *taken;
  }
  const RadiusHead head = new_head(slot);
  auto octets = write_status_request(nas_identifier_, head, server);
  if (!octets) return identifiers_[way.server].release(slot);
  const Duration patience =
      is_over_tls(way.server) ? RadiusWays::watch_patience : std::min(server.timeout, longest_probe);
  Pending pending{.request = {std::move(*octets), head.authenticator, server.retry, patience, now, random_},
                  .purpose = Purpose::probe,
                  .sent = now};
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
  pending.due = sooner(pending.request.next(), pending.doubt).value_or(pending.request.next());
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
    const auto at = pending_.find(slot);
    // What waits for a connection is sent when that is there.
    if (at == pending_.end() || (is_over_tls(slot.server) && !ways_.is_open({slot.server, slot.socket}))) continue;
    ++at->second.copies;
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
  const Pending answered = at->second;
  book_.on_answer(server, answered.purpose == Purpose::probe, now);
  ways_.on_heard({server, socket}, now);
  release(slot);
  if (answered.purpose == Purpose::abandoned) std::erase(owners_.at(answered.owner).abandoned, slot);
  if (answered.purpose == Purpose::access) report(answered, *packet);
}

bool RadiusClient::is_good(Pending& pending, const RadiusPacket& packet, const RadiusServer& server,
                           RadiusCounters& counters) {
  const auto check = crypto::check_radius_answer(packet, pending.request.authenticator(), secret_of(server));
  // TLS tells who wrote it, and FreeRADIUS before 3.2.5 answers Status-Server, and rejects before EAP, without. What continues EAP
  // has it in any case (RFC 3579 3.2).
  const bool continues = pending.purpose != Purpose::probe && RadiusCode{packet.code} != RadiusCode::access_reject;
  const bool needs_none = server.transport == RadiusTransport::tls && !continues && check &&
                          *check == crypto::RadiusCheck::no_message_authenticator;
  if (!check || (*check != crypto::RadiusCheck::good && !needs_none)) {
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

void RadiusClient::report(const Pending& pending, const RadiusPacket& packet) {
  Owner& owner = owners_.at(pending.owner);
  Conversation& conversation = *owner.conversation;
  conversation.slot.reset();
  const RadiusServer& server = book_.server(conversation.server);
  RadiusReport report = read_access_answer(packet, pending.request.authenticator(), server);
  report.conversation = conversation.command.conversation;
  const bool moved = is_over_tls(conversation.server) && pending.copies > 1;
  if (report.kind == RadiusReport::Kind::reject && conversation.challenged && moved) {
    // A server that began again knows no conversation of before: that is no word on the host.
    report = {.kind = RadiusReport::Kind::failed, .conversation = report.conversation, .server = server.address};
    report.problem = RadiusProblem::silent;
    report.words = words_of_forgetting(server);
  }
  if (report.kind == RadiusReport::Kind::challenge) {
    conversation.challenged = true;
    const Bytes state = packet.find(RadiusAttributeType::state).value_or(Bytes{});
    conversation.state.assign(state.begin(), state.end());
  } else {
    report.servers_answer = true;
    owner.conversation.reset();
  }
  reports_.emplace_back(pending.owner, std::move(report));
}

// ---- no answers ------------------------------------------------------------------------------------------------------

void RadiusClient::on_error(std::size_t server, std::size_t socket, const Error& error, Time now) {
  const auto problem = radius_problem_of(error.code);
  if (!problem || server >= book_.size()) return;
  const std::vector<RadiusSlot> slots = slots_on({server, socket});
  if (slots.empty()) return;
  const std::string words = words_of_error(*problem, error, book_.server(server));
  book_.on_unanswered(server, words, now);
  for (const RadiusSlot& slot : slots) give_up(slot, *problem, words, now);
}

void RadiusClient::on_unsent(const RadiusDatagram& datagram, const Error& error, Time now) {
  const auto problem = radius_problem_of(error.code);
  if (problem && *problem != RadiusProblem::silent) return on_error(datagram.server, datagram.socket, error, now);
  const RadiusSlot slot{datagram.server, datagram.socket, datagram.octets.at(1)};
  const auto at = pending_.find(slot);
  if (!problem || at == pending_.end() || at->second.copies > 1) return;  // its next copy may leave
  const std::string words = words_of_error(*problem, error, book_.server(slot.server));
  if (at->second.purpose != Purpose::probe) book_.on_unanswered(slot.server, words, now);
  give_up(slot, *problem, words, now);
}

void RadiusClient::on_timeout(Time now) {
  while (!due_.empty() && due_.begin()->first <= now) {
    const RadiusSlot slot = due_.begin()->second;
    Pending& pending = pending_.at(slot);
    if (pending.request.is_expired(now)) {
      on_silence(slot, now);
      continue;
    }
    if (pending.doubt && now >= *pending.doubt) doubt(slot, pending, now);
    if (pending.request.take_again(now, random_)) {
      ++book_.counters(slot.server).access_retransmissions;
      outgoing_.push_back(slot);
    }
    schedule(slot, pending);
  }
  while (const auto server = book_.take_due_probe(now)) probe({.server = *server}, now);
  mind_ways(now);
}

std::optional<Time> RadiusClient::next_timeout() const noexcept {
  return sooner(due_.empty() ? std::nullopt : std::optional{due_.begin()->first}, sooner(book_.next(), ways_.next()));
}

void RadiusClient::doubt(const RadiusSlot& slot, Pending& pending, Time now) {
  // A second time, for the first may be lost.
  const Time next = pending.sent + book_.server(slot.server).timeout * 3 / 4;
  pending.doubt = next > now ? std::optional{next} : std::nullopt;
  if (!book_.answered_since(slot.server, pending.sent) && book_.take_probe(slot.server, now)) {
    ways_.on_asked({slot.server, slot.socket}, now);
    probe({slot.server, slot.socket}, now);
  }
}

void RadiusClient::on_silence(const RadiusSlot& slot, Time now) {
  const RadiusServer& server = book_.server(slot.server);
  const Pending& pending = pending_.at(slot);
  const auto bad = pending.request.bad_answer();
  const bool lives = book_.answered_since(slot.server, pending.sent);
  const std::string words = bad     ? words_of_bad_answer(server, *bad)
                            : lives ? words_of_neglect(server)
                                    : words_of_silence(server);
  // A probe without an answer says nothing of a server that may not know Status-Server.
  if (pending.purpose != Purpose::probe && !lives) book_.on_unanswered(slot.server, words, now);
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

// ---- connections -----------------------------------------------------------------------------------------------------

std::vector<RadiusSlot> RadiusClient::slots_on(RadiusWay way) const {
  std::vector<RadiusSlot> out;
  for (const auto& [slot, pending] : pending_)
    if (slot.server == way.server && slot.socket == way.socket) out.push_back(slot);
  return out;
}

void RadiusClient::on_connected(RadiusWay way, std::string version, Time now) {
  ways_.on_open(way, now);
  if (way.socket == 0) book_.on_connected(way.server, std::move(version), now);
  for (const RadiusSlot& slot : slots_on(way)) outgoing_.push_back(slot);
  if (!book_.is_alive(way.server)) probe(way, now);
}

void RadiusClient::on_disconnected(RadiusWay way, RadiusProblem problem, const std::string& words, Time now) {
  release({way.server, way.socket, status_over_tls});
  if (way.socket == 0) book_.on_disconnected(way.server);
  // It is made again at once, and what waits is sent on the next one: the server may only have begun again.
  const bool was_heard = ways_.on_closed(way, now);
  if (is_spare(way)) ways_.forget(way);
  if (was_heard) return;
  book_.on_unanswered(way.server, words, now);
  for (const RadiusSlot& slot : slots_on(way))
    if (book_.is_dead(way.server) || may_move(pending_.at(slot))) give_up(slot, problem, words, now);
}

bool RadiusClient::is_spare(RadiusWay way) const { return way.socket > 0 && slots_on(way).empty(); }

bool RadiusClient::may_move(const Pending& pending) const {
  if (pending.purpose != Purpose::access) return false;
  const Conversation& conversation = *owners_.at(pending.owner).conversation;
  if (conversation.challenged) return false;
  std::vector<bool> tried = conversation.tried;
  tried[conversation.server] = true;
  return book_.has_living(tried);
}

void RadiusClient::mind_ways(Time now) {
  while (const auto way = ways_.find_broken(now)) {
    wishes_.push_back({.way = *way, .connect = false});
    const std::string words = words_of_broken(book_.server(way->server), ways_.is_open(*way));
    on_disconnected(*way, RadiusProblem::silent, words, now);
  }
  while (const auto way = ways_.find_silent(now)) {
    if (is_spare(*way)) {
      wishes_.push_back({.way = *way, .connect = false});
      ways_.forget(*way);
      continue;
    }
    ways_.on_asked(*way, now);
    probe(*way, now);
  }
  while (const auto way = ways_.take_due(now)) wishes_.push_back({.way = *way});
}

std::optional<RadiusClient::WayWish> RadiusClient::poll_wish() {
  if (wishes_.empty()) return std::nullopt;
  const WayWish wish = wishes_.front();
  wishes_.pop_front();
  return wish;
}

std::optional<std::pair<RadiusOwner, RadiusReport>> RadiusClient::poll_report() {
  if (reports_.empty()) return std::nullopt;
  auto report = std::move(reports_.front());
  reports_.pop_front();
  return report;
}

}  // namespace macsec::core
