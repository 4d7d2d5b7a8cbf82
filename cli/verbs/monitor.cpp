// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/glob.hpp"
#include "cli/verbs/table.hpp"
#include "dbus/client/mirror.hpp"
#include "engine/base/text.hpp"

#include <algorithm>
#include <csignal>

namespace macsec::cli {
namespace {

using EventPointer = std::unique_ptr<sd_event, Releases<sd_event_unref>>;

class Monitor {
 public:
  explicit Monitor(Context& context) : context_{context} {}

  void on_change(const bus::Change& change) {
    using Kind = bus::Change::Kind;
    switch (change.kind) {
      case Kind::ready:
        for (const auto& [path, state] : mirror->objects())
          if (state.contains(bus::interface::session)) {
            show_state(path);
            note_servers(path, false);
          }
        context_.flush(false);
        return;
      case Kind::gone:
        return tell(Context::now(), "-", "daemon-gone", "macsecd left the bus", Style::bad);
      case Kind::added:
      case Kind::removed:
        return on_object(change);
      case Kind::changed:  // what else matters comes as an event
        if (change.interface == bus::interface::authenticator) note_servers(change.path, true);
        return;
    }
  }

  void on_event(const std::string& path, const bus::SessionEvent& event) {
    const auto session = mirror->session(path);
    const bool secured = event.kind == "state-changed" && event.text.starts_with("secured");
    constexpr std::array<std::string_view, 7> bad_kinds{
        "secy-error",          "peer-lost",           "insecure",  "authentication-failed",
        "authentication-lost", "certificate-expires", "other-host"};
    const bool bad = std::ranges::find(bad_kinds, event.kind) != bad_kinds.end();
    tell(event.time, session ? session->interface : path, event.kind, event.text,
         bad       ? Style::bad
         : secured ? Style::good
                   : Style::plain);
  }

  bus::Mirror* mirror = nullptr;

 private:
  void on_object(const bus::Change& change) {
    const bool added = change.kind == bus::Change::Kind::added;
    if (change.interface == bus::interface::session) {
      if (added) return show_state(change.path);
      if (const auto session = mirror->session(change.path))
        tell(Context::now(), session->interface, "session-removed", "the session ended", Style::plain);
    } else if (const auto profile = mirror->profile(change.path)) {
      if (context_.arguments.empty())
        tell(Context::now(), "-", added ? "profile-added" : "profile-removed", profile->name, Style::plain);
    }
  }

  /// RADIUS servers are shared by ports, and each port shows what became of them.
  void note_servers(const std::string& path, bool aloud) {
    const auto object = mirror->objects().find(path);
    const auto session = mirror->session(path);
    if (object == mirror->objects().end() || !session) return;
    const auto port = object->second.find(bus::interface::authenticator);
    if (port == object->second.end()) return;
    for (const bus::RadiusServerInfo& server : bus::to_authenticator(port->second).servers) {
      const std::string name = to_endpoint(server.address, server.port);
      bool& dead = dead_servers_[{path, name}];
      const bool was = std::exchange(dead, server.state == "dead");
      if (!aloud || dead == was) continue;
      if (dead)
        tell(Context::now(), session->interface, "server-dead", name + ": " + server.problem, Style::bad);
      else
        tell(Context::now(), session->interface, "server-alive", name + " answers again", Style::plain);
    }
  }

  void show_state(const std::string& path) {
    if (const auto session = mirror->session(path))
      tell(session->since, session->interface, "state",
           session->state == "secured" || session->reason_text.empty()
               ? session->state
               : fmt::format("{}: {}", session->state, session->reason_text),
           style_of(session->state));
  }

  void tell(Time when, const std::string& link, const std::string& kind, const std::string& text, Style style) {
    const auto& wanted = context_.arguments;
    const auto means = [&link](const std::string& name) { return fits(link, name); };
    if (!wanted.empty() && link != "-" && std::ranges::none_of(wanted, means)) return;
    if (context_.json()) {
      bus::Value::Dict entry{{"Interface", bus::Value{bus::Value::Data{link == "-" ? std::string{} : link}}},
                             {"Kind", bus::Value{bus::Value::Data{kind}}},
                             {"Text", bus::Value{bus::Value::Data{text}}},
                             {"Time", bus::Value{bus::Value::Data{when.time_since_epoch().count()}}}};
      context_.print_json(bus::Value{bus::Value::Data{std::move(entry)}});
    } else {
      context_.print("{} {:<8} {} {}\n", paint(context_.screen, Style::dim, Context::clock(when)), printable(link),
                     paint(context_.screen, style, fmt::format("{:<17}", printable(kind))), printable(text));
    }
    context_.flush(false);
  }

  Context& context_;
  std::map<std::pair<std::string, std::string>, bool> dead_servers_;  ///< by path of the session and name
};

}  // namespace

Exit run_monitor(Context& context) {
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGINT);
  sigaddset(&ends, SIGTERM);
  sigprocmask(SIG_BLOCK, &ends, nullptr);
  bus::Client* const daemon = context.client();
  if (daemon == nullptr) return context.status;
  sd_event* raw = nullptr;
  if (sd_event_new(&raw) < 0) return context.complain(Exit::failed, "cannot make an event loop");
  const EventPointer event{raw};
  if (const auto attached = daemon->attach(raw); !attached)
    return context.complain(Exit::failed, attached.error().message);
  sd_event_add_signal(raw, nullptr, SIGINT, nullptr, nullptr);
  sd_event_add_signal(raw, nullptr, SIGTERM, nullptr, nullptr);
  Monitor monitor{context};
  bus::Mirror mirror{
      *daemon,
      {.changed = [&monitor](const bus::Change& change) { monitor.on_change(change); },
       .event = [&monitor](const std::string& path, const bus::SessionEvent& each) { monitor.on_event(path, each); }}};
  monitor.mirror = &mirror;
  sd_event_loop(raw);
  sd_bus_detach_event(daemon->bus());
  return Exit::ok;
}

}  // namespace macsec::cli
