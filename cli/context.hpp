// SPDX-License-Identifier: LGPL-2.1-or-later
/// What every verb works with: options, the daemon, and where to print.
#pragma once

#include "cli/json.hpp"
#include "cli/screen.hpp"
#include "dbus/bus/names.hpp"
#include "dbus/client/client.hpp"
#include "dbus/client/info.hpp"

#include <fmt/format.h>
#include <functional>
#include <optional>

namespace macsec::cli {

/// Exit status, as macsecctl(1) documents it.
enum class Exit : std::uint8_t {
  ok = 0,
  failed = 1,
  usage = 2,
  not_found = 3,
  refused = 4,      ///< not authorised
  unreachable = 5,  ///< no daemon, or no bus
  timeout = 6,
  not_secured = 7,  ///< status --check
};

enum class ColorChoice : std::uint8_t { automatic, always, never };

struct Options {
  bool help = false;
  bool version = false;
  bool complete = false;
  ColorChoice color = ColorChoice::automatic;
  JsonForm json = JsonForm::off;
  bool legend = true;
  bool pager = true;
  bool ask = true;               ///< polkit may ask for a password
  std::optional<Duration> wait;  ///< how long; nothing: not at all
  bool runtime = false;          ///< a new profile or key lives in memory only
  std::string taker;             ///< of a key: aws, azure, gcp, junos or nxos
  std::string with;              ///< what a key is sealed with
  std::string to;                ///< format
  std::string from;              ///< format
  std::string name;              ///< of an imported profile
  std::string output;            ///< file
  bool install = false;          ///< hand an exported profile to the program itself
  std::string key_file;
  std::optional<int> key_fd;
  bool no_keys = false;                 ///< judge profiles without the files that hold their keys
  std::optional<std::size_t> key_size;  ///< octets
  std::string ckn;                      ///< of a key that is added
  std::string not_before;
  std::string not_after;
  std::string role;
  bool force = false;        ///< retire a key without evidence
  bool dry_run = false;      ///< tell what would be done
  std::string form;          ///< of a generated key; empty: a section
  bool openmetrics = false;  ///< statistics for a monitoring system
  bool check = false;        ///< the exit status says whether links are secured
  bool all = false;          ///< tell identifiers and all settings, too
  std::string host;          ///< whose macsecd; empty: this host's
};

/// What --help says of --wait.
[[nodiscard]] Duration default_wait();

struct Option;

class Context {
 public:
  Options options;
  std::vector<std::string> arguments;
  std::vector<const Option*> given;  ///< options on the command line
  std::string_view verb;             ///< that runs
  Screen screen;
  std::string out;         ///< shown at the end, through a pager where it is long
  Exit status = Exit::ok;  ///< of the last failure told

  /// Time of CLOCK_BOOTTIME; $MACSECCTL_NOW (microseconds) for tests.
  [[nodiscard]] static Time now();
  /// "3min 2s" since then; empty for the beginning of time.
  [[nodiscard]] static std::string since(Time when);
  /// Time of day of a moment of CLOCK_BOOTTIME: "12:34:56.789".
  [[nodiscard]] static std::string clock(Time when);
  /// The same moment as a date in UTC: "2026-01-31T12:30:15.250Z".
  [[nodiscard]] static std::string utc(Time when);
  /// Seconds since 1970 at this moment.
  [[nodiscard]] static std::int64_t unix_time();

  /// The connection, made at the first call; null once that failed, which was told then.
  [[nodiscard]] bus::Client* client();

  /// From now on there is no connection, and no word of that.
  void ask_nobody() noexcept { tried_ = true; }

  /// Asks the daemon. Nothing on failure, which was told and set as status.
  template <typename T>
  [[nodiscard]] std::optional<T> ask(const std::function<bus::Request<T>(const bus::Client&)>& make) {
    const bus::Client* const daemon = client();
    if (daemon == nullptr) return std::nullopt;
    bus::Outcome<T> outcome = daemon->call(make(*daemon));
    if (outcome) return std::move(*outcome);
    complain(outcome.error());
    return std::nullopt;
  }

  /// Tells an error on standard error and sets the status.
  Exit complain(const bus::CallError& error);
  Exit complain(Exit as, std::string_view text);
  void warn(std::string_view text) const;

  [[nodiscard]] bool json() const noexcept { return options.json != JsonForm::off; }
  /// Moments are told a second and a third time, in UTC and as seconds from now: see macsecctl(1).
  void print_json(const bus::Value& value);
  void print(const Table& table) { out += table.print(screen, options.legend); }
  template <typename... T>
  void print(fmt::format_string<T...> format, T&&... values) {
    fmt::format_to(std::back_inserter(out), format, std::forward<T>(values)...);
  }
  /// Shows what was printed so far; at the end with a pager.
  void flush(bool last);

  /// A session or a profile: as the bus gives it, and as a value.
  template <typename Info>
  struct Object {
    std::string path;
    bus::Value properties;
    Info info;
  };
  using Session = Object<bus::SessionInfo>;
  using Profile = Object<bus::ProfileInfo>;
  /// Those the names mean, in their order, or all, ordered by name. A name may be a pattern of glob(7), which means all it
  /// fits. Nothing on failure, which was told.
  /// The name of a profile of many ports means all of them.
  [[nodiscard]] std::optional<std::vector<Session>> sessions(std::span<const std::string> names);
  [[nodiscard]] std::optional<std::vector<Profile>> profiles(std::span<const std::string> names);
  enum class Change : std::uint8_t { edit, remove, enable, disable };
  /// Whether none of them is for a network manager to change, which is told with what does it there.
  [[nodiscard]] bool changed_here(std::span<const Profile> profiles, Change change);
  /// The 802.1X side of the session at `path`, one of interface::supplicant and authenticator; nothing where it has none.
  [[nodiscard]] std::optional<bus::Value> side(const std::string& path, const char* interface);
  /// Key servers as macsec-keys shows them; none where it does not run.
  [[nodiscard]] std::vector<bus::KeyServerInfo> key_servers();
  /// A session with an 802.1X side, as that was.
  struct Side {
    Session session;
    const char* interface;
    bus::Value properties;
  };
  /// Sessions as above, all of which have a side of one of `interfaces`.
  [[nodiscard]] std::optional<std::vector<Side>> sides(std::span<const std::string> names,
                                                       std::initializer_list<const char*> interfaces);

  /// Waits until the session satisfies `done`, for as long as --wait says. Tells when the time is over.
  [[nodiscard]] Exit wait_for(const std::string& path, std::string_view what,
                              const std::function<bool(const bus::SessionInfo&)>& done);
  /// The same with the properties of one of its interfaces.
  [[nodiscard]] Exit wait_for(const std::string& path, const char* interface, std::string_view what,
                              const std::function<bool(const bus::Value::Dict&)>& done);

 private:
  /// Interfaces of the sessions of a profile, where `name` is that of no session; else none.
  [[nodiscard]] std::vector<std::string> ports(const std::string& name);
  template <typename Info>
  struct Kind;
  template <typename Info>
  [[nodiscard]] std::optional<std::vector<Object<Info>>> objects(const Kind<Info>& kind,
                                                                 std::span<const std::string> names);
  template <typename Info>
  [[nodiscard]] std::optional<std::vector<Object<Info>>> all_objects(const Kind<Info>& kind);
  template <typename Info>
  [[nodiscard]] std::optional<Object<Info>> object(const Kind<Info>& kind, const std::string& name);
  template <typename Info>
  void complain_missing(const Kind<Info>& kind, const std::string& text);

  [[nodiscard]] Exit look_for(const std::string& path, const char* interface, std::string_view what,
                              const std::function<bool(const bus::Value::Dict&)>& done);
  /// Why nothing can be done with the 802.1X side of a session that lacks the one asked for.
  [[nodiscard]] std::string no_side(const Session& session);
  [[nodiscard]] Exit complain_late(const std::optional<bus::SessionInfo>& session, std::string_view what);
  /// Since 1970.
  [[nodiscard]] static Duration real_time(Time when);

  std::unique_ptr<bus::Client> client_;
  bool tried_ = false;
};

/// Paths of the sessions that an enabled profile has, or the one that it is about to have.
[[nodiscard]] std::vector<std::string> session_paths(const bus::ProfileInfo& info);

/// The style of a session's state.
[[nodiscard]] Style style_of(std::string_view state) noexcept;

}  // namespace macsec::cli
