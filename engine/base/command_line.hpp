// SPDX-License-Identifier: LGPL-2.1-or-later
/// The command line of a program without verbs: its options are rows, of which parser, help and errors come.
#pragma once

#include "engine/base/result.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace macsec {

struct ProgramOption {
  std::string_view name;  ///< "--state-dir"
  std::string_view
      argument;  ///< what follows it, "DIR"; empty: nothing; "[FILE...]": the words after it that are no options
  std::string_view help;
  /// Applies it, with each word that belongs to it; an empty text, or what would be accepted.
  std::function<std::string_view(std::string_view value)> apply;
  bool may_be_empty = false;  ///< its value
};

/// A row that only sets `flag` to `value`.
template <typename T>
[[nodiscard]] auto sets(T& flag, T value) {
  return [&flag, value](std::string_view) -> std::string_view {
    flag = value;
    return {};
  };
}

class CommandLine {
 public:
  /// `summary` is the line of the help that says what the program is for, `more` what stands behind its options.
  /// --help and --version need no row.
  CommandLine(std::string_view program, std::string_view summary, std::vector<ProgramOption> options,
              std::string_view more);

  enum class Asks : std::uint8_t { work, help, version };
  /// `arguments` without the program's name. EINVAL with a message that names the argument and what is accepted. What stands
  /// behind --help or --version is not read.
  [[nodiscard]] Result<Asks> read(std::span<const std::string_view> arguments) const;
  [[nodiscard]] std::string help() const;

  /// Reads what main() was given and does what is left to say: help and version go to standard output, an error to standard
  /// error. The exit status of the program, 0 or 2; nothing: it is to work.
  [[nodiscard]] std::optional<int> answer(int count, const char* const* words) const;

 private:
  [[nodiscard]] std::string accepted() const;
  [[nodiscard]] std::unexpected<Error> refuse(std::string_view word) const;

  std::string_view program_;
  std::string_view summary_;
  std::string_view more_;
  std::vector<ProgramOption> options_;
};

}  // namespace macsec
