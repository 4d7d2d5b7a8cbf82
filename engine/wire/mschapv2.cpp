// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/wire/mschapv2.hpp"

#include "engine/base/text.hpp"

#include <algorithm>
#include <limits>

namespace macsec {
namespace {

constexpr std::size_t mschapv2_header_size = 4;
constexpr std::uint8_t response_value_size = 49;

constexpr bool is_opcode(std::uint8_t value) noexcept { return (value >= 1 && value <= 4) || value == 7; }

std::string_view text_of(Bytes octets) noexcept {
  // Text is read as the octets it is; nothing here depends on its encoding.
  return {reinterpret_cast<const char*>(octets.data()), octets.size()};
}

/// The word after "E=" and the like, up to the next blank; empty when it is not there.
std::string_view word_of(std::string_view text, std::string_view name) noexcept {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find(' ', at), text.size());
    const std::string_view word = text.substr(at, end - at);
    if (word.starts_with(name)) return word.substr(name.size());
    if (word.starts_with("M=")) break;
    at = end + 1;
  }
  return {};
}

}  // namespace

std::optional<Mschapv2Packet> read_mschapv2(Bytes data) noexcept {
  Reader reader{data};
  const std::uint8_t opcode = reader.u8();
  if (!reader.ok() || !is_opcode(opcode)) return std::nullopt;
  Mschapv2Packet out;
  out.opcode = Mschapv2Opcode{opcode};
  if (reader.remaining() == 0) return out;
  out.id = reader.u8();
  const std::uint16_t length = reader.u16();
  if (!reader.ok() || length < mschapv2_header_size) return std::nullopt;
  out.value = reader.take(length - mschapv2_header_size);
  if (!reader.ok()) return std::nullopt;
  return out;
}

std::optional<Mschapv2ChallengeValue> read_mschapv2_challenge(Bytes value) noexcept {
  Reader reader{value};
  const std::uint8_t size = reader.u8();
  Mschapv2ChallengeValue out;
  out.challenge = reader.array<mschapv2_challenge_size>();
  if (!reader.ok() || size != mschapv2_challenge_size) return std::nullopt;
  out.server_name = reader.take(reader.remaining());
  return out;
}

std::optional<Mschapv2Authenticator> read_mschapv2_success(Bytes value) noexcept {
  constexpr std::size_t digits = 2 * mschapv2_authenticator_size;
  const std::string_view text = text_of(value);
  if (!text.starts_with("S=") || text.size() < 2 + digits) return std::nullopt;
  if (text.size() > 2 + digits && text[2 + digits] != ' ') return std::nullopt;
  Mschapv2Authenticator out{};
  if (!from_hex(text.substr(2, digits), out)) return std::nullopt;
  return out;
}

Mschapv2Failure read_mschapv2_failure(Bytes value) noexcept {
  const std::string_view text = text_of(value);
  Mschapv2Failure out;
  constexpr std::uint64_t most = 0xffff;
  out.error = static_cast<unsigned>(parse_unsigned(word_of(text, "E="), most).value_or(0));
  out.retry = word_of(text, "R=") == "1";
  if (text.starts_with("M=")) out.message = text.substr(2);
  if (const std::size_t at = text.find(" M="); at != std::string_view::npos) out.message = text.substr(at + 3);
  return out;
}

void write_mschapv2_response_value(Writer& writer, const Mschapv2Challenge& peer,
                                   const Mschapv2NtResponse& response) noexcept {
  writer.put(peer);
  writer.zeros(8);
  writer.put(response);
  writer.u8(0);
}

void write_mschapv2_response(Writer& writer, std::uint8_t id, const Mschapv2Challenge& peer,
                             const Mschapv2NtResponse& response, Bytes name) noexcept {
  const std::size_t length = mschapv2_header_size + 1 + response_value_size + name.size();
  if (length > std::numeric_limits<std::uint16_t>::max()) return writer.fail();
  writer.u8(static_cast<std::uint8_t>(Mschapv2Opcode::response));
  writer.u8(id);
  writer.u16(static_cast<std::uint16_t>(length));
  writer.u8(response_value_size);
  write_mschapv2_response_value(writer, peer, response);
  writer.put(name);
}

}  // namespace macsec
