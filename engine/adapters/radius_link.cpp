// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/adapters/radius_link.hpp"

#include "engine/base/deadlines.hpp"
#include "engine/core/pae/radius_words.hpp"

#include <algorithm>
#include <cerrno>

namespace macsec::os {
namespace {

constexpr unsigned datagram_budget = 64;  // datagrams a turn

}  // namespace

Result<std::unique_ptr<RadiusLink>> RadiusLink::open(EventLoop& loop, TlsStreams& streams, Receiver receiver,
                                                     ProfilePointer profile, std::string nas_identifier,
                                                     Random& random) {
  std::unique_ptr<RadiusLink> out{
      new RadiusLink{loop, streams, std::move(receiver), std::move(profile), std::move(nas_identifier), random}};
  if (const auto started = out->start(); !started) return std::unexpected{started.error()};
  return out;
}

Result<void> RadiusLink::start() {
  auto timer = loop_.timer([this] {
    client_.on_timeout(boot_time());
    accountant_.on_timeout(boot_time());
    settle();
  });
  if (!timer) return std::unexpected{timer.error()};
  timer_ = std::move(*timer);
  auto tell_source = loop_.deferred([this] { tell(); });
  if (!tell_source) return std::unexpected{tell_source.error()};
  tell_ = std::move(*tell_source);
  for (std::size_t place = 0; place < servers(); ++place)
    if (const RadiusServer& server = profile_->pae->servers[place]; server.transport == RadiusTransport::tls)
      tls_profiles_.emplace(place, streams_.add(tls_profile_of(server)));
  if (!tls_profiles_.empty()) timer_.arm(boot_time());
  return {};
}

RadiusLink::~RadiusLink() {
  connections_.clear();
  for (const auto& [place, profile] : tls_profiles_) streams_.drop(profile);
}

void RadiusLink::command(core::RadiusOwner owner, core::RadiusCommand command) {
  client_.command(owner, std::move(command), boot_time());
  settle();
}

void RadiusLink::drop(core::RadiusOwner owner) {
  client_.drop(owner);
  settle();
}

void RadiusLink::account(core::RadiusAccounting record) {
  accountant_.add(std::move(record), boot_time());
  settle();
}

bool RadiusLink::is_delivering() const noexcept {
  return std::ranges::any_of(connections_, [this](const auto& each) {
    return each.first.socket == 0 && each.second->is_established() && accountant_.is_offering(each.first.server);
  });
}

std::vector<core::RadiusServerStatus> RadiusLink::status() const {
  std::vector<core::RadiusServerStatus> out = client_.status();
  accountant_.count(out);
  return out;
}

Result<DatagramSocket*> RadiusLink::socket(std::size_t place, std::size_t at) {
  auto& sockets = sockets_[place];
  while (sockets.size() <= at) sockets.push_back(std::make_unique<Socket>());
  Socket& entry = *sockets[at];
  if (!entry.socket) {
    const RadiusServer& to = profile_->pae->servers[place % servers()];
    auto opened = DatagramSocket::connect(to.address, place < servers() ? to.port : to.accounting_port);
    if (!opened) return std::unexpected{opened.error()};
    auto source = loop_.on_readable(opened->fd(), [this, place, at] { receive(place, at); });
    if (!source) return std::unexpected{source.error()};
    entry.socket.emplace(std::move(*opened));
    entry.source = std::move(*source);
  }
  return &*entry.socket;
}

void RadiusLink::follow_wishes() {
  while (const auto wish = client_.poll_wish()) {
    retire(wish->way);
    if (wish->connect) connect(wish->way);
  }
}

void RadiusLink::connect(core::RadiusWay way) {
  const RadiusServer& server = profile_->pae->servers[way.server];
  auto opened = RadiusConnection::open(loop_, streams_, tls_profiles_.at(way.server), server,
                                       {.established =
                                            [this, way](const std::string& version) {
                                              client_.on_connected(way, version, boot_time());
                                              if (way.socket == 0) accountant_.on_connected(way, boot_time());
                                              settle();
                                            },
                                        .packet = [this, way](Bytes packet) { on_packet(way, packet); },
                                        .ended =
                                            [this, way](core::RadiusProblem problem, const std::string& words) {
                                              retire(way);
                                              client_.on_disconnected(way, problem, words, boot_time());
                                              settle();
                                            }});
  if (opened) {
    connections_.insert_or_assign(way, std::move(*opened));
    return;
  }
  const auto problem = core::radius_problem_of(opened.error().code).value_or(core::RadiusProblem::silent);
  client_.on_disconnected(way, problem, core::words_of_error(problem, opened.error(), server), boot_time());
}

void RadiusLink::retire(core::RadiusWay way) {
  const auto at = connections_.find(way);
  if (at == connections_.end()) return;
  at->second->close();
  ended_.push_back(std::move(at->second));
  connections_.erase(at);
  tell_.schedule();
}

void RadiusLink::on_packet(core::RadiusWay way, Bytes packet) {
  const bool of_records = packet[1] >= core::records_over_tls.first;
  if (of_records && way.socket == 0)
    accountant_.on_datagram(way.server, way.socket, packet);
  else
    client_.on_datagram(way.server, way.socket, packet, boot_time());
  settle();
}

Result<void> RadiusLink::send(std::size_t place, const core::RadiusDatagram& datagram) {
  if (tls_profiles_.contains(datagram.server)) {
    // What waits for a connection is sent again by its owner once that is there.
    if (const auto at = connections_.find({datagram.server, datagram.socket});
        at != connections_.end() && at->second->is_established())
      at->second->send(datagram.octets);
    return {};
  }
  const auto to = socket(place, datagram.socket);
  if (!to) return std::unexpected{to.error()};
  auto sent = (*to)->send(datagram.octets);
  if (sent || sent.error().code == ECONNREFUSED) return sent;
  if (sent.error().code == EAGAIN || sent.error().code == ENOBUFS || sent.error().code == ENOMEM) return sent;
  // Its source address may be one that this host has no more.
  if (const auto done = (*to)->reconnect(); !done) return done;
  return (*to)->send(datagram.octets);
}

void RadiusLink::settle() {
  follow_wishes();
  while (const auto datagram = client_.poll_datagram())
    if (const auto sent = send(datagram->server, *datagram); !sent)
      client_.on_unsent(*datagram, sent.error(), boot_time());
  // A record that cannot be sent now is sent again with the rest.
  while (const auto datagram = accountant_.poll_datagram())
    static_cast<void>(send(servers() + datagram->server, *datagram));
  if (const auto next = sooner(client_.next_timeout(), accountant_.next_timeout()))
    timer_.arm(*next);
  else
    timer_.disarm();
  tell_.schedule();
}

void RadiusLink::receive(std::size_t place, std::size_t at) {
  std::array<std::uint8_t, max_radius_size> buffer{};
  for (unsigned i = 0; i < datagram_budget; ++i) {
    const auto got = sockets_[place][at]->socket->receive(buffer);
    if (got && !*got) break;
    if (place >= servers()) {
      if (got) accountant_.on_datagram(place - servers(), at, **got);
    } else if (got) {
      client_.on_datagram(place, at, **got, boot_time());
    } else {
      client_.on_error(place, at, got.error(), boot_time());
    }
  }
  settle();
}

void RadiusLink::tell() {
  ended_.clear();
  while (const auto event = client_.poll_event()) {
    // The next request goes by the route that there is then.
    if (event->kind == core::RadiusEvent::Kind::server_dead)
      for (const auto& socket : sockets_[event->place])
        if (socket->socket) static_cast<void>(socket->socket->reconnect());
    receiver_.event(*event);
  }
  while (auto report = client_.poll_report()) receiver_.report(report->first, std::move(report->second));
  if (receiver_.settled) receiver_.settled();
}

}  // namespace macsec::os
