// SPDX-License-Identifier: LGPL-2.1-or-later
/// Both roles of 802.1X on one port: at most one applies, the one that the profile in force asks for.
#pragma once

#include "engine/core/admission.hpp"
#include "engine/core/logon.hpp"

namespace macsec::core {

class Access {
 public:
  Access(Context& context, Kay& kay) : context_{context}, logon_{context, kay}, admission_{context, kay} {}
  Access(const Access&) = delete;
  Access& operator=(const Access&) = delete;

  [[nodiscard]] bool applies() const noexcept { return logon_.applies() || admission_.applies(); }
  [[nodiscard]] Logon& logon() noexcept { return logon_; }
  [[nodiscard]] const Logon& logon() const noexcept { return logon_; }
  [[nodiscard]] Admission& admission() noexcept { return admission_; }
  [[nodiscard]] const Admission& admission() const noexcept { return admission_; }

  /// An EAPOL frame that is no MKPDU and came to us or to a group.
  void receive(const EapolFrame& frame, Time now);
  /// Error: ENOTSUP: no [8021X]; others as of Logon and Admission.
  [[nodiscard]] Result<void> reauthenticate(Time now);
  void set_enabled(bool enabled, Time now);
  void restore(const KeptSession& kept, Time now);
  [[nodiscard]] KeptSession kept_session() const;
  /// When keys that nobody speaks with are dropped; nothing where somebody does.
  [[nodiscard]] std::optional<Time> kept_until() const noexcept;
  void reconfigure(const Profile& before, Time now);
  void step(Time now);
  [[nodiscard]] bool follow(Time now);
  [[nodiscard]] std::optional<Time> next() const { return sooner(logon_.next(), admission_.next()); }
  [[nodiscard]] Reason reason() const noexcept;
  [[nodiscard]] std::string words() const;
  void fill(PortStatus& status) const;

 private:
  Context& context_;
  Logon logon_;
  Admission admission_;
};

}  // namespace macsec::core
