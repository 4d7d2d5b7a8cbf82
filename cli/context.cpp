// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/context.hpp"

#include "dbus/client/mirror.hpp"
#include "engine/base/text.hpp"

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <sys/ioctl.h>
#include <unistd.h>

namespace macsec::cli {
namespace {

std::optional<Time> fixed_now() {
  const char* const text = std::getenv("MACSECCTL_NOW");
  if (text == nullptr) return std::nullopt;
  const auto value = parse_unsigned(text, INT64_MAX);
  if (!value) return std::nullopt;
  return Time{Duration{static_cast<Duration::rep>(*value)}};
}

Time read_clock(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return Time{std::chrono::seconds{now.tv_sec} + Duration{now.tv_nsec / 1000}};
}

Exit exit_of(bus::CallError::Kind kind) noexcept {
  using Kind = bus::CallError::Kind;
  switch (kind) {
    case Kind::unreachable:
      return Exit::unreachable;
    case Kind::refused:
      return Exit::refused;
    case Kind::not_found:
      return Exit::not_found;
    case Kind::timeout:
      return Exit::timeout;
    case Kind::invalid:
    case Kind::failed:
      return Exit::failed;
  }
  return Exit::failed;
}

std::size_t rows_of_terminal() {
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0) return 0;
  return size.ws_row;
}

using EventPointer = std::unique_ptr<sd_event, Releases<sd_event_unref>>;
using SourcePointer = std::unique_ptr<sd_event_source, Releases<sd_event_source_unref>>;

}  // namespace

Time Context::now() { return fixed_now().value_or(read_clock(CLOCK_BOOTTIME)); }

std::string Context::since(Time when) {
  if (when == Time{}) return {};
  const Duration span = std::max(now() - when, Duration{0});
  const auto seconds = std::chrono::floor<std::chrono::seconds>(span);
  return seconds.count() == 0 ? "0s" : format_duration(seconds);
}

std::string Context::clock(Time when) {
  // A fixed clock has booted with the epoch.
  const Duration offset = fixed_now() ? Duration{0} : read_clock(CLOCK_REALTIME) - read_clock(CLOCK_BOOTTIME);
  const Duration real = when.time_since_epoch() + offset;
  const std::time_t seconds = std::chrono::floor<std::chrono::seconds>(real).count();
  tm parts{};
  localtime_r(&seconds, &parts);
  return fmt::format("{:02}:{:02}:{:02}.{:03}", parts.tm_hour, parts.tm_min, parts.tm_sec, real.count() / 1000 % 1000);
}

bus::Client* Context::client() {
  if (!tried_) {
    tried_ = true;
    auto connected = bus::Client::connect({.address = {}, .interactive = options.ask && isatty(STDIN_FILENO) != 0});
    if (connected)
      client_ = std::move(*connected);
    else
      complain(connected.error());
  }
  return client_.get();
}

Exit Context::complain(const bus::CallError& error) {
  const Exit as = exit_of(error.kind);
  if (as == Exit::unreachable) return complain(as, error.text + "; does macsecd run? See: systemctl status macsecd");
  return complain(as, error.text);
}

Exit Context::complain(Exit as, std::string_view text) {
  fmt::print(stderr, "macsecctl: {}\n", printable(text));
  return status = as;
}

void Context::warn(std::string_view text) const { fmt::print(stderr, "macsecctl: warning: {}\n", printable(text)); }

void Context::flush(bool last) {
  FILE* to = stdout;
  bool paged = false;
  const std::size_t rows = last && options.pager && isatty(STDOUT_FILENO) != 0 ? rows_of_terminal() : 0;
  if (rows != 0 && static_cast<std::size_t>(std::ranges::count(out, '\n')) >= rows) {
    const char* pager = std::getenv("MACSECCTL_PAGER");
    if (pager == nullptr) pager = std::getenv("PAGER");
    if (pager == nullptr) pager = "less";
    setenv("LESS", "FRSX", 0);
    if (*pager != '\0' && std::string_view{pager} != "cat")
      if (FILE* const pipe = popen(pager, "w"); pipe != nullptr) {
        to = pipe;
        paged = true;
      }
  }
  std::fwrite(out.data(), 1, out.size(), to);
  std::fflush(to);
  if (paged) pclose(to);
  out.clear();
}

template <typename Info>
struct Context::Kind {
  const char* interface;
  std::function<bus::Request<bus::ObjectPath>(const bus::Client&, const std::string&)> find;
  std::function<Info(std::string, const bus::Value::Dict&)> read;
  std::string Info::* name;
};

template <typename Info>
std::optional<std::vector<Context::Object<Info>>> Context::objects(const Kind<Info>& kind,
                                                                   std::span<const std::string> names) {
  std::vector<Object<Info>> found;
  const auto add = [&](const std::string& path, const bus::Value::Dict& properties) {
    found.push_back({path, bus::Value{bus::Value::Data{properties}}, kind.read(path, properties)});
  };
  for (const std::string& name : names) {
    const auto path = ask<bus::ObjectPath>([&](const bus::Client& daemon) { return kind.find(daemon, name); });
    if (!path) return std::nullopt;
    const auto properties =
        ask<bus::Value>([&](const bus::Client& daemon) { return daemon.properties(path->text, kind.interface); });
    if (!properties) return std::nullopt;
    add(path->text, properties->dict());
  }
  if (!names.empty()) return found;
  const auto all = ask<bus::ObjectTree>([](const bus::Client& daemon) { return daemon.objects(); });
  if (!all) return std::nullopt;
  for (const auto& [path, state] : *all)
    if (const auto object = state.find(kind.interface); object != state.end()) add(path, object->second);
  std::ranges::sort(found, {}, [&kind](const Object<Info>& each) { return each.info.*kind.name; });
  return found;
}

std::optional<std::vector<Context::Session>> Context::sessions(std::span<const std::string> names) {
  return objects<bus::SessionInfo>(
      {bus::interface::session,
       [](const bus::Client& daemon, const std::string& name) { return daemon.get_session(name); }, bus::to_session,
       &bus::SessionInfo::interface},
      names);
}

std::optional<std::vector<Context::Profile>> Context::profiles(std::span<const std::string> names) {
  return objects<bus::ProfileInfo>(
      {bus::interface::profile,
       [](const bus::Client& daemon, const std::string& name) { return daemon.get_profile(name); }, bus::to_profile,
       &bus::ProfileInfo::name},
      names);
}

Exit Context::wait_for(const std::string& path, std::string_view what,
                       const std::function<bool(const bus::SessionInfo&)>& done) {
  bus::Client* const daemon = client();
  if (daemon == nullptr) return status;
  sd_event* raw = nullptr;
  if (sd_event_new(&raw) < 0) return complain(Exit::failed, "cannot make an event loop");
  const EventPointer event{raw};
  if (const auto attached = daemon->attach(raw); !attached) return complain(Exit::failed, attached.error().message);

  enum class End : int { reached, gone, late };
  // Leaving the loop by sd_event_exit() would close the connection.
  std::optional<End> ended;
  const auto end = [&ended](End as) { ended = as; };
  bus::Mirror* known = nullptr;
  bus::Mirror mirror{*daemon, {.changed = [&](const bus::Change& change) {
                       if (change.kind == bus::Change::Kind::gone) return end(End::gone);
                       const auto session = known == nullptr ? std::nullopt : known->session(path);
                       if (session && done(*session)) end(End::reached);
                     }}};
  known = &mirror;
  sd_event_source* timer = nullptr;
  const auto limit = static_cast<std::uint64_t>(options.wait.value_or(Duration{0}).count());
  const int r = sd_event_add_time_relative(
      raw, &timer, CLOCK_BOOTTIME, limit, 0,
      [](sd_event_source*, std::uint64_t, void* userdata) noexcept {
        *static_cast<std::optional<End>*>(userdata) = End::late;
        return 0;
      },
      &ended);
  const SourcePointer deadline{timer};
  if (r < 0) return complain(Exit::failed, "cannot set a timer");
  while (!ended)
    if (sd_event_run(raw, UINT64_MAX) < 0) ended = End::gone;
  sd_bus_detach_event(daemon->bus());
  if (*ended == End::reached) return Exit::ok;
  if (*ended == End::gone) return complain(Exit::unreachable, "macsecd left the bus");
  const auto session = mirror.session(path);
  return complain(Exit::timeout, fmt::format("{} not {} within {}{}{}", session ? session->interface : path, what,
                                             format_duration(options.wait.value_or(Duration{0})),
                                             session && !session->reason_text.empty() ? ": " : "",
                                             session ? session->reason_text : ""));
}

Style style_of(std::string_view state) noexcept {
  if (state == "secured") return Style::good;
  if (state == "pending" || state == "unsecured" || state == "suspended") return Style::pending;
  if (state == "failed") return Style::bad;
  return Style::dim;
}

}  // namespace macsec::cli
