// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/wire/tls.hpp"

namespace macsec {

std::string_view to_string(TlsVersion version) noexcept {
  switch (version) {
    case TlsVersion::tls_1_0:
      return "1.0";
    case TlsVersion::tls_1_1:
      return "1.1";
    case TlsVersion::tls_1_2:
      return "1.2";
    case TlsVersion::tls_1_3:
      return "1.3";
  }
  return {};
}

std::string_view to_string(Revocation revocation) noexcept {
  switch (revocation) {
    case Revocation::none:
      return "none";
    case Revocation::ocsp_stapled:
      return "ocsp-stapled";
    case Revocation::ocsp_required:
      return "ocsp-required";
    case Revocation::crl:
      return "crl";
    case Revocation::crl_leaf:
      return "crl-leaf";
  }
  return {};
}

}  // namespace macsec
