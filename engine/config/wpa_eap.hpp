// SPDX-License-Identifier: LGPL-2.1-or-later
/// 802.1X in the words of wpa_supplicant, which NetworkManager speaks, too: from its network block to settings of [8021X].
#pragma once

#include "engine/base/wiped.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace macsec {

/// One setting of a network: "ca_cert" and its value, without quotation marks. It may be secret, and any octets.
struct WpaEapSetting {
  std::string_view key;
  std::string_view value;
};

/// A setting of [8021X] and the one it comes from.
struct WpaEapText {
  std::string key;
  std::string value;
  std::string_view from;
};
struct WpaEapSecret {
  std::string_view key;
  WipedText octets;
};
/// The content of a blob is what a setting of [8021X] stands for.
struct WpaEapBlob {
  std::string_view key;
  std::string name;
  std::string_view from;
};
/// What is said of one setting. `from` points into the settings.
struct WpaEapRemark {
  std::string_view from;
  std::string text;
};

struct WpaEap {
  std::vector<WpaEapText> texts;
  std::vector<WpaEapSecret> secrets;
  std::vector<WpaEapBlob> blobs;
  std::vector<WpaEapRemark> refused;   ///< "phase2=auth=OTP is not accepted: ..."; secrets are not quoted
  std::vector<WpaEapRemark> left_out;  ///< what changes nothing
};

/// Whether a network has this key for 802.1X.
[[nodiscard]] bool is_wpa_eap_key(std::string_view key) noexcept;

/// Every setting is mapped, refused by name, or left out with a reason. Certificates and keys are texts that name a path, or
/// blobs. Keys that is_wpa_eap_key() does not know are refused.
[[nodiscard]] WpaEap read_wpa_eap(std::span<const WpaEapSetting> settings);

}  // namespace macsec
