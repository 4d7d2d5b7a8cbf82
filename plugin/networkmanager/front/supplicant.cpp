// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin/networkmanager/front/supplicant.hpp"

#include "dbus/bus/callback.hpp"
#include "dbus/bus/connection.hpp"
#include "dbus/bus/names.hpp"
#include "plugin/networkmanager/log.hpp"
#include "plugin/networkmanager/names.hpp"

#include <algorithm>
#include <cerrno>
#include <set>

namespace macsec::nm {
namespace {

constexpr std::chrono::microseconds lookup_step = std::chrono::milliseconds{50};
/// The policy of some distributions lets a group of users call this.
constexpr std::size_t most_links = 256;

bool is_owner(const std::string& owner, sd_bus_message* message) {
  const char* sender = sd_bus_message_get_sender(message);
  return sender != nullptr && owner == sender;
}

/// What changes nothing, and tells nothing that is not public.
bool only_reads(std::string_view interface, std::string_view member) {
  return interface == "org.freedesktop.DBus.Introspectable" ||
         (interface == bus::interface::properties && member == "GetAll");
}

/// No supplicant is there for a call that is not about MACsec.
void nobody(sd_bus_message* message) {
  refuse(message, supplicant_error::unknown, "no wpa_supplicant runs behind macsec-nm");
}

}  // namespace

Supplicant::Link::Link(Supplicant& supplicant, unsigned number)
    : path{fmt::format("{}{}", own_prefix, number)},
      lookup{[&supplicant, this] { supplicant.look_up(*this); }},
      patience{[&supplicant, this] {
        patient = false;
        supplicant.evaluate(*this);
      }} {}

Supplicant::Supplicant(sd_event* event, sd_bus* bus, Runs& runs, Proxy& proxy, Connections& connections,
                       SupplicantOptions options)
    : event_{event}, bus_{bus}, runs_{runs}, proxy_{proxy}, connections_{connections}, options_{std::move(options)} {}

Result<void> Supplicant::start(std::function<void(const std::string&)> lost) {
  lost_ = std::move(lost);
  sd_bus_slot* slot = nullptr;
  int r = sd_bus_add_fallback(bus_, &slot, supplicant_path, bus::callback<&Supplicant::on_call>, this);
  slots_.emplace_back(slot);
  slot = nullptr;
  // Answered before the name is: nobody calls before what an earlier process remembered is right again.
  if (r >= 0 && !links_.empty()) {
    r = sd_bus_call_method_async(bus_, &slot, bus::bus_service, bus::bus_path, bus::bus_service, "ListNames",
                                 bus::callback<&Supplicant::on_names>, this, "");
    slots_.emplace_back(slot);
    slot = nullptr;
  }
  if (r >= 0) r = sd_bus_request_name_async(bus_, &slot, supplicant_name, 0, bus::callback<&Supplicant::on_name>, this);
  slots_.emplace_back(slot);
  slot = nullptr;
  const std::string rule = fmt::format("type='signal',sender='{}',member='NameOwnerChanged',arg2=''", bus::bus_service);
  if (r >= 0)
    r = sd_bus_add_match_async(bus_, &slot, rule.c_str(), bus::callback<&Supplicant::on_departure>, nullptr, this);
  slots_.emplace_back(slot);
  if (r < 0) return std::unexpected{bus::bus_failure(r, "serve the bus")};
  return {};
}

void Supplicant::on_name(sd_bus_message* answer) {
  std::uint32_t outcome = 0;
  const bool owner = sd_bus_message_is_method_error(answer, nullptr) == 0 && bus::get(answer, outcome) >= 0 &&
                     (outcome == 1 || outcome == 4);
  if (owner) {
    // NetworkManager, which starts after this, asks once what the supplicant can do.
    proxy_.when_settled([] { sd_notify(0, "READY=1\nSTATUS=Serving NetworkManager"); });
  } else {
    const sd_bus_error* error = sd_bus_message_get_error(answer);
    lost_(error != nullptr && error->message != nullptr
              ? error->message
              : "another program has it, probably wpa_supplicant.service: see macsec-nm --enable");
  }
}

void Supplicant::on_departure(sd_bus_message* signal) {
  std::string name;
  if (bus::get(signal, name) >= 0) leave(name);
}

/// A program may have left while nobody here could hear of it.
void Supplicant::on_names(sd_bus_message* answer) {
  bus::Strings names;
  if (sd_bus_message_is_method_error(answer, nullptr) != 0 || bus::get(answer, names) < 0) return;
  std::set<std::string> gone;
  for (const auto& [path, link] : links_) gone.insert(link->owner);
  for (const std::string& name : names) gone.erase(name);
  for (const std::string& name : gone) leave(name);
}

void Supplicant::leave(const std::string& program) {
  std::vector<std::string> paths;
  for (const auto& [path, link] : links_)
    if (link->owner == program) paths.push_back(path);
  for (const std::string& path : paths) remove(path, true);
  // NetworkManager ended: what it ran continues until it is back.
  std::erase_if(departures_, [&](const auto& each) {
    if (each.second->owner != program) return false;
    runs_.keep(each.first);
    return true;
  });
  options_.dirty();
}

int Supplicant::on_call(sd_bus_message* message) {
  sd_bus_message_sensitive(message);
  const int r = call(message);
  options_.dirty();
  return r < 0 ? r : 1;
}

int Supplicant::call(sd_bus_message* message) {
  const char* interface_name = sd_bus_message_get_interface(message);
  const std::string_view interface = interface_name == nullptr ? "" : interface_name;
  const std::string_view member = sd_bus_message_get_member(message);
  const std::string path = sd_bus_message_get_path(message);
  if (path == supplicant_path) return call_manager(message, interface, member);
  if (const auto link = links_.find(path); link != links_.end()) {
    if (!only_reads(interface, member) && !is_owner(link->second->owner, message))
      return refuse(message, SD_BUS_ERROR_ACCESS_DENIED, fmt::format("{} is another program's", path));
    return call_link(*link->second, message, interface, member);
  }
  if (path.starts_with(own_prefix))
    return refuse(message, supplicant_error::interface_unknown, fmt::format("{} is gone", path));
  return hand_on(message);
}

int Supplicant::hand_on(sd_bus_message* message) {
  proxy_.forward(message, nobody);
  return 0;
}

// ---- the manager object ---------------------------------------------------------------------------------------------

int Supplicant::call_manager(sd_bus_message* message, std::string_view interface, std::string_view member) {
  if (interface == supplicant_interface) {
    if (member == "CreateInterface") return create_interface(message);
    if (member == "GetInterface") return get_interface(message);
    if (member == "RemoveInterface") return remove_interface(message);
  }
  if (interface == bus::interface::properties) return manager_properties(message);
  return hand_on(message);
}

int Supplicant::manager_properties(sd_bus_message* message) {
  const bool all = std::string_view{sd_bus_message_get_member(message)} == "GetAll";
  proxy_.forward(message, [all](sd_bus_message* call) {
    if (!all) return nobody(call);
    // Without a capability NetworkManager asks for nothing that has to do with Wi-Fi.
    sd_bus_message* raw = nullptr;
    int r = sd_bus_message_new_method_return(call, &raw);
    const bus::MessagePointer reply{raw};
    const bus::Dictionary properties{{"Capabilities", bus::Strings{}}, {"EapMethods", bus::Strings{}}};
    if (r >= 0) r = bus::put(raw, properties);
    if (r >= 0) sd_bus_message_send(raw);
  });
  return 0;
}

int Supplicant::create_interface(sd_bus_message* message) {
  bus::Dictionary wanted;
  if (bus::get(message, wanted) < 0) return hand_on(message);  // let the supplicant say what is wrong
  const auto* driver = std::get_if<std::string>(&wanted["Driver"]);
  if (driver == nullptr || *driver != macsec_driver) return hand_on(message);
  const auto* parent = std::get_if<std::string>(&wanted["Ifname"]);
  if (parent == nullptr) return refuse(message, supplicant_error::invalid_args, "Ifname (s) is missing");
  for (const auto& [key, value] : wanted)
    if (key != "Driver" && key != "Ifname" && key != "BridgeIfname" && key != "ConfigFile")
      return refuse(message, supplicant_error::invalid_args, fmt::format("{} is not known", key));
  const unsigned index = options_.index(*parent);
  if (index == 0)
    return refuse(message, supplicant_error::interface_unknown, fmt::format("there is no interface {}", *parent));
  // One program may have several, for several devices on one parent; two programs would take each other's devices.
  for (const auto& [path, other] : links_)
    if (other->parent_index == index && !is_owner(other->owner, message))
      return refuse(message, supplicant_error::interface_exists,
                    fmt::format("another program has {} on {} already", path, *parent));
  if (links_.size() == most_links)
    return refuse(message, supplicant_error::unknown, fmt::format("more than {} interfaces", most_links));
  auto link = std::make_unique<Link>(*this, next_link_++);
  link->parent = *parent;
  link->parent_index = index;
  const char* sender = sd_bus_message_get_sender(message);
  link->owner = sender == nullptr ? "" : sender;
  const std::string path = link->path;
  links_.emplace(path, std::move(link));
  sd_bus_emit_signal(bus_, supplicant_path, supplicant_interface, "InterfaceAdded", "oa{sv}", path.c_str(), 2, "Ifname",
                     "s", parent->c_str(), "Driver", "s", macsec_driver);
  return sd_bus_reply_method_return(message, "o", path.c_str());
}

int Supplicant::get_interface(sd_bus_message* message) {
  std::string name;
  if (bus::get(message, name) < 0) return hand_on(message);
  const auto own = std::ranges::find_if(links_, [&name](const auto& each) { return each.second->parent == name; });
  const std::string path = own == links_.end() ? "" : own->first;
  const auto answer_own = [path](sd_bus_message* call) {
    if (path.empty())
      refuse(call, supplicant_error::interface_unknown, "wpa_supplicant knows nothing about this interface.");
    else
      sd_bus_reply_method_return(call, "o", path.c_str());
  };
  proxy_.forward(message, answer_own, [path, answer_own](sd_bus_message* call, const sd_bus_error& error) {
    if (path.empty() || std::string_view{error.name} != supplicant_error::interface_unknown) return false;
    answer_own(call);
    return true;
  });
  return 0;
}

int Supplicant::remove_interface(sd_bus_message* message) {
  bus::ObjectPath path;
  if (bus::get(message, path) < 0 || !path.text.starts_with(own_prefix)) return hand_on(message);
  if (!links_.contains(path.text))
    return refuse(message, supplicant_error::interface_unknown, fmt::format("{} is gone", path.text));
  if (!is_owner(links_.at(path.text)->owner, message))
    return refuse(message, SD_BUS_ERROR_ACCESS_DENIED, fmt::format("{} is another program's", path.text));
  const int r = sd_bus_reply_method_return(message, "");
  remove(path.text, true);
  return r;
}

void Supplicant::remove(const std::string& path, bool tell) {
  const auto found = links_.find(path);
  if (found == links_.end()) return;
  release(*found->second);
  links_.erase(found);
  options_.dirty();
  if (tell) sd_bus_emit_signal(bus_, supplicant_path, supplicant_interface, "InterfaceRemoved", "o", path.c_str());
}

void Supplicant::device_gone(unsigned ifindex) {
  runs_.device_gone(ifindex);
  std::vector<std::string> paths;
  for (const auto& [path, link] : links_) {
    if (link->parent_index != ifindex && (ifindex != 0 || options_.index(link->parent) == link->parent_index)) continue;
    if (!link->device.empty()) log_line(SD_NOTICE, "{}: goes with its parent {}", link->device, link->parent);
    paths.push_back(path);
  }
  for (const std::string& path : paths) remove(path, true);
}

// ---- the network of a link ------------------------------------------------------------------------------------------

Result<LinkFacts> Supplicant::find_device(const Link& link) const {
  const std::uint16_t asked = link.networks.at(link.selected).port;
  auto devices = options_.devices();
  if (!devices) return std::unexpected{devices.error()};
  for (LinkFacts& device : *devices)
    if (device.name == link.device && device.parent == link.parent_index) return std::move(device);
  // Not said: NetworkManager means 65534, everybody else 1.
  const std::vector<std::uint16_t> ports =
      asked == 0 ? std::vector<std::uint16_t>{65534, 1} : std::vector<std::uint16_t>{asked};
  for (const std::uint16_t port : ports)
    for (LinkFacts& device : *devices)
      if (device.parent == link.parent_index && device.sci.port() == port) return std::move(device);
  // A connection that is up and comes up again with another port: NetworkManager keeps the device it has.
  for (LinkFacts& device : *devices)
    if (device.parent == link.parent_index && connections_.active_port(device.name) == asked) return std::move(device);
  return fail(ENODEV, fmt::format("{} has no MACsec device with port {}", link.parent, ports.front()));
}

void Supplicant::look_up(Link& link) {
  const auto device = find_device(link);
  const unsigned most = static_cast<unsigned>(options_.lookup / lookup_step);
  if (!device && link.lookups++ < most) return link.lookup.arm(event_, lookup_step);
  if (!device) return answer_selection(link, device.error().message);
  Connection connection;
  Connections::Lookup lookup = connections_.find(device->name, connection);
  // What NetworkManager said last may be the connection from before, whose words are not for this network.
  if (lookup == Connections::Lookup::found && !is_network_of(connection, link.networks.at(link.selected)))
    lookup = Connections::Lookup::absent;
  if (lookup == Connections::Lookup::absent && link.lookups++ < most) return link.lookup.arm(event_, lookup_step);
  if (lookup != Connections::Lookup::found)
    log_line(SD_NOTICE, "{}: NetworkManager does not tell which connection this is; user.data does not apply",
             device->name);
  run(link, *device, lookup == Connections::Lookup::found ? std::optional{std::move(connection)} : std::nullopt);
}

void Supplicant::run(Link& link, const LinkFacts& device, std::optional<Connection> connection) {
  Wanted wanted;
  wanted.parent = link.parent;
  wanted.device = device;
  wanted.network = link.networks.at(link.selected).duplicate();
  if (connection) wanted.extras = read_user_data(*connection);
  if (const std::uint16_t port = wanted.network.port; port != 0 && port != device.sci.port())
    wanted.extras.problems.push_back(
        {false,
         {},
         0,
         "macsec.port",
         fmt::format("macsec.port={}: NetworkManager keeps {}, which was made with port {}; it makes a new one "
                     "after nmcli connection down",
                     port, device.name, device.sci.port())});
  // Whose connection it is decides what may be read for it; unknown is as bad as another's.
  if (wanted.network.does_eap)
    wanted.authentication = make_authentication(wanted.network, {link.blobs, options_.material},
                                                !connection || connection->is_private, wanted.extras);
  departures_.erase(device.name);
  if (connection && !connection->is_private && !suits(wanted))
    connections_.bring_up(connection->uuid, device.name, device.ifindex);
  link.connection = connection;
  wanted.connection = std::move(connection);
  link.device = device.name;
  link.activation = wanted.extras.activation;
  options_.dirty();
  for (const auto& [path, other] : links_)
    if (other.get() != &link && other->device == device.name) other->device.clear();  // claimed by this one
  const std::string path = link.path;
  runs_.run(std::move(wanted), [this, path](const std::optional<std::string>& error) {
    if (const auto found = links_.find(path); found != links_.end()) answer_selection(*found->second, error);
  });
}

void Supplicant::answer_selection(Link& link, const std::optional<std::string>& error) {
  const bus::MessagePointer call = std::exchange(link.selecting, nullptr);
  if (call == nullptr) return;
  if (error) {
    log_line(SD_ERR, "{}: {}", link.device.empty() ? link.parent : link.device, *error);
    link.patience.disarm();
    link.selected.clear();
    refuse(call.get(), supplicant_error::unknown, *error);
    return;
  }
  sd_bus_reply_method_return(call.get(), "");
  set_state(link, "associating");
  evaluate(link);
}

void Supplicant::changed(const std::string& device) {
  for (const auto& [path, link] : links_)
    if (link->device == device) return evaluate(*link);
}

/// Whether NetworkManager may go on. "completed" is never taken back: a peer that is lost may return, and the kernel
/// lets nothing pass meanwhile that should not.
void Supplicant::evaluate(Link& link) {
  if (link.selected.empty() || link.selecting != nullptr || link.device.empty() || link.state == "completed") return;
  const Progress progress = runs_.progress(link.device);
  bool completed = progress == Progress::secured;
  if (progress == Progress::waiting)
    completed = link.activation == Activation::immediate || (link.activation == Activation::automatic && !link.patient);
  if (completed) {
    link.patience.disarm();
    return set_state(link, "completed");
  }
  if (link.patient) return;
  log_line(SD_WARNING, "{}: not reported as connected: {}", link.device, runs_.reason(link.device));
  if (progress == Progress::unknown) return set_state(link, "associated");  // macsecd may be back in time
  // NetworkManager takes this for the end of the activation; without it, it tries twice more before it says so.
  runs_.note_failure(link.device);
  remove(std::string{link.path}, true);
}

void Supplicant::release(Link& link) {
  answer_selection(link, "the network is removed");
  link.lookup.disarm();
  link.patience.disarm();
  link.selected.clear();
  if (link.device.empty()) return;
  const std::string device = std::exchange(link.device, {});
  runs_.park(device);
  auto& departure = departures_[device] = std::make_unique<Departure>(link.owner, [this, device] {
    departures_.erase(device);
    runs_.remove(device);
  });
  departure->timer.arm(event_, options_.departure);
}

void Supplicant::set_state(Link& link, const std::string& state) {
  if (link.state == state) return;
  link.state = state;
  options_.dirty();
  sd_bus_emit_signal(bus_, link.path.c_str(), bus::interface::properties, "PropertiesChanged", "sa{sv}as",
                     link_interface, 1, "State", "s", state.c_str(), 0);
}

}  // namespace macsec::nm
