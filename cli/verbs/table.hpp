// SPDX-License-Identifier: LGPL-2.1-or-later
/// The one table of what macsecctl can do: help, dispatch, completion and the check of the manual page live on it.
#pragma once

#include "cli/context.hpp"

#include <span>

namespace macsec::cli {

struct Candidate {
  std::string text;
  std::string about{};
};
using Candidates = std::vector<Candidate>;

struct Verb {
  std::string_view name;       ///< "status", "profile add"
  std::string_view arguments;  ///< "[LINK...]"
  std::string_view help;       ///< one line
  std::size_t least;           ///< arguments
  std::size_t most;
  Exit (*run)(Context& context);
  /// What may come as argument number `index` (from 0); null: files.
  Candidates (*complete)(Context& context, std::size_t index);
};

struct Option {
  std::string_view name;      ///< "--wait"
  char letter;                ///< 0: none
  std::string_view argument;  ///< "FORMAT"; "[SEC]" in brackets may be left out; empty: none
  std::string_view help;      ///< one line
  std::string_view words;     ///< values for completion, separated by blanks
  std::string_view verbs;     ///< it belongs to, separated by ", "; empty: to all
  /// Empty when taken, else what is accepted.
  std::string_view (*apply)(Options& options, std::string_view value);
};

[[nodiscard]] std::span<const Verb> verbs() noexcept;
[[nodiscard]] std::span<const Option> option_table() noexcept;

/// The verb the first words name, and how many words that took.
struct Found {
  const Verb* verb = nullptr;
  std::size_t words = 0;
};
[[nodiscard]] Found find_verb(std::span<const std::string> words) noexcept;

/// An option as it stands in words, with its value beside it or apart.
struct GivenOption {
  const Option* option = nullptr;  ///< null: there is none of that name
  std::string name{};
  std::optional<std::string> value{};
  std::size_t words = 1;  ///< that it takes
};
/// Whether a word stands for an option; "-" and "--" do not.
[[nodiscard]] bool is_option(std::string_view word) noexcept;
/// The option that the first of `words` is. "-w 5" takes two.
[[nodiscard]] GivenOption take_option(std::span<const std::string> words);

/// Sorts options from the rest; false after telling what is wrong. `--` ends options.
[[nodiscard]] bool read_options(Context& context, std::span<const std::string> words);

[[nodiscard]] bool belongs(const Option& option, const Verb& verb) noexcept;

/// Of macsecctl as a whole.
[[nodiscard]] std::string help_text();
/// Of one verb with its options.
[[nodiscard]] std::string help_text(const Verb& verb);
/// What is wrong with the words in the place of a verb, and what could be meant.
[[nodiscard]] std::string wrong_verb(std::span<const std::string> words);
/// Candidates for the last of `words`, one a line, "text<TAB>about".
[[nodiscard]] std::string complete(Context& context, std::span<const std::string> words);

// One file a verb.
Exit run_help(Context& context);
Exit run_list(Context& context);
Exit run_status(Context& context);
Exit run_peers(Context& context);
Exit run_clients(Context& context);
Exit run_stats(Context& context);
Exit run_monitor(Context& context);
Exit run_up(Context& context);
Exit run_doctor(Context& context);
Exit run_down(Context& context);
Exit run_rekey(Context& context);
Exit run_suspend(Context& context);
Exit run_reauth(Context& context);
Exit run_logoff(Context& context);
Exit run_terminate(Context& context);
Exit run_reload(Context& context);
Exit run_caps(Context& context);
Exit run_genkey(Context& context);
Exit run_key_list(Context& context);
Exit run_key_add(Context& context);
Exit run_key_retire(Context& context);
Exit run_key_rotate(Context& context);
Exit run_key_seal(Context& context);
Exit run_profile_list(Context& context);
Exit run_profile_show(Context& context);
Exit run_profile_add(Context& context);
Exit run_profile_edit(Context& context);
Exit run_profile_remove(Context& context);
Exit run_profile_enable(Context& context);
Exit run_profile_disable(Context& context);
Exit run_profile_check(Context& context);
Exit run_profile_import(Context& context);
Exit run_profile_export(Context& context);

}  // namespace macsec::cli
