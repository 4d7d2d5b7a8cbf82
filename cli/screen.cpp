// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/screen.hpp"

#include <algorithm>
#include <numeric>

namespace macsec::cli {
namespace {

constexpr std::size_t gap = 2;
constexpr std::size_t narrowest = 4;

constexpr bool continues(char c) noexcept { return (static_cast<unsigned char>(c) & 0xc0U) == 0x80U; }

std::string_view escape(Style style) noexcept {
  switch (style) {
    case Style::plain:
      return "";
    case Style::good:
      return "\033[32m";
    case Style::pending:
      return "\033[33m";
    case Style::bad:
      return "\033[1;31m";
    case Style::dim:
      return "\033[2m";
    case Style::strong:
      return "\033[1m";
  }
  return "";
}

}  // namespace

std::string printable(std::string_view text) {
  std::string out{text};
  std::ranges::replace_if(out, [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; }, '?');
  return out;
}

std::string paint(const Screen& screen, Style style, std::string_view text) {
  if (!screen.color || style == Style::plain || text.empty()) return std::string{text};
  return std::string{escape(style)}.append(text).append("\033[0m");
}

std::size_t width_of(std::string_view text) noexcept {
  return static_cast<std::size_t>(std::ranges::count_if(text, [](char c) { return !continues(c); }));
}

std::string shorten(std::string_view text, std::size_t width) {
  if (width_of(text) <= width) return std::string{text};
  std::size_t end = 0;
  for (std::size_t count = 0; end < text.size(); ++end)
    if (!continues(text[end]) && ++count >= width) break;
  return std::string{text.substr(0, end)} + "…";
}

std::vector<std::string> wrap(std::string_view text, std::size_t width) {
  std::vector<std::string> lines(1);
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (word.empty()) continue;
    if (width != 0 && !lines.back().empty() && width_of(lines.back()) + 1 + width_of(word) > width)
      lines.emplace_back();
    if (!lines.back().empty()) lines.back() += ' ';
    lines.back() += word;
  }
  return lines;
}

Table::Table(std::vector<std::string> titles) : titles_{std::move(titles)} {
  for (std::string& title : titles_) {
    right_.push_back(title.starts_with('>'));
    kept_.push_back(title.starts_with('='));
    if (right_.back() || kept_.back()) title.erase(0, 1);
  }
}

std::vector<std::size_t> Table::widths(const Screen& screen, bool legend) const {
  std::vector<std::size_t> out(titles_.size(), 0);
  for (std::size_t i = 0; i < out.size(); ++i) {
    if (legend) out[i] = width_of(titles_[i]);
    for (const auto& row : rows_)
      if (i < row.size()) out[i] = std::max(out[i], width_of(row[i].text));
  }
  if (screen.width == 0) return out;
  std::size_t total = std::accumulate(out.begin(), out.end(), gap * (out.size() - 1));
  // The first column names what the row is about: it gives way last, after those that are to be kept.
  const auto widest = [&](auto&& may_shrink) {
    std::size_t found = out.size();
    for (std::size_t i = 0; i < out.size(); ++i)
      if (may_shrink(i) && out[i] > narrowest && (found == out.size() || out[i] > out[found])) found = i;
    return found;
  };
  while (total > screen.width) {
    std::size_t at = widest([this](std::size_t i) { return i != 0 && !kept_[i]; });
    if (at == out.size()) at = widest([](std::size_t i) { return i != 0; });
    if (at == out.size()) at = widest([](std::size_t) { return true; });
    if (at == out.size()) break;
    --out[at];
    --total;
  }
  return out;
}

std::string Table::print(const Screen& screen, bool legend) const {
  const std::vector<std::size_t> widths = this->widths(screen, legend);
  std::string out;
  const auto line = [&](const std::vector<Cell>& cells) {
    std::string text;
    for (std::size_t i = 0; i < cells.size() && i < widths.size(); ++i) {
      const std::string cell = shorten(printable(cells[i].text), widths[i]);
      const std::string padding(widths[i] - std::min(widths[i], width_of(cell)), ' ');
      if (i != 0) text.append(gap, ' ');
      if (right_[i]) text += padding;
      text += paint(screen, cells[i].style, cell);
      if (!right_[i] && i + 1 < cells.size()) text += padding;
    }
    while (text.ends_with(' ')) text.pop_back();
    out += text + '\n';
  };
  if (legend) {
    std::vector<Cell> head;
    for (const std::string& title : titles_) head.push_back({title, Style::strong});
    line(head);
  }
  for (const auto& row : rows_) line(row);
  return out;
}

}  // namespace macsec::cli
