// SPDX-License-Identifier: LGPL-2.1-or-later
/// The methods that may be an authentication. To add one: its files, a row in methods.cpp, its name in the profile's table.
#pragma once

#include "engine/eap/peap_method.hpp"
#include "engine/eap/tls_method.hpp"
#include "engine/eap/ttls_method.hpp"

#include <span>
#include <variant>

namespace macsec::eap {

using MethodRun = std::variant<TlsRun, PeapRun, TtlsRun>;

struct EapMethod {
  EapType type = EapType::none;
  Result<MethodRun> (*start)(const MethodSetup& setup) = nullptr;
};

/// In the order of the manual page.
[[nodiscard]] std::span<const EapMethod> methods() noexcept;
[[nodiscard]] const EapMethod* find_method(EapType type) noexcept;

}  // namespace macsec::eap
