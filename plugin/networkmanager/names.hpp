// SPDX-License-Identifier: LGPL-2.1-or-later
/// Names of the supplicant's bus interface, as far as NetworkManager knows them.
#pragma once

namespace macsec::nm {

inline constexpr const char* supplicant_name = "fi.w1.wpa_supplicant1";
inline constexpr const char* supplicant_unit = "wpa_supplicant.service";
inline constexpr const char* supplicant_path = "/fi/w1/wpa_supplicant1";
inline constexpr const char* supplicant_interface = "fi.w1.wpa_supplicant1";
inline constexpr const char* link_interface = "fi.w1.wpa_supplicant1.Interface";
/// Objects made here; the real supplicant's are called .../Interfaces/NUMBER.
inline constexpr const char* own_prefix = "/fi/w1/wpa_supplicant1/Interfaces/macsec";
inline constexpr const char* macsec_driver = "macsec_linux";

namespace supplicant_error {
inline constexpr const char* invalid_args = "fi.w1.wpa_supplicant1.InvalidArgs";
inline constexpr const char* unknown = "fi.w1.wpa_supplicant1.UnknownError";
inline constexpr const char* interface_exists = "fi.w1.wpa_supplicant1.InterfaceExists";
inline constexpr const char* interface_unknown = "fi.w1.wpa_supplicant1.InterfaceUnknown";
inline constexpr const char* network_unknown = "fi.w1.wpa_supplicant1.NetworkUnknown";
inline constexpr const char* blob_exists = "fi.w1.wpa_supplicant1.BlobExists";
inline constexpr const char* blob_unknown = "fi.w1.wpa_supplicant1.BlobUnknown";
}  // namespace supplicant_error

}  // namespace macsec::nm
