// SPDX-License-Identifier: LGPL-2.1-or-later
/// What the bus sees of the daemon: dbus/daemon implements it, dbus/server asks. Nothing here waits.
#pragma once

#include "dbus/bus/types.hpp"
#include "engine/config/memory_keys.hpp"
#include "engine/core/status.hpp"
#include "engine/doctor/doctor.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace macsec::bus {

/// What a client of the bus said of a profile it put, and what becomes of it when the client leaves.
struct ClientProfile {
  Lifetime lifetime = Lifetime::client;
  std::string owner{};  ///< unique name; empty: parked, or Lifetime::memory
  std::string origin{};
  ProfileSource source = ProfileSource::runtime;
  std::string description{};
  std::vector<Problem> warnings{};  ///< about its settings
  std::vector<Problem> problems{};  ///< as its owner reports
  Duration grace = default_grace;
  std::optional<Time> parked_until{};
  std::string lost_owner{};  ///< who it belonged to when the connection to the bus was lost; empty: nobody
};

/// A profile as the daemon keeps it.
struct ProfileState {
  std::string name{};
  std::string origin{};  ///< path of the file, or what the source calls it
  ProfileSource source = ProfileSource::file;
  ProfilePointer profile{};               ///< the settings in use; null: there are none that can run
  bool enabled = false;                   ///< [Link] Enable= and what set_profile_enabled() said since
  std::vector<Problem> problems{};        ///< of its files and of running it
  std::vector<HiddenKey> hidden_keys{};   ///< in memory, and kept from use by the settings; told as problems, too
  std::optional<ClientProfile> client{};  ///< nothing: it is a file
};

/// A port as the daemon runs it.
struct SessionState {
  std::string interface;
  std::string profile;  ///< name of its profile, of many ports for one with a pattern
  std::string parent;
  int ifindex = 0;  ///< 0: does not exist
  int parent_ifindex = 0;
  Policy policy = Policy::must_secure;
  bool static_keys = false;  ///< a link without MKA
  OffloadMode offload = OffloadMode::off;
  std::string offload_text;  ///< what was tried and why it is so
  std::string clear_frames;  ///< who keeps out received frames that are not protected: "kernel", "hardware"
  core::PortStatus status;
};

/// What can be done with a link. Members without a value are not known.
struct LinkCapabilities {
  int ifindex = 0;
  MacAddress mac;
  bool carrier = false;
  std::uint64_t speed = 0;  ///< bit/s, 0 unknown
  std::uint32_t mtu = 0;
  std::vector<OffloadMode> offload;          ///< "off" included
  std::vector<OffloadMode> offload_untried;  ///< which only an attempt can tell
  std::vector<CipherSuite> cipher_suites;
  std::vector<CipherSuite> default_cipher_suites;  ///< where a profile names none
};

/// What adding a key did.
enum class KeyAdded : std::uint8_t { added, present };

/// Counters by group and name, see org.macsecd1.Session.GetStatistics.
using Statistics = std::map<std::string, std::map<std::string, std::uint64_t>>;

/// The daemon. Errors carry an errno code: ENOENT (gone meanwhile), EEXIST, EROFS or EACCES (a file that cannot be
/// written), ENOTSUP, EINVAL (bad profile); any other is a plain failure told in words.
///
/// What implements this tells of every change with Published::profile_changed(), session_changed() and
/// session_event(); added and removed ones alike, in any order and as often as it likes.
class Model {
 public:
  Model() = default;
  Model(const Model&) = delete;
  Model& operator=(const Model&) = delete;
  virtual ~Model() = default;

  /// Names in order, those without usable settings too.
  [[nodiscard]] virtual std::vector<std::string> profiles() const = 0;
  [[nodiscard]] virtual bool has_profile(const std::string& name) const = 0;
  [[nodiscard]] virtual ProfileState profile(const std::string& name) const = 0;  ///< of one that exists
  [[nodiscard]] virtual std::vector<std::string> profile_directories() const = 0;
  /// Reads all files again. EINVAL where one has an error, in the words of all errors: everything else is in use then,
  /// and a file with an error keeps the settings read before.
  [[nodiscard]] virtual Result<void> reload() = 0;
  /// Adds a profile kept in memory, or replaces one (same name); its session follows. EEXIST: a file has the name.
  [[nodiscard]] virtual Result<void> put_profile(ProfilePointer profile, ClientProfile client) = 0;
  /// The same for one whose source is broken: settings put before stay in use, `client.problems` says what is wrong.
  [[nodiscard]] virtual Result<void> put_broken_profile(const std::string& name, ClientProfile client) = 0;
  /// Writes a profile to the directory of the administrator and takes it over. EINVAL, and nothing is written, where it
  /// would not be read back the same, or could not run beside the others.
  [[nodiscard]] virtual Result<void> store_profile(const Profile& profile) = 0;
  /// From memory, or with its file and drop-ins.
  [[nodiscard]] virtual Result<void> remove_profile(const std::string& name) = 0;
  /// For a file: written as a drop-in.
  [[nodiscard]] virtual Result<void> set_profile_enabled(const std::string& name, bool enabled) = 0;
  /// What the owner of a profile in memory reports. ENOENT, also where it is a file.
  [[nodiscard]] virtual Result<void> set_profile_problems(const std::string& name, std::vector<Problem> problems) = 0;

  /// Adds a key, in a file of its own. EEXIST: the CKN has, or had, another CAK; E2BIG: there are enough.
  [[nodiscard]] virtual Result<KeyAdded> add_key(const std::string& profile, const PreSharedKey& key) = 0;
  /// Begins to take a key out of use; its file follows when the session proved that it may go. ENOENT: no such key;
  /// ENODATA: it is the last primary one; EBUSY: a peer would be lost, in words.
  [[nodiscard]] virtual Result<void> retire_key(const std::string& profile, const Ckn& ckn, core::Retirement how,
                                                Duration timeout) = 0;
  /// Takes retire_key() back. ENOENT: the key is not being retired.
  [[nodiscard]] virtual Result<void> keep_key(const std::string& profile, const Ckn& ckn) = 0;

  /// How many profiles belong to a client.
  [[nodiscard]] virtual std::size_t profiles_of(const std::string& client) const = 0;
  /// A client left the bus: its profiles go or are parked. Never touches a file.
  virtual void client_left(const std::string& client, Time now) = 0;
  /// The connection to the bus is lost: the profiles of all clients are parked.
  virtual void clients_lost(Time now) = 0;
  /// Clients of profiles parked by clients_lost(), for the caller, who can find out whether they are on the bus still.
  [[nodiscard]] virtual std::vector<std::string> lost_clients() const = 0;
  /// One of them was never gone: its profiles are its own again.
  virtual void client_is_back(const std::string& client) = 0;
  /// Removes the parked profiles whose time is over.
  virtual void expire_profiles(Time now) = 0;
  [[nodiscard]] virtual std::optional<Time> next_expiry() const = 0;

  /// Interfaces in order.
  [[nodiscard]] virtual std::vector<std::string> sessions() const = 0;
  /// Those of a profile, in order: one, or one for each port of a pattern.
  [[nodiscard]] virtual std::vector<std::string> sessions_of(const std::string& profile) const = 0;
  [[nodiscard]] virtual bool has_session(const std::string& interface) const = 0;
  [[nodiscard]] virtual SessionState session(const std::string& interface) const = 0;  ///< of one that exists
  [[nodiscard]] virtual Result<void> rekey(const std::string& interface) = 0;
  [[nodiscard]] virtual Result<void> suspend(const std::string& interface, Duration span) = 0;
  /// Of a session with [8021X]: ENOTSUP, ENETDOWN as of core::Port.
  [[nodiscard]] virtual Result<void> reauthenticate(const std::string& interface) = 0;
  [[nodiscard]] virtual Result<void> log_off(const std::string& interface) = 0;
  [[nodiscard]] virtual Result<void> terminate(const std::string& interface) = 0;
  [[nodiscard]] virtual Result<void> set_session_enabled(const std::string& interface, bool enabled) = 0;
  [[nodiscard]] virtual Statistics statistics(const std::string& interface) = 0;  ///< the kernel's
  [[nodiscard]] virtual std::vector<doctor::Finding> diagnose(const std::string& interface) = 0;
  [[nodiscard]] virtual Result<LinkCapabilities> link_capabilities(const std::string& name) = 0;
};

}  // namespace macsec::bus
