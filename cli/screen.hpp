// SPDX-License-Identifier: LGPL-2.1-or-later
/// Text for a terminal: colour that means state, tables that fit, wrapped lines.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace macsec::cli {

/// What colour stands for. A word always says the same.
enum class Style : std::uint8_t { plain, good, pending, bad, dim, strong };

struct Screen {
  bool color = false;
  std::size_t width = 0;  ///< columns; 0: no limit
};

/// Without control characters, so that nothing from elsewhere moves the cursor.
[[nodiscard]] std::string printable(std::string_view text);
[[nodiscard]] std::string paint(const Screen& screen, Style style, std::string_view text);
/// Characters, not octets.
[[nodiscard]] std::size_t width_of(std::string_view text) noexcept;
/// At most `width` characters, the last one an ellipsis where something was cut off.
[[nodiscard]] std::string shorten(std::string_view text, std::size_t width);
/// Lines of at most `width` characters (0: one line), broken at blanks.
[[nodiscard]] std::vector<std::string> wrap(std::string_view text, std::size_t width);

struct Cell {
  std::string text{};
  Style style = Style::plain;
};

class Table {
 public:
  /// A title that begins with '>' is of a column that is set flush right; one with '=' of a column that gives way only
  /// where all others have.
  explicit Table(std::vector<std::string> titles);
  void add(std::vector<Cell> cells) { rows_.push_back(std::move(cells)); }
  [[nodiscard]] bool empty() const noexcept { return rows_.empty(); }
  /// The widest columns give way where the screen is too narrow.
  [[nodiscard]] std::string print(const Screen& screen, bool legend) const;

 private:
  [[nodiscard]] std::vector<std::size_t> widths(const Screen& screen, bool legend) const;

  std::vector<std::string> titles_;
  std::vector<bool> right_;
  std::vector<bool> kept_;
  std::vector<std::vector<Cell>> rows_;
};

}  // namespace macsec::cli
