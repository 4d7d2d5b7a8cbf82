// SPDX-License-Identifier: LGPL-2.1-or-later
/// Reader of systemd.syntax(7): what was written, in order, with the place of each assignment.
///
/// Sections and keys are not judged here, `X-` ones included. Values are views into a buffer that belongs to the
/// document and is wiped with it, so a value may be a secret; no diagnostic ever quotes a value.
#pragma once

#include "engine/base/file.hpp"
#include "engine/base/text.hpp"

#include <optional>
#include <span>
#include <vector>

namespace macsec {

enum class Severity : std::uint8_t { warning, error };

/// Something to tell the person who wrote a file.
struct Diagnostic {
  Severity severity = Severity::error;
  std::string file;
  unsigned line = 0;      ///< 1 and up; 0: the file as a whole
  std::string text;       ///< one sentence part, without secrets
  std::string setting{};  ///< "Section.Key" it is about; empty: none in particular
};
[[nodiscard]] std::string to_string(const Diagnostic& diagnostic);     ///< "FILE:LINE: text"
[[nodiscard]] std::string_view to_string(Severity severity) noexcept;  ///< "warning", "error"
[[nodiscard]] bool has_error(std::span<const Diagnostic> diagnostics) noexcept;

/// One section header. The same name may come again; each is a section of its own here.
struct IniSection {
  std::string_view name;
  unsigned line = 0;
};

struct IniAssignment {
  std::size_t section = 0;  ///< index into sections()
  std::string_view key;     ///< not empty
  std::string_view value;   ///< trimmed, continuation lines joined; empty: "back to the default"
  unsigned line = 0;        ///< of the first line where it is continued
};

class IniDocument {
 public:
  static constexpr std::size_t max_file = 1U << 20U;  ///< octets
  static constexpr std::size_t max_line = 1U << 16U;  ///< octets, continuations included

  /// Parses `text`; what cannot be used is left out and told in diagnostics(). `path` is for diagnostics only.
  [[nodiscard]] static IniDocument parse(std::string path, WipedText text);
  /// Reads and parses a file. An error only where the file cannot be read.
  [[nodiscard]] static Result<IniDocument> read(const std::string& path);

  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  /// Mode of the file; nothing for a text that did not come from one.
  [[nodiscard]] std::optional<mode_t> mode() const noexcept { return mode_; }
  [[nodiscard]] const std::vector<IniSection>& sections() const noexcept { return sections_; }
  [[nodiscard]] const std::vector<IniAssignment>& assignments() const noexcept { return assignments_; }
  [[nodiscard]] const std::vector<Diagnostic>& diagnostics() const noexcept { return diagnostics_; }

 private:
  void scan();
  void logical_line(std::string_view line, unsigned number);
  void complain(Severity severity, unsigned line, std::string_view text);

  std::string path_;
  WipedText text_;
  std::optional<mode_t> mode_;
  std::vector<IniSection> sections_;
  std::vector<IniAssignment> assignments_;
  std::vector<Diagnostic> diagnostics_;
  bool in_section_ = false;
  bool in_broken_section_ = false;
};

/// Whether a section or key belongs to another program by systemd's rule: its name starts with "X-".
[[nodiscard]] constexpr bool is_extension(std::string_view name) noexcept { return name.starts_with("X-"); }

/// Words of a list: separated by blanks (or commas where `commas`), quoted with '…' or "…" to hold separators;
/// nothing when a quote is not closed.
[[nodiscard]] std::optional<std::vector<std::string_view>> split_words(std::string_view value, bool commas = false);

}  // namespace macsec
