// SPDX-License-Identifier: LGPL-2.1-or-later
/// Calls nobody in his right mind makes, from a stream of octets. Shared by a test and a fuzzer.
#pragma once

#include "dbus/bus/message.hpp"

namespace macsec::test {

/// Reads decisions from octets; zeros when they are used up.
class Decisions {
 public:
  explicit Decisions(Bytes octets) noexcept : reader_{octets} {}
  [[nodiscard]] bool more() const noexcept { return reader_.remaining() > 0; }
  [[nodiscard]] std::uint8_t octet() noexcept { return reader_.remaining() > 0 ? reader_.u8() : std::uint8_t{0}; }
  [[nodiscard]] std::size_t below(std::size_t limit) noexcept { return octet() % limit; }
  [[nodiscard]] std::string text();

 private:
  Reader reader_;
};

/// A method call with a body; sections and options are often nearly right. Null where sd-bus refuses to make it.
[[nodiscard]] bus::MessagePointer hostile_call(sd_bus* bus, const char* destination, Decisions& decisions);

}  // namespace macsec::test
