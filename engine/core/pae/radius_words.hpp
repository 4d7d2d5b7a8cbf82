// SPDX-License-Identifier: LGPL-2.1-or-later
/// What people are told of a RADIUS server that gives no answer.
#pragma once

#include "engine/base/result.hpp"
#include "engine/config/radius_server.hpp"
#include "engine/core/pae/radius_exchange.hpp"
#include "engine/crypto/radius_keys.hpp"

namespace macsec::core {

/// Of an errno of its socket; nothing where sending again later may help.
[[nodiscard]] std::optional<RadiusProblem> radius_problem_of(int error) noexcept;
[[nodiscard]] std::string words_of_error(RadiusProblem problem, const Error& error, const RadiusServer& server);
[[nodiscard]] std::string words_of_silence(const RadiusServer& server);
/// It answers others, or Status-Server.
[[nodiscard]] std::string words_of_neglect(const RadiusServer& server);
/// Of a connection over TLS that was there and gave no sign of life, or that could not be made in time.
[[nodiscard]] std::string words_of_broken(const RadiusServer& server, bool was_open);
/// It does not know a conversation that began on another connection.
[[nodiscard]] std::string words_of_forgetting(const RadiusServer& server);
[[nodiscard]] std::string words_of_bad_answer(const RadiusServer& server, crypto::RadiusCheck found);

}  // namespace macsec::core
