// SPDX-License-Identifier: LGPL-2.1-or-later
/// JSON (RFC 8259) as key servers answer it: read strictly, bounded, and without a copy of what may be a key.
#pragma once

#include "engine/base/result.hpp"
#include "engine/base/wiped.hpp"

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace macsec::keys {

class JsonDocument;

/// A value of a document, or one that is not there: what is asked of that is not there either.
class Json {
 public:
  enum class Kind : std::uint8_t { missing, null, boolean, number, text, list, object };

  Json() = default;
  [[nodiscard]] Kind kind() const noexcept;
  /// A member of an object.
  [[nodiscard]] Json operator[](std::string_view name) const;
  /// An element of a list.
  [[nodiscard]] Json at(std::size_t index) const noexcept;
  /// Members or elements; 0 for anything else.
  [[nodiscard]] std::size_t size() const noexcept;

  // Nothing for a value of another kind.
  [[nodiscard]] std::optional<WipedText> text() const;
  /// A number without sign, fraction and exponent, below 2^64.
  [[nodiscard]] std::optional<std::uint64_t> integer() const noexcept;
  [[nodiscard]] std::optional<bool> boolean() const noexcept;

 private:
  friend class JsonDocument;
  Json(const JsonDocument* document, std::uint32_t index) noexcept : document_{document}, index_{index} {}

  const JsonDocument* document_ = nullptr;
  std::uint32_t index_ = 0;
};

class JsonDocument {
 public:
  static constexpr std::size_t max_text = 64UL * 1024;  ///< octets
  static constexpr unsigned max_depth = 8;              ///< lists and objects inside each other
  static constexpr std::size_t max_values = 256;

  /// `text` outlives the document, which holds views into it. Refused besides what is not JSON: octets that are not UTF-8, a
  /// byte order mark, a name that comes twice in one object, half of a surrogate pair, and what exceeds the bounds above. The
  /// error says at which octet, and never what stands there.
  [[nodiscard]] static Result<JsonDocument> parse(std::string_view text);

  [[nodiscard]] Json root() const noexcept { return {this, 0}; }

 private:
  friend class Json;
  friend class JsonParser;
  struct Node {
    Json::Kind kind = Json::Kind::missing;
    std::string_view name;    ///< of a member: between its quotes, as written
    std::string_view raw;     ///< of a text what is between its quotes, of others all of it
    std::uint32_t first = 0;  ///< child; 0: none, for the root is nobody's
    std::uint32_t next = 0;   ///< sibling
  };

  std::vector<Node> nodes_;
};

}  // namespace macsec::keys
