// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/context.hpp"

#include "cli/glob.hpp"
#include "cli/reach.hpp"
#include "dbus/bus/callback.hpp"
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

Duration Context::real_time(Time when) {
  // A fixed clock has booted with the epoch.
  const Duration offset = fixed_now() ? Duration{0} : read_clock(CLOCK_REALTIME) - read_clock(CLOCK_BOOTTIME);
  return when.time_since_epoch() + offset;
}

std::string Context::clock(Time when) {
  const Duration real = real_time(when);
  const std::time_t seconds = std::chrono::floor<std::chrono::seconds>(real).count();
  tm parts{};
  localtime_r(&seconds, &parts);
  return fmt::format("{:02}:{:02}:{:02}.{:03}", parts.tm_hour, parts.tm_min, parts.tm_sec, real.count() / 1000 % 1000);
}

std::string Context::utc(Time when) {
  const Duration real = real_time(when);
  const std::time_t seconds = std::chrono::floor<std::chrono::seconds>(real).count();
  tm parts{};
  gmtime_r(&seconds, &parts);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", parts.tm_year + 1900, parts.tm_mon + 1,
                     parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec, real.count() / 1000 % 1000);
}

std::int64_t Context::unix_time() { return std::chrono::floor<std::chrono::seconds>(real_time(now())).count(); }

namespace {

/// Names of the bus whose value is a moment of CLOCK_BOOTTIME.
bool is_moment(std::string_view name) {
  constexpr std::array<std::string_view, 14> moments{
      "Since",       "LastHeard",           "NextRekey",   "SuspendedUntil", "ParkedUntil",       "Time",
      "LastAnswer",  "LastSuccess",         "LastFailure", "NextAttempt",    "ReauthenticatedAt", "CachedUntil",
      "SessionEnds", "NextReauthentication"};
  return std::ranges::find(moments, name) != moments.end();
}

// As deep as a message of the bus, which is bounded.
// NOLINTNEXTLINE(misc-no-recursion)
bus::Value with_moments(const bus::Value& value) {
  if (const auto* const list = std::get_if<bus::Value::List>(&value.data())) {
    bus::Value::List out;
    for (const bus::Value& each : *list) out.push_back(with_moments(each));
    return bus::Value{bus::Value::Data{std::move(out)}};
  }
  const auto* const dict = std::get_if<bus::Value::Dict>(&value.data());
  if (dict == nullptr) return value;
  bus::Value::Dict out;
  for (const auto& [name, each] : *dict) {
    out.insert_or_assign(name, with_moments(each));
    if (!is_moment(name) || each.number() == 0) continue;
    const Time when{Duration{static_cast<Duration::rep>(each.number())}};
    const auto age = std::chrono::floor<std::chrono::milliseconds>(Context::now() - when);
    out.insert_or_assign(name + "Utc", bus::Value{bus::Value::Data{Context::utc(when)}});
    out.insert_or_assign(name + "AgeSec", bus::Value{bus::Value::Data{static_cast<double>(age.count()) / 1000}});
  }
  return bus::Value{bus::Value::Data{std::move(out)}};
}

}  // namespace

void Context::print_json(const bus::Value& value) { out += to_json(with_moments(value), options.json); }

bus::Client* Context::client() {
  if (!tried_) {
    tried_ = true;
    auto connected = bus::Client::connect(
        {.address = {}, .host = options.host, .interactive = options.ask && isatty(STDIN_FILENO) != 0});
    if (!connected) {
      complain(Exit::unreachable, connected.error().text + "; does the bus run? See: systemctl status dbus");
      return nullptr;
    }
    const auto answer = reach((*connected)->bus(), [this] { warn("macsecd is starting, waiting for it"); });
    if (answer)
      client_ = std::move(*connected);
    else
      complain(Exit::unreachable, answer.error().text);
  }
  return client_.get();
}

Exit Context::complain(const bus::CallError& error) {
  const Exit as = exit_of(error.kind);
  if (as == Exit::unreachable)
    return complain(as, error.text + "; see: systemctl status macsecd; journalctl -u macsecd");
  if (as != Exit::refused) return complain(as, error.text);
  constexpr std::array<std::string_view, 7> of_links{"up", "down", "rekey", "suspend", "reauth", "logoff", "terminate"};
  const bool control = std::ranges::find(of_links, verb) != of_links.end();
  const bool keys = verb.starts_with("key ");
  return complain(as, fmt::format("{} needs the polkit action {}: use sudo, or a rule in /etc/polkit-1/rules.d", verb,
                                  control ? bus::action::control
                                  : keys  ? bus::action::keys
                                          : bus::action::manage));
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
  std::string_view word;  ///< "link"
  std::string_view list;  ///< the verb that lists them
  const char* interface;
  std::function<bus::Request<bus::ObjectPath>(const bus::Client&, const std::string&)> find;
  std::function<Info(std::string, const bus::Value::Dict&)> read;
  std::string Info::* name;

  [[nodiscard]] Object<Info> make(const std::string& path, const bus::Value::Dict& properties) const {
    return {path, bus::Value{bus::Value::Data{properties}}, read(path, properties)};
  }
};

template <typename Info>
std::optional<std::vector<Context::Object<Info>>> Context::all_objects(const Kind<Info>& kind) {
  const auto all = ask<bus::ObjectTree>([](const bus::Client& daemon) { return daemon.objects(); });
  if (!all) return std::nullopt;
  std::vector<Object<Info>> found;
  for (const auto& [path, state] : *all)
    if (const auto object = state.find(kind.interface); object != state.end())
      found.push_back(kind.make(path, object->second));
  std::ranges::sort(found, {}, [&kind](const Object<Info>& each) { return each.info.*kind.name; });
  return found;
}

template <typename Info>
void Context::complain_missing(const Kind<Info>& kind, const std::string& text) {
  constexpr std::size_t most = 8;
  const auto all = all_objects(kind);
  if (!all) return;
  if (all->empty()) {
    complain(Exit::not_found, fmt::format("{}; there is none at all", text));
    return;
  }
  std::string names;
  for (std::size_t i = 0; i < std::min(all->size(), most); ++i)
    names += fmt::format("{}{}", i == 0 ? "" : ", ", (*all)[i].info.*kind.name);
  complain(Exit::not_found, fmt::format("{}; there {} {}{} (macsecctl {})", text, all->size() == 1 ? "is" : "are",
                                        names, all->size() > most ? ", ..." : "", kind.list));
}

template <typename Info>
std::optional<Context::Object<Info>> Context::object(const Kind<Info>& kind, const std::string& name) {
  const bus::Client* const daemon = client();
  if (daemon == nullptr) return std::nullopt;
  const auto path = daemon->call(kind.find(*daemon, name));
  if (!path) {
    // More than one link may run on an interface, which is told.
    if (path.error().kind == bus::CallError::Kind::not_found && !path.error().text.contains("more than one"))
      complain_missing(kind, fmt::format("there is no {} {}", kind.word, name));
    else
      complain(path.error());
    return std::nullopt;
  }
  const auto properties =
      ask<bus::Value>([&](const bus::Client& each) { return each.properties(path->text, kind.interface); });
  if (!properties) return std::nullopt;
  return kind.make(path->text, properties->dict());
}

template <typename Info>
std::optional<std::vector<Context::Object<Info>>> Context::objects(const Kind<Info>& kind,
                                                                   std::span<const std::string> names) {
  if (names.empty()) return all_objects(kind);
  std::vector<Object<Info>> found;
  for (const std::string& name : names) {
    if (!is_glob(name)) {
      auto one = object(kind, name);
      if (!one) return std::nullopt;
      found.push_back(std::move(*one));
      continue;
    }
    auto all = all_objects(kind);
    if (!all) return std::nullopt;
    std::erase_if(*all, [&](const Object<Info>& each) { return !fits(each.info.*kind.name, name); });
    if (all->empty()) {
      complain_missing(kind, fmt::format("no {} fits {}", kind.word, name));
      return std::nullopt;
    }
    std::ranges::move(*all, std::back_inserter(found));
  }
  return found;
}

std::vector<std::string> Context::ports(const std::string& name) {
  const bus::Client* const daemon = client();
  if (daemon == nullptr || is_glob(name) || daemon->call(daemon->get_session(name))) return {};
  const auto path = daemon->call(daemon->get_profile(name));
  if (!path) return {};
  const auto properties = daemon->call(daemon->properties(path->text, bus::interface::profile));
  if (!properties) return {};
  std::vector<std::string> interfaces;
  for (const std::string& each : bus::to_profile(path->text, properties->dict()).sessions)
    if (const auto session = daemon->call(daemon->properties(each, bus::interface::session)))
      interfaces.push_back(bus::to_session(each, session->dict()).interface);
  return interfaces;
}

std::optional<std::vector<Context::Session>> Context::sessions(std::span<const std::string> said) {
  std::vector<std::string> names;
  for (const std::string& name : said) {
    std::vector<std::string> interfaces = ports(name);
    if (interfaces.empty()) interfaces.push_back(name);
    std::ranges::move(interfaces, std::back_inserter(names));
  }
  return objects<bus::SessionInfo>(
      {"link", "list", bus::interface::session,
       [](const bus::Client& daemon, const std::string& name) { return daemon.get_session(name); }, bus::to_session,
       &bus::SessionInfo::interface},
      names);
}

std::optional<bus::Value> Context::side(const std::string& path, const char* interface) {
  const bus::Client* const daemon = client();
  if (daemon == nullptr) return std::nullopt;
  auto properties = daemon->call(daemon->properties(path, interface));
  return properties && !properties->dict().empty() ? std::optional{std::move(*properties)} : std::nullopt;
}

std::vector<bus::KeyServerInfo> Context::key_servers() {
  const bus::Client* const daemon = client();
  if (daemon == nullptr) return {};
  const auto properties = daemon->call(daemon->key_sources());
  return properties ? bus::to_key_servers(*properties) : std::vector<bus::KeyServerInfo>{};
}

std::string Context::no_side(const Session& session) {
  const std::string& name = session.info.interface;
  if (side(session.path, bus::interface::authenticator))
    return name + " is an access port: macsecctl terminate ends the session of its host";
  if (side(session.path, bus::interface::supplicant))
    return name + " is no access port, it authenticates itself: macsecctl logoff ends its session";
  return fmt::format("{} does not authenticate by 802.1X: profile {} has no [8021X] section", name,
                     session.info.profile_name);
}

std::optional<std::vector<Context::Side>> Context::sides(std::span<const std::string> names,
                                                         std::initializer_list<const char*> interfaces) {
  const auto found = sessions(names);
  if (!found) return std::nullopt;
  std::vector<Side> all;
  for (const Session& each : *found) {
    const std::size_t before = all.size();
    for (const char* interface : interfaces)
      if (auto properties = all.size() == before ? side(each.path, interface) : std::nullopt)
        all.push_back({each, interface, std::move(*properties)});
    if (all.size() != before) continue;
    complain(Exit::failed, no_side(each));
    return std::nullopt;
  }
  return all;
}

std::optional<std::vector<Context::Profile>> Context::profiles(std::span<const std::string> names) {
  return objects<bus::ProfileInfo>(
      {"profile", "profile list", bus::interface::profile,
       [](const bus::Client& daemon, const std::string& name) { return daemon.get_profile(name); }, bus::to_profile,
       &bus::ProfileInfo::name},
      names);
}

bool Context::changed_here(std::span<const Profile> profiles, Change change) {
  for (const auto& [path, properties, info] : profiles) {
    if (info.owner.empty()) continue;
    if (info.source == "networkmanager") {
      constexpr std::array<std::string_view, 4> nmcli{"modify", "delete", "up", "down"};
      complain(Exit::failed,
               fmt::format("profile {} is NetworkManager's: nmcli connection {} {}", info.name,
                           nmcli.at(static_cast<std::size_t>(change)), info.origin.empty() ? info.name : info.origin));
      return false;
    }
    if (info.source != "networkd") continue;
    complain(Exit::failed,
             fmt::format("profile {} comes from {}: {}, then networkctl reload", info.name, info.origin,
                         change == Change::remove ? "remove its sections [X-...], or the file" : "change that"));
    return false;
  }
  return true;
}

Exit Context::wait_for(const std::string& path, std::string_view what,
                       const std::function<bool(const bus::SessionInfo&)>& done) {
  return wait_for(path, bus::interface::session, what,
                  [&](const bus::Value::Dict& properties) { return done(bus::to_session(path, properties)); });
}

/// Looks once, where that is all --wait asks for.
Exit Context::look_for(const std::string& path, const char* interface, std::string_view what,
                       const std::function<bool(const bus::Value::Dict&)>& done) {
  const bus::Client* const daemon = client();
  const auto now = daemon->call(daemon->properties(path, interface));
  if (!now && now.error().kind != bus::CallError::Kind::not_found) return complain(now.error());
  if (now && done(now->dict())) return Exit::ok;
  const auto session = daemon->call(daemon->properties(path, bus::interface::session));
  return complain_late(session ? std::optional{bus::to_session(path, session->dict())} : std::nullopt, what);
}

Exit Context::wait_for(const std::string& path, const char* interface, std::string_view what,
                       const std::function<bool(const bus::Value::Dict&)>& done) {
  bus::Client* const daemon = client();
  if (daemon == nullptr) return status;
  if (options.wait == Duration{0}) return look_for(path, interface, what, done);
  sd_event* raw = nullptr;
  if (sd_event_new(&raw) < 0) return complain(Exit::failed, "cannot make an event loop");
  const EventPointer event{raw};
  if (const auto attached = daemon->attach(raw); !attached) return complain(Exit::failed, attached.error().message);

  enum class End : int { reached, gone, late };
  // Leaving the loop by sd_event_exit() would close the connection.
  struct Ended {
    std::optional<End> as;
    void by_time() { as = End::late; }
  } ended;
  const auto end = [&ended](End as) { ended.as = as; };
  bus::Mirror* known = nullptr;
  bus::Mirror mirror{*daemon, {.changed = [&](const bus::Change& change) {
                       if (change.kind == bus::Change::Kind::gone) return end(End::gone);
                       const bus::Value::Dict* now = known == nullptr ? nullptr : known->find(path, interface);
                       if (now != nullptr && done(*now)) end(End::reached);
                     }}};
  known = &mirror;
  sd_event_source* timer = nullptr;
  const auto limit = static_cast<std::uint64_t>(options.wait.value_or(Duration{0}).count());
  const int r =
      sd_event_add_time_relative(raw, &timer, CLOCK_BOOTTIME, limit, 0, bus::callback<&Ended::by_time>, &ended);
  const SourcePointer deadline{timer};
  if (r < 0) return complain(Exit::failed, "cannot set a timer");
  while (!ended.as)
    if (sd_event_run(raw, UINT64_MAX) < 0) end(End::gone);
  sd_bus_detach_event(daemon->bus());
  if (*ended.as == End::reached) return Exit::ok;
  if (*ended.as == End::gone) return complain(Exit::unreachable, "macsecd left the bus");
  return complain_late(mirror.session(path), what);
}

Exit Context::complain_late(const std::optional<bus::SessionInfo>& session, std::string_view what) {
  const Duration waited = options.wait.value_or(Duration{0});
  const std::string within = waited == Duration{0} ? "" : " within " + format_duration(waited);
  const std::string why = session && !session->reason_text.empty() ? ": " + session->reason_text : "";
  return complain(Exit::timeout,
                  fmt::format("{} not {}{}{}", session ? session->interface : "the link is", what, within, why));
}

std::vector<std::string> session_paths(const bus::ProfileInfo& info) {
  if (info.parent.contains('*')) return info.sessions;
  return {bus::Client::session_path(info.interface)};
}

Style style_of(std::string_view state) noexcept {
  if (state == "secured") return Style::good;
  if (state == "pending" || state == "unsecured" || state == "suspended") return Style::pending;
  if (state == "failed") return Style::bad;
  return Style::dim;
}

}  // namespace macsec::cli
