// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/config/ini.hpp"

#include <algorithm>

namespace macsec {
namespace {

constexpr std::string_view blanks = " \t\r\n";

std::string_view strip(std::string_view text) noexcept {
  const std::size_t first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

bool is_comment(std::string_view line) noexcept {
  const std::string_view text = strip(line);
  return text.starts_with('#') || text.starts_with(';');
}

/// Whether the last character is a backslash that no backslash before it escapes.
bool is_continued(std::string_view line) noexcept {
  const std::size_t last = line.find_last_not_of('\\');
  const std::size_t count = last == std::string_view::npos ? line.size() : line.size() - last - 1;
  return count % 2 == 1;
}

/// One physical line of `rest` without its end, which may be LF, CR LF or CR.
std::string_view next_line(std::string_view& rest) noexcept {
  const std::size_t end = rest.find_first_of("\r\n");
  const std::string_view line = rest.substr(0, end);
  if (end == std::string_view::npos) {
    rest = {};
  } else {
    rest.remove_prefix(end + (rest.substr(end).starts_with("\r\n") ? 2 : 1));
  }
  return line;
}

}  // namespace

std::string to_string(const Diagnostic& diagnostic) {
  std::string out = diagnostic.file;
  if (diagnostic.line != 0) out += ":" + std::to_string(diagnostic.line);
  if (!out.empty()) out += ": ";
  return out + diagnostic.text;
}

std::string_view to_string(Severity severity) noexcept {
  switch (severity) {
    case Severity::warning:
      return "warning";
    case Severity::error:
      return "error";
  }
  return {};
}

bool has_error(std::span<const Diagnostic> diagnostics) noexcept {
  return std::any_of(diagnostics.begin(), diagnostics.end(),
                     [](const Diagnostic& one) { return one.severity == Severity::error; });
}

std::optional<std::vector<std::string_view>> split_words(std::string_view value, bool commas) {
  const std::string_view separators = commas ? " \t,\r\n" : " \t\r\n";
  std::vector<std::string_view> words;
  for (;;) {
    const std::size_t start = value.find_first_not_of(separators);
    if (start == std::string_view::npos) return words;
    value.remove_prefix(start);
    const bool quoted = value.front() == '"' || value.front() == '\'';
    const std::size_t end = quoted ? value.find(value.front(), 1) : value.find_first_of(separators);
    if (quoted && end == std::string_view::npos) return std::nullopt;
    words.push_back(quoted ? value.substr(1, end - 1) : value.substr(0, end));
    value.remove_prefix(std::min(value.size(), end == std::string_view::npos ? end : end + (quoted ? 1 : 0)));
    // "a"b is neither one word nor two.
    if (quoted && !value.empty() && !separators.contains(value.front())) return std::nullopt;
  }
}

void IniDocument::complain(Severity severity, unsigned line, std::string_view text) {
  diagnostics_.push_back({.severity = severity, .file = path_, .line = line, .text = std::string{text}});
}

void IniDocument::logical_line(std::string_view line, unsigned number) {
  line = strip(line);
  if (line.empty()) return;
  if (!is_utf8(line)) return complain(Severity::error, number, "not valid UTF-8");
  if (line.front() == '[') {
    in_section_ = true;
    in_broken_section_ = line.back() != ']' || line.size() < 3;
    if (in_broken_section_) return complain(Severity::error, number, "invalid section header, expected [Name]");
    sections_.push_back({line.substr(1, line.size() - 2), number});
    return;
  }
  if (!in_section_) return complain(Severity::warning, number, "assignment outside of a section, line ignored");
  if (in_broken_section_) return;
  const std::size_t equals = line.find('=');
  if (equals == std::string_view::npos) return complain(Severity::warning, number, "missing '=', line ignored");
  const std::string_view key = strip(line.substr(0, equals));
  if (key.empty()) return complain(Severity::warning, number, "missing key name before '=', line ignored");
  assignments_.push_back({sections_.size() - 1, key, strip(line.substr(equals + 1)), number});
}

void IniDocument::scan() {
  std::string_view rest = text_.view();
  if (rest.starts_with("\xef\xbb\xbf")) rest.remove_prefix(3);
  // Continued lines are joined in place: the joined text is never longer than what it is made of, and nothing of a
  // secret gets a second copy.
  char* const base = text_.data();
  std::size_t start = 0;
  std::size_t length = 0;
  unsigned first = 0;
  bool joining = false;
  for (unsigned number = 1; !rest.empty(); ++number) {
    const std::string_view line = next_line(rest);
    if (line.contains('\0')) return complain(Severity::error, number, "a NUL octet, this is not a text file");
    if (line.size() + length > max_line)
      return complain(Severity::error, number, "line longer than " + std::to_string(max_line) + " octets");
    if (is_comment(line)) continue;
    if (!joining) {
      start = static_cast<std::size_t>(line.data() - base);
      length = line.size();
      first = number;
    } else {
      std::copy(line.begin(), line.end(), base + start + length);
      length += line.size();
    }
    joining = is_continued({base + start, length});
    if (joining) {
      base[start + length - 1] = ' ';
      continue;
    }
    logical_line({base + start, length}, first);
    length = 0;
  }
  if (joining) logical_line({base + start, length}, first);
}

IniDocument IniDocument::parse(std::string path, WipedText text) {
  IniDocument document;
  document.path_ = std::move(path);
  document.text_ = std::move(text);
  if (document.text_.size() > max_file) {
    document.complain(Severity::error, 0, "file longer than " + std::to_string(max_file) + " octets");
  } else {
    document.scan();
  }
  return document;
}

Result<IniDocument> IniDocument::read(const std::string& path) {
  Result<FileText> file = read_file(path, max_file);
  if (!file) return std::unexpected{std::move(file.error())};
  IniDocument document = parse(path, std::move(file->text));
  document.mode_ = file->mode;
  return document;
}

}  // namespace macsec
