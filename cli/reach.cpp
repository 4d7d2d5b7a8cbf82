// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/reach.hpp"

#include "dbus/bus/names.hpp"

#include <cstdlib>
#include <fmt/format.h>

namespace macsec::cli {
namespace {

using std::chrono::microseconds;

constexpr const char* systemd = "org.freedesktop.systemd1";
constexpr const char* unit_interface = "org.freedesktop.systemd1.Unit";
constexpr const char* service_interface = "org.freedesktop.systemd1.Service";
constexpr microseconds activation = std::chrono::seconds{22};  // and 3 s before
constexpr std::string_view see = "; see: systemctl status macsecd; journalctl -u macsecd";

/// What the service manager knows of macsecd.service.
struct Unit {
  std::string load;
  std::string active;
  std::string sub;
  std::string result;
  std::int32_t status = 0;  ///< exit status of the last run

  [[nodiscard]] bool failing() const {
    return active == "failed" || sub == "auto-restart" || (!result.empty() && result != "success");
  }
  [[nodiscard]] bool starting() const { return active == "activating" && !failing(); }
};

std::string property(sd_bus* bus, const std::string& path, const char* interface, const char* name) {
  char* raw = nullptr;
  if (sd_bus_get_property_string(bus, systemd, path.c_str(), interface, name, nullptr, &raw) < 0) return {};
  const std::unique_ptr<char, Releases<std::free>> text{raw};
  return text.get();
}

std::optional<Unit> read_unit(sd_bus* bus) {
  sd_bus_set_method_call_timeout(bus, 1'000'000);
  sd_bus_message* raw = nullptr;
  const int r = sd_bus_call_method(bus, systemd, "/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager",
                                   "LoadUnit", nullptr, &raw, "s", "macsecd.service");
  const bus::MessagePointer reply{raw};
  bus::ObjectPath path;
  if (r < 0 || bus::get(raw, path) < 0) return std::nullopt;
  Unit unit{
      property(bus, path.text, unit_interface, "LoadState"), property(bus, path.text, unit_interface, "ActiveState"),
      property(bus, path.text, unit_interface, "SubState"), property(bus, path.text, service_interface, "Result")};
  sd_bus_get_property_trivial(bus, systemd, path.text.c_str(), service_interface, "ExecMainStatus", nullptr, 'i',
                              &unit.status);
  sd_bus_set_method_call_timeout(bus, 0);
  return unit;
}

std::string explain(const Unit& unit) {
  if (unit.load == "not-found") return "macsecd.service is not installed, nothing to ask";
  if (unit.load == "masked") return "macsecd.service is masked: systemctl unmask macsecd";
  if (unit.failing())
    return fmt::format("macsecd does not start ({}{}){}", unit.result.empty() ? "failed" : unit.result,
                       unit.status != 0 ? fmt::format(", exit status {}", unit.status) : "", see);
  if (unit.active == "inactive") return fmt::format("macsecd does not run: systemctl enable --now macsecd{}", see);
  if (unit.active == "activating") return fmt::format("macsecd is still starting{}", see);
  return fmt::format("macsecd runs, but did not answer within {} s{}", answer_time.count(), see);
}

/// Empty where there was any answer.
std::optional<bus::CallError> ping(sd_bus* bus, microseconds timeout) {
  sd_bus_message* raw = nullptr;
  int r =
      sd_bus_message_new_method_call(bus, &raw, bus::service_name, bus::root_path, "org.freedesktop.DBus.Peer", "Ping");
  const bus::MessagePointer call{raw};
  bus::BusError error;
  sd_bus_message* answer = nullptr;
  if (r >= 0) r = sd_bus_call(bus, raw, static_cast<std::uint64_t>(timeout.count()), error.get(), &answer);
  const bus::MessagePointer reply{answer};
  if (r >= 0) return std::nullopt;
  bus::CallError told = bus::to_call_error(*error.get());
  using Kind = bus::CallError::Kind;
  const bool silent = told.kind == Kind::unreachable || told.kind == Kind::timeout || told.name.starts_with(systemd);
  // The bus itself gives up on a service that does not take its name.
  if (!silent && told.name != "org.freedesktop.DBus.Error.TimedOut") return std::nullopt;
  return told;
}

}  // namespace

bus::Outcome<bus::Nothing> reach(sd_bus* bus, const std::function<void()>& starting) {
  auto error = ping(bus, answer_time);
  if (!error) return bus::Nothing{};
  auto unit = read_unit(bus);
  if (error->kind == bus::CallError::Kind::timeout && unit && unit->starting()) {
    starting();
    error = ping(bus, activation);
    if (!error) return bus::Nothing{};
    unit = read_unit(bus);
  }
  if (unit) return std::unexpected{bus::CallError{bus::CallError::Kind::unreachable, error->name, explain(*unit)}};
  std::string text = error->kind == bus::CallError::Kind::timeout
                         ? fmt::format("macsecd did not answer within {} s", answer_time.count())
                         : "macsecd is not on the bus: " + error->text;
  return std::unexpected{
      bus::CallError{bus::CallError::Kind::unreachable, error->name, std::move(text) + std::string{see}}};
}

}  // namespace macsec::cli
