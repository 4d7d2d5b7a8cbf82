// SPDX-License-Identifier: LGPL-2.1-or-later
// What macsec-nm knows, written down for the next process. No class of its own: it reads and fills every member of a Supplicant.
#include "plugin/networkmanager/front/supplicant.hpp"
#include "plugin/networkmanager/log.hpp"

#include <algorithm>

namespace macsec::nm {
namespace {

void put(Record& record, const Network& network, Layout layout) {
  record.octets(network.ckn.octets());
  record.octets(network.cak.expose());
  record.number(network.encrypt ? 1 : 0);
  record.number(network.port);
  const auto optional = [&record](const auto& value) {
    record.number(value ? 1 : 0);
    record.number(value ? static_cast<std::uint64_t>(*value) : 0);
  };
  optional(network.offload);
  optional(network.priority);
  optional(network.replay_protect);
  optional(network.replay_window);
  if (layout == Layout::keys) return;
  record.number(network.does_eap ? 1 : 0);
  record.number(network.eap.size());
  for (const auto& [key, value] : network.eap) {
    record.text(key);
    record.octets(bus::octets_of(value));
  }
}

template <typename T>
std::optional<T> take(RecordReader& reader) {
  const bool there = reader.number() != 0;
  const T value = reader.as<T>();
  return there ? std::optional{value} : std::nullopt;
}

Network take_network(RecordReader& reader, Layout layout) {
  Network network;
  if (const auto ckn = Ckn::from(reader.octets())) network.ckn = *ckn;
  network.cak = Secret<32>{reader.octets()};
  network.encrypt = reader.number() != 0;
  network.port = reader.as<std::uint16_t>();
  network.offload = take<int>(reader);
  network.priority = take<int>(reader);
  network.replay_protect = take<bool>(reader);
  network.replay_window = take<std::uint32_t>(reader);
  if (layout == Layout::keys) return network;
  network.does_eap = reader.number() != 0;
  for (std::uint64_t left = reader.number(); left > 0 && reader.ok(); --left) {
    std::string key = reader.text();
    network.eap.emplace_back(std::move(key), bus::to_secret(reader.octets()));
  }
  return network;
}

void put(Record& record, const std::map<std::string, WipedText>& blobs) {
  record.number(blobs.size());
  for (const auto& [name, blob] : blobs) {
    record.text(name);
    record.octets(bus::octets_of(blob));
  }
}

}  // namespace

Layout Supplicant::layout() const {
  const auto does_eap = [](const auto& named) { return named.second.does_eap; };
  const auto with_802_1x = [&](const auto& named) {
    return !named.second->blobs.empty() || std::ranges::any_of(named.second->networks, does_eap);
  };
  return std::ranges::any_of(links_, with_802_1x) ? Layout::authentication : Layout::keys;
}

void Supplicant::save(Record& record, Layout layout) const {
  record.number(next_link_);
  record.number(links_.size());
  for (const auto& [path, link] : links_) {
    record.text(path);
    record.text(link->parent);
    record.number(link->parent_index);
    record.text(link->owner);
    record.text(link->state);
    record.number(link->next_network);
    record.number(link->networks.size());
    for (const auto& [name, network] : link->networks) {
      record.text(name);
      put(record, network, layout);
    }
    if (layout != Layout::keys) put(record, link->blobs);
    record.text(link->selected);
    record.text(link->device);
    record.number(link->patient ? 1 : 0);
    record.number(link->connection ? 1 : 0);
    const Connection connection = link->connection.value_or(Connection{});
    record.text(connection.id);
    record.text(connection.uuid);
    record.number(connection.is_private ? 1 : 0);
    record.number(static_cast<std::uint64_t>(connection.validation));
    record.text(connection.addressing);
    record.texts(connection.user_data);
  }
}

void Supplicant::restore(RecordReader& reader, Layout layout) {
  next_link_ = reader.as<unsigned>();
  for (std::uint64_t left = reader.number(); left > 0 && reader.ok(); --left) {
    auto link = std::make_unique<Link>(*this, 0);
    link->path = reader.text();
    link->parent = reader.text();
    link->parent_index = reader.as<unsigned>();
    link->owner = reader.text();
    link->state = reader.text();
    link->next_network = reader.as<unsigned>();
    for (std::uint64_t networks = reader.number(); networks > 0 && reader.ok(); --networks) {
      const std::string name = reader.text();
      link->networks.emplace(name, take_network(reader, layout));
    }
    for (std::uint64_t blobs = layout == Layout::keys ? 0 : reader.number(); blobs > 0 && reader.ok(); --blobs) {
      const std::string name = reader.text();
      link->blobs.emplace(name, bus::to_secret(reader.octets()));
    }
    link->selected = reader.text();
    link->device = reader.text();
    link->patient = reader.number() != 0;
    const bool known = reader.number() != 0;
    Connection connection;
    connection.id = reader.text();
    connection.uuid = reader.text();
    connection.is_private = reader.number() != 0;
    connection.validation = reader.as<int>();
    connection.addressing = reader.text();
    connection.user_data = reader.texts();
    if (known) link->connection = std::move(connection);
    if (reader.ok()) links_.emplace(link->path, std::move(link));
  }
  for (const auto& [path, link] : links_) resume(*link);
}

/// Runs again what ran; macsecd may not have noticed that it was without us.
void Supplicant::resume(Link& link) {
  if (link.selected.empty() || link.device.empty() || !link.networks.contains(link.selected)) return;
  const auto device = find_device(link);
  if (!device || device->name != link.device) return;
  log_line(SD_INFO, "{}: goes on", link.device);
  if (link.state != "completed" && link.patient) link.patience.arm(event_, options_.patience);
  run(link, *device, link.connection);
}

}  // namespace macsec::nm
