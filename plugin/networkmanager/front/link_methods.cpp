// SPDX-License-Identifier: LGPL-2.1-or-later
// The object NetworkManager holds for one macsec device. No class of its own: Supplicant::Link is the state, and each method
// moves runs, connections and the other links, too.
#include "dbus/bus/names.hpp"
#include "plugin/networkmanager/front/supplicant.hpp"
#include "plugin/networkmanager/names.hpp"

#include <fmt/format.h>

namespace macsec::nm {
namespace {

constexpr const char* introspection = R"(<!DOCTYPE node PUBLIC "-//freedesktop//DTD D-BUS Object Introspection 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/introspect.dtd">
<node>
 <interface name="fi.w1.wpa_supplicant1.Interface">
  <method name="AddNetwork"><arg name="args" type="a{sv}" direction="in"/><arg name="path" type="o" direction="out"/></method>
  <method name="SelectNetwork"><arg name="path" type="o" direction="in"/></method>
  <method name="RemoveNetwork"><arg name="path" type="o" direction="in"/></method>
  <method name="Disconnect"/>
  <method name="AddBlob"><arg name="name" type="s" direction="in"/><arg name="data" type="ay" direction="in"/></method>
  <method name="GetBlob"><arg name="name" type="s" direction="in"/><arg name="data" type="ay" direction="out"/></method>
  <method name="RemoveBlob"><arg name="name" type="s" direction="in"/></method>
  <property name="State" type="s" access="read"/>
  <property name="Ifname" type="s" access="read"/>
  <property name="Driver" type="s" access="read"/>
  <property name="Blobs" type="a{say}" access="read"/>
  <property name="ApScan" type="u" access="write"/>
  <property name="Dot11RSNAConfigPMKLifetime" type="s" access="write"/>
 </interface>
 <interface name="org.freedesktop.DBus.Properties">
  <method name="Get"><arg type="s" direction="in"/><arg type="s" direction="in"/><arg type="v" direction="out"/></method>
  <method name="GetAll"><arg type="s" direction="in"/><arg type="a{sv}" direction="out"/></method>
  <method name="Set"><arg type="s" direction="in"/><arg type="s" direction="in"/><arg type="v" direction="in"/></method>
  <signal name="PropertiesChanged"><arg type="s"/><arg type="a{sv}"/><arg type="as"/></signal>
 </interface>
</node>
)";

constexpr std::size_t most_networks = 16;
constexpr std::size_t most_blobs = 64;
constexpr std::size_t blob_size = 256 * 1024;
constexpr std::size_t all_blobs_size = 8 * 1024 * 1024;  ///< of all links

int done(sd_bus_message* message) { return sd_bus_reply_method_return(message, ""); }

int put_blob(sd_bus_message* message, const WipedText& blob) {
  return sd_bus_message_append_array(message, 'y', blob.view().data(), blob.size());
}

int reply_blobs(sd_bus_message* message, const std::map<std::string, WipedText>& blobs) {
  sd_bus_message* raw = nullptr;
  int r = sd_bus_message_new_method_return(message, &raw);
  const bus::MessagePointer reply{raw};
  if (r >= 0) r = sd_bus_message_sensitive(raw);
  if (r >= 0) r = sd_bus_message_open_container(raw, 'v', "a{say}");
  if (r >= 0) r = sd_bus_message_open_container(raw, 'a', "{say}");
  for (const auto& [name, blob] : blobs) {
    if (r >= 0) r = sd_bus_message_open_container(raw, 'e', "say");
    if (r >= 0) r = bus::put(raw, name);
    if (r >= 0) r = put_blob(raw, blob);
    if (r >= 0) r = sd_bus_message_close_container(raw);
  }
  if (r >= 0) r = sd_bus_message_close_container(raw);
  if (r >= 0) r = sd_bus_message_close_container(raw);
  return r < 0 ? r : sd_bus_message_send(raw);
}

}  // namespace

int Supplicant::call_link(Link& link, sd_bus_message* message, std::string_view interface, std::string_view member) {
  if (interface == link_interface || interface.empty()) {
    if (member == "AddNetwork") return add_network(link, message);
    if (member == "SelectNetwork") return select_network(link, message);
    if (member == "RemoveNetwork") return remove_network(link, message);
    if (member == "Disconnect") return disconnect(link, message);
    if (member == "AddBlob") return add_blob(link, message);
    if (member == "RemoveBlob" || member == "GetBlob") return remove_blob(link, message);
  }
  if (interface == bus::interface::properties) return call_properties(link, message, member);
  if (interface == "org.freedesktop.DBus.Introspectable" && member == "Introspect")
    return sd_bus_reply_method_return(message, "s", introspection);
  return refuse(message, SD_BUS_ERROR_UNKNOWN_METHOD, fmt::format("a MACsec link has no method {}", member));
}

int Supplicant::call_properties(Link& link, sd_bus_message* message, std::string_view member) {
  std::string interface;
  if (bus::get(message, interface) < 0) return refuse(message, SD_BUS_ERROR_INVALID_ARGS, "an interface is expected");
  // Options of Wi-Fi that mean nothing here; NetworkManager takes a refusal of some for a failure.
  if (member == "Set") return done(message);
  const bus::Dictionary properties =
      interface == link_interface
          ? bus::Dictionary{{"State", link.state}, {"Ifname", link.parent}, {"Driver", std::string{macsec_driver}}}
          : bus::Dictionary{};
  if (member == "GetAll") {
    sd_bus_message* raw = nullptr;
    int r = sd_bus_message_new_method_return(message, &raw);
    const bus::MessagePointer reply{raw};
    if (r >= 0) r = bus::put(raw, properties);
    return r < 0 ? r : sd_bus_message_send(raw);
  }
  std::string name;
  if (member != "Get" || bus::get(message, name) < 0)
    return refuse(message, SD_BUS_ERROR_INVALID_ARGS, "the name of a property is expected");
  if (name == "Blobs") return reply_blobs(message, link.blobs);
  const auto found = properties.find(name);
  if (found == properties.end())
    return refuse(message, SD_BUS_ERROR_UNKNOWN_PROPERTY, fmt::format("a MACsec link has no property {}", name));
  return sd_bus_reply_method_return(message, "v", "s", std::get<std::string>(found->second).c_str());
}

int Supplicant::add_network(Link& link, sd_bus_message* message) {
  if (link.networks.size() == most_networks)
    return refuse(message, supplicant_error::unknown, fmt::format("more than {} networks", most_networks));
  auto network = read_network(message);
  if (!network) return refuse(message, supplicant_error::invalid_args, network.error().message);
  const std::string path = fmt::format("{}/Networks/{}", link.path, link.next_network++);
  link.networks.emplace(path, std::move(*network));
  return sd_bus_reply_method_return(message, "o", path.c_str());
}

int Supplicant::select_network(Link& link, sd_bus_message* message) {
  bus::ObjectPath path;
  if (bus::get(message, path) < 0) return refuse(message, supplicant_error::invalid_args, "a path is expected");
  if (!link.networks.contains(path.text))
    return refuse(message, supplicant_error::network_unknown, fmt::format("there is no network {}", path.text));
  answer_selection(link, "another network is selected");
  link.selected = path.text;
  link.selecting = bus::share(message);
  link.lookups = 0;
  link.patient = true;
  link.patience.arm(event_, options_.patience);
  set_state(link, "disconnected");
  look_up(link);
  return 0;
}

int Supplicant::remove_network(Link& link, sd_bus_message* message) {
  bus::ObjectPath path;
  if (bus::get(message, path) < 0) return refuse(message, supplicant_error::invalid_args, "a path is expected");
  if (!link.networks.contains(path.text))
    return refuse(message, supplicant_error::network_unknown, fmt::format("there is no network {}", path.text));
  if (link.selected == path.text) {
    release(link);
    set_state(link, "disconnected");
  }
  link.networks.erase(path.text);
  return done(message);
}

int Supplicant::disconnect(Link& link, sd_bus_message* message) {
  release(link);
  const int r = done(message);
  set_state(link, "disconnected");
  return r;
}

int Supplicant::add_blob(Link& link, sd_bus_message* message) {
  std::string name;
  const void* data = nullptr;
  std::size_t size = 0;
  if (bus::get(message, name) < 0 || sd_bus_message_read_array(message, 'y', &data, &size) < 0)
    return refuse(message, supplicant_error::invalid_args, "a name and octets are expected");
  if (size > blob_size || link.blobs.size() == most_blobs)
    return refuse(
        message, supplicant_error::invalid_args,
        fmt::format("{} of {} octets: at most {} blobs of {} octets are accepted", name, size, most_blobs, blob_size));
  std::size_t held = size;
  for (const auto& [path, each] : links_)
    for (const auto& [other, octets] : each->blobs) held += octets.size();
  if (held > all_blobs_size)
    return refuse(message, supplicant_error::unknown, fmt::format("blobs of more than {} octets", all_blobs_size));
  if (!link.blobs.emplace(name, WipedText{std::string_view{static_cast<const char*>(data), size}}).second)
    return refuse(message, supplicant_error::blob_exists, fmt::format("there is a blob {} already", name));
  return done(message);
}

int Supplicant::remove_blob(Link& link, sd_bus_message* message) {
  std::string name;
  if (bus::get(message, name) < 0) return refuse(message, supplicant_error::invalid_args, "a name is expected");
  const auto found = link.blobs.find(name);
  if (found == link.blobs.end())
    return refuse(message, supplicant_error::blob_unknown, fmt::format("there is no blob {}", name));
  if (std::string_view{sd_bus_message_get_member(message)} == "RemoveBlob") {
    link.blobs.erase(found);
    return done(message);
  }
  sd_bus_message* raw = nullptr;
  int r = sd_bus_message_new_method_return(message, &raw);
  const bus::MessagePointer reply{raw};
  if (r >= 0) r = sd_bus_message_sensitive(raw);
  if (r >= 0) r = put_blob(raw, found->second);
  return r < 0 ? r : sd_bus_message_send(raw);
}

}  // namespace macsec::nm
