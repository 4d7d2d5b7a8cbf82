// SPDX-License-Identifier: LGPL-2.1-or-later
/// A link in words, as `status` shows it.
#pragma once

#include "cli/context.hpp"

namespace macsec::cli {

/// What is known of a link besides its session.
struct LinkFacts {
  const bus::ProfileInfo* profile = nullptr;              ///< null: unknown
  bus::Value statistics{};                                ///< of GetStatistics; empty: unknown
  std::optional<bus::SupplicantInfo> supplicant{};        ///< nothing: it does not authenticate
  std::optional<bus::AuthenticatorInfo> authenticator{};  ///< nothing: it is no access port
  std::optional<bus::KeyServerInfo> key_server{};  ///< that brings its keys; nothing: none does, or it is not known
  std::uint64_t mtu = 0;                           ///< octets; 0: unknown
  std::uint64_t parent_mtu = 0;
};

[[nodiscard]] bool has_error(const bus::ProfileInfo& profile);
/// "FILE:LINE: TEXT", as far as file and line are known.
[[nodiscard]] std::string placed_text(const bus::Problem& problem);

/// "   Peers: ..." with what does not fit below.
void print_line(Context& context, std::string_view name, std::string_view text, Style style = Style::plain);
/// "in 4min 10s"; "due" where it should have been.
[[nodiscard]] std::string until(Time when);
void print_session(Context& context, const bus::SessionInfo& info, const LinkFacts& facts);
/// The mark before a link, which says its state without colour, too.
[[nodiscard]] std::string_view bullet(std::string_view state) noexcept;

}  // namespace macsec::cli
