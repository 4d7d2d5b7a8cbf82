// SPDX-License-Identifier: LGPL-2.1-or-later
/// The keys of a profile, as verbs change them.
#pragma once

#include "cli/context.hpp"

namespace macsec::cli {

/// The one profile that the name, which is no pattern here, means; nothing after telling why.
[[nodiscard]] std::optional<Context::Profile> find_profile(Context& context, const std::string& name);
/// A CKN as the daemon prints it, which is how keys are compared; nothing after telling what is accepted.
[[nodiscard]] std::optional<std::string> read_ckn(Context& context, std::string_view digits);
/// Its key of that CKN; null where it has none.
[[nodiscard]] const bus::KeyInfo* find_key(const bus::ProfileInfo& profile, std::string_view ckn) noexcept;

/// What became of a key, or would, as JSON has it.
[[nodiscard]] bus::Value outcome_row(const std::string& profile, const std::string& ckn, std::string_view outcome);
/// The same for people: "uplink: 0a1b added".
void print_outcome(Context& context, const std::string& profile, const std::string& ckn, std::string_view outcome);

/// Warns of ports that are left out where a key is retired.
void warn_left_out(Context& context, const std::string& ckn, const std::vector<std::string>& ports);

/// What became of any number of keys: a line at once for people, one list at the end as JSON.
class Outcomes {
 public:
  explicit Outcomes(Context& context) : context_{context} {}
  Outcomes(const Outcomes&) = delete;
  Outcomes& operator=(const Outcomes&) = delete;
  ~Outcomes() = default;

  void tell(const std::string& profile, const std::string& ckn, std::string_view outcome);
  /// Prints the list, where JSON is wanted and there was anything to tell.
  void finish();

 private:
  Context& context_;
  bus::Value::List rows_;
};

/// Adds a key: "added" or "present"; nothing on failure, which was told.
[[nodiscard]] std::optional<std::string> add_key(Context& context, const Context::Profile& profile,
                                                 const bus::SettingsSection& key, const bus::KeyKeeping& keeping = {});

/// Removes the key that `key seal` wrote for a key that is retired, which every start of the service decrypted; tells of what
/// stays. `credential`: of the service, that held the key, where that is known.
void forget_sealed(Context& context, const std::string& profile, const std::string& ckn, const std::string& credential);

/// A key of a profile that is to go.
struct Leaving {
  Context::Profile profile;
  std::string ckn;
};
/// Retires keys and waits for all of them, for `patience` in all; nothing: without end. Where the time is over both keys of a
/// profile stay, and what is missing is told. The exit status of the first that stays.
[[nodiscard]] Exit retire_keys(Context& context, Outcomes& outcomes, std::vector<Leaving> keys,
                               std::optional<Duration> patience);

}  // namespace macsec::cli
