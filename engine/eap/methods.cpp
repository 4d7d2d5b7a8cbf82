// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/eap/methods.hpp"

#include <algorithm>

namespace macsec::eap {
namespace {

/// Windows NPS computes its crypto-binding wrongly unless PEAP announces the size of single fragments, too.
template <typename Run, bool AlwaysTotal>
Result<MethodRun> start(const MethodSetup& setup) {
  Result<TlsTunnel> tunnel = TlsTunnel::open(setup, AlwaysTotal);
  if (!tunnel) return std::unexpected{std::move(tunnel.error())};
  return MethodRun{Run{setup, std::move(*tunnel)}};
}

constexpr std::array<EapMethod, 3> table{{
    {EapType::tls, start<TlsRun, false>},
    {EapType::peap, start<PeapRun, true>},
    {EapType::ttls, start<TtlsRun, false>},
}};

}  // namespace

std::span<const EapMethod> methods() noexcept { return table; }

const EapMethod* find_method(EapType type) noexcept {
  const auto* const found = std::ranges::find(table, type, &EapMethod::type);
  return found == table.end() ? nullptr : found;
}

}  // namespace macsec::eap
