// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin/keys/json.hpp"

#include "engine/base/text.hpp"

#include <algorithm>

namespace macsec::keys {
namespace {

constexpr bool is_decimal(char c) noexcept { return c >= '0' && c <= '9'; }

/// Four hexadecimal digits at the front of `text`, which are there.
std::uint32_t four_digits(std::string_view text) noexcept {
  std::array<std::uint8_t, 2> octets{};
  static_cast<void>(from_hex(text.substr(0, 4), octets));
  return static_cast<std::uint32_t>(octets[0] << 8U | octets[1]);
}

constexpr bool is_high_surrogate(std::uint32_t unit) noexcept { return unit >= 0xd800 && unit < 0xdc00; }
constexpr bool is_low_surrogate(std::uint32_t unit) noexcept { return unit >= 0xdc00 && unit < 0xe000; }

char* put_utf8(char* out, std::uint32_t point) noexcept {
  const auto tail = [](std::uint32_t bits) { return static_cast<char>(0x80U | (bits & 0x3fU)); };
  if (point < 0x80) {
    *out++ = static_cast<char>(point);
  } else if (point < 0x800) {
    *out++ = static_cast<char>(0xc0U | point >> 6U);
    *out++ = tail(point);
  } else if (point < 0x10000) {
    *out++ = static_cast<char>(0xe0U | point >> 12U);
    *out++ = tail(point >> 6U);
    *out++ = tail(point);
  } else {
    *out++ = static_cast<char>(0xf0U | point >> 18U);
    *out++ = tail(point >> 12U);
    *out++ = tail(point >> 6U);
    *out++ = tail(point);
  }
  return out;
}

char plain_escape(char c) noexcept {
  switch (c) {
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    default:
      return c;
  }
}

/// What stands between the quotes, which the parser has found good, without escapes. No escape is shorter than what it means.
WipedText unescape(std::string_view raw) {
  WipedText out{raw.size()};
  char* at = out.data();
  while (!raw.empty()) {
    const char c = raw.front();
    if (c != '\\') {
      *at++ = c;
      raw.remove_prefix(1);
      continue;
    }
    if (raw[1] != 'u') {
      *at++ = plain_escape(raw[1]);
      raw.remove_prefix(2);
      continue;
    }
    std::uint32_t point = four_digits(raw.substr(2));
    raw.remove_prefix(6);
    if (is_high_surrogate(point)) {
      point = 0x10000 + ((point - 0xd800) << 10U) + (four_digits(raw.substr(2)) - 0xdc00);
      raw.remove_prefix(6);
    }
    at = put_utf8(at, point);
  }
  return WipedText{out.view().substr(0, static_cast<std::size_t>(at - out.data()))};
}

bool same_text(std::string_view raw, std::string_view wanted) {
  return raw.contains('\\') ? unescape(raw).view() == wanted : raw == wanted;
}

}  // namespace

class JsonParser {
 public:
  JsonParser(std::string_view text, std::vector<JsonDocument::Node>& nodes) : text_{text}, nodes_{nodes} {}

  Result<void> run() {
    skip_blanks();
    if (!value({}, 0)) return failure();
    skip_blanks();
    if (at_ != text_.size()) {
      static_cast<void>(stop("something follows the value"));
      return failure();
    }
    return {};
  }

 private:
  using Kind = Json::Kind;

  bool stop(const char* why) {
    if (why_ == nullptr) why_ = why;
    return false;
  }
  [[nodiscard]] std::unexpected<Error> failure() const {
    return fail("no JSON that can be used, at octet " + std::to_string(at_) + ": " + why_);
  }
  void skip_blanks() noexcept {
    while (at_ < text_.size() && std::string_view{" \t\r\n"}.contains(text_[at_])) ++at_;
  }
  [[nodiscard]] bool next_is(char c) const noexcept { return at_ < text_.size() && text_[at_] == c; }
  bool take(char c) noexcept {
    if (!next_is(c)) return false;
    ++at_;
    return true;
  }

  bool value(std::string_view name, unsigned depth) {
    if (nodes_.size() == JsonDocument::max_values) return stop("more than 256 values");
    const std::size_t self = nodes_.size();
    nodes_.push_back({.kind = Kind::null, .name = name, .raw = {}});
    const std::size_t start = at_;
    if (at_ == text_.size()) return stop("a value is missing");
    switch (text_[at_]) {
      case '{':
      case '[':
        return nested(self, depth);
      case '"':
        nodes_[self].kind = Kind::text;
        return text(nodes_[self].raw);
      case 't':
        nodes_[self].kind = Kind::boolean;
        if (!word("true")) return false;
        break;
      case 'f':
        nodes_[self].kind = Kind::boolean;
        if (!word("false")) return false;
        break;
      case 'n':
        if (!word("null")) return false;
        break;
      default:
        nodes_[self].kind = Kind::number;
        if (!number()) return false;
    }
    nodes_[self].raw = text_.substr(start, at_ - start);
    return true;
  }

  bool word(std::string_view wanted) {
    if (!text_.substr(at_).starts_with(wanted)) return stop("a value is expected");
    at_ += wanted.size();
    return true;
  }

  bool digits() noexcept {
    const std::size_t start = at_;
    while (at_ < text_.size() && is_decimal(text_[at_])) ++at_;
    return at_ != start;
  }

  bool number() {
    take('-');
    if (!next_is('0') ? !digits() : !take('0')) return stop("a value is expected");
    if (take('.') && !digits()) return stop("a digit is expected behind the point");
    if (take('e') || take('E')) {
      if (!take('+')) take('-');
      if (!digits()) return stop("a digit is expected in the exponent");
    }
    return true;
  }

  /// `raw` becomes what stands between the quotes.
  bool text(std::string_view& raw) {
    if (!take('"')) return stop("a quote is expected");
    const std::size_t start = at_;
    while (at_ < text_.size() && text_[at_] != '"') {
      if (static_cast<unsigned char>(text_[at_]) < 0x20) return stop("a control character in a text");
      if (text_[at_++] == '\\' && !escape()) return false;
    }
    raw = text_.substr(start, at_ - start);
    return take('"') || stop("the end is missing");
  }

  bool escape() {
    if (at_ == text_.size()) return stop("the end is missing");
    const char c = text_[at_++];
    if (c != 'u') return std::string_view{"\"\\/bfnrt"}.contains(c) || stop("no escape of JSON");
    std::uint32_t unit = 0;
    if (!code_unit(unit)) return false;
    if (is_low_surrogate(unit)) return stop("half of a surrogate pair");
    if (!is_high_surrogate(unit)) return true;
    if (!take('\\') || !take('u') || !code_unit(unit) || !is_low_surrogate(unit))
      return stop("half of a surrogate pair");
    return true;
  }

  bool code_unit(std::uint32_t& unit) {
    std::array<std::uint8_t, 2> octets{};
    if (text_.size() - at_ < 4 || !from_hex(text_.substr(at_, 4), octets))
      return stop("four hexadecimal digits are expected");
    unit = four_digits(text_.substr(at_));
    at_ += 4;
    return true;
  }

  bool nested(std::size_t self, unsigned depth) {
    if (depth == JsonDocument::max_depth) return stop("nested more than 8 deep");
    const bool object = text_[at_++] == '{';
    const char end = object ? '}' : ']';
    nodes_[self].kind = object ? Kind::object : Kind::list;
    skip_blanks();
    if (take(end)) return true;
    for (std::size_t last = 0;;) {
      skip_blanks();
      std::string_view name;
      if (object && !member_name(self, name)) return false;
      const std::size_t child = nodes_.size();
      if (!value(name, depth + 1)) return false;
      (last == 0 ? nodes_[self].first : nodes_[last].next) = static_cast<std::uint32_t>(child);
      last = child;
      skip_blanks();
      if (take(end)) return true;
      if (!take(',')) return stop(object ? "a comma or } is expected" : "a comma or ] is expected");
    }
  }

  bool member_name(std::size_t object, std::string_view& name) {
    if (!text(name)) return false;
    const WipedText plain = unescape(name);
    for (std::uint32_t i = nodes_[object].first; i != 0; i = nodes_[i].next)
      if (same_text(nodes_[i].name, plain.view())) return stop("a name comes twice");
    skip_blanks();
    if (!take(':')) return stop("a colon is expected");
    skip_blanks();
    return true;
  }

  std::string_view text_;
  std::vector<JsonDocument::Node>& nodes_;
  std::size_t at_ = 0;
  const char* why_ = nullptr;
};

Result<JsonDocument> JsonDocument::parse(std::string_view text) {
  if (text.size() > max_text) return fail("an answer of more than 64 KiB");
  if (!is_utf8(text)) return fail("no JSON that can be used: it is not UTF-8");
  JsonDocument document;
  if (auto done = JsonParser{text, document.nodes_}.run(); !done) return std::unexpected{std::move(done.error())};
  return document;
}

Json::Kind Json::kind() const noexcept { return document_ == nullptr ? Kind::missing : document_->nodes_[index_].kind; }

Json Json::operator[](std::string_view name) const {
  if (kind() != Kind::object) return {};
  const auto& nodes = document_->nodes_;
  for (std::uint32_t i = nodes[index_].first; i != 0; i = nodes[i].next)
    if (same_text(nodes[i].name, name)) return {document_, i};
  return {};
}

Json Json::at(std::size_t index) const noexcept {
  if (kind() != Kind::list) return {};
  const auto& nodes = document_->nodes_;
  for (std::uint32_t i = nodes[index_].first; i != 0; i = nodes[i].next)
    if (index-- == 0) return {document_, i};
  return {};
}

std::size_t Json::size() const noexcept {
  if (kind() != Kind::list && kind() != Kind::object) return 0;
  std::size_t count = 0;
  for (std::uint32_t i = document_->nodes_[index_].first; i != 0; i = document_->nodes_[i].next) ++count;
  return count;
}

std::optional<WipedText> Json::text() const {
  if (kind() != Kind::text) return std::nullopt;
  return unescape(document_->nodes_[index_].raw);
}

std::optional<std::uint64_t> Json::integer() const noexcept {
  if (kind() != Kind::number) return std::nullopt;
  const std::string_view raw = document_->nodes_[index_].raw;
  if (!std::ranges::all_of(raw, is_decimal)) return std::nullopt;
  return parse_unsigned(raw, UINT64_MAX);
}

std::optional<bool> Json::boolean() const noexcept {
  if (kind() != Kind::boolean) return std::nullopt;
  return document_->nodes_[index_].raw == "true";
}

}  // namespace macsec::keys
