// SPDX-License-Identifier: LGPL-2.1-or-later
/// One profile whose keys come from a key server: its pacing, and what is asked of the server and of the daemon for it.
#pragma once

#include "dbus/client/mirror.hpp"
#include "plugin/keys/pacing.hpp"
#include "plugin/keys/server.hpp"

#include <set>

namespace macsec::keys {

class Link {
 public:
  /// Outlives the links.
  struct Surroundings {
    bus::Client& client;
    const bus::Mirror& mirror;
    /// Has tick() called soon.
    std::function<void()> wake;
    /// For the journal: `profile`, a kind of event ("key-mismatch") or nothing, and a sentence.
    std::function<void(const std::string& profile, std::string_view kind, const std::string& text)> tell;
  };

  Link(const bus::ProfileInfo& profile, Server& server, const Surroundings& around, std::uint32_t seed, Time now);
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  [[nodiscard]] const std::string& profile() const noexcept { return name_; }
  [[nodiscard]] const std::string& remote_id() const noexcept { return settings_.remote_id; }
  [[nodiscard]] const Server& server() const noexcept { return server_; }
  [[nodiscard]] std::uint64_t mismatches() const noexcept { return pacing_.mismatches(); }
  /// Whether what the profile says of its key source is what this link was made for.
  [[nodiscard]] bool fits(const bus::ProfileInfo& profile) const;

  /// The keys that this process brought; for the link that takes this one's place.
  [[nodiscard]] std::map<Ckn, Secret<32>> take_keys() noexcept { return std::exchange(brought_, {}); }
  /// Brings the daemon what it does not have any more, and begins then.
  void begin(std::map<Ckn, Secret<32>> brought, Time now);

  /// The daemon's view of profile or session changed.
  void refresh(Time now);
  void on_unknown_ckn(const Ckn& ckn, Time now) { pacing_.on_unknown_ckn(ckn, now); }
  /// Does what is due.
  void tick(Time now);
  [[nodiscard]] std::optional<Time> next_timeout(Time now) const { return pacing_.next_timeout(now); }

 private:
  void run(const Action& action);
  void fetch(const Ckn* wanted);
  void bring(ServedKey key);
  void add(const Ckn& ckn, const Secret<32>& cak, std::function<void(Added)> done);
  void retire(const Action& action);
  [[nodiscard]] Time now() const;

  std::string path_;
  std::string name_;
  bus::KeySourceInfo settings_;
  Server& server_;
  const Surroundings& around_;
  Pacing pacing_;
  std::size_t restoring_ = 0;          ///< keys on their way back to the daemon
  std::set<Ckn> adding_;               ///< keys that the daemon has not answered for yet
  std::map<Ckn, Secret<32>> brought_;  ///< as long as the daemon has them, and on their way to it
  std::shared_ptr<Link*> self_;        ///< gone with the link: answers that come later find that
};

}  // namespace macsec::keys
