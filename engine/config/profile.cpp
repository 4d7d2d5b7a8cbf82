// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/config/profile.hpp"

#include <algorithm>
#include <tuple>

namespace macsec {
namespace {

bool same_key(const PreSharedKey& left, const PreSharedKey& right) noexcept {
  return left.ckn == right.ckn && left.cak == right.cak && left.role == right.role &&
         left.not_before == right.not_before && left.not_after == right.not_after;
}

bool same_static_key(const StaticKey& left, const StaticKey& right) noexcept {
  return left.transmit == right.transmit && left.peer == right.peer && left.an == right.an && left.key == right.key &&
         left.key_id == right.key_id && left.packet_number == right.packet_number && left.ssci == right.ssci &&
         left.salt == right.salt;
}

auto link_settings(const Profile& p) noexcept {
  return std::tie(p.enabled, p.parent, p.interface, p.port, p.create, p.keep_configuration);
}

auto macsec_settings(const Profile& p) noexcept {
  return std::tie(p.encrypt, p.cipher_suites, p.offload, p.validate, p.replay_protect, p.replay_window, p.include_sci,
                  p.end_station, p.single_copy_broadcast, p.policy);
}

auto mka_settings(const Profile& p) noexcept {
  return std::tie(p.priority, p.version, p.rekey, p.rekey_pn_percent, p.rekey_on_peer_loss, p.hello, p.delay_protect,
                  p.icv_indicator, p.destination, p.ethertype);
}

}  // namespace

bool is_profile_name(std::string_view name) noexcept {
  if (name.empty() || name.size() > 64 || name.starts_with('.')) return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view{"._-@:+"}.contains(c);
  });
}

std::string_view to_string(Policy policy) noexcept {
  switch (policy) {
    case Policy::must_secure:
      return "must-secure";
    case Policy::should_secure:
      return "should-secure";
  }
  return {};
}

std::string_view to_string(Validate validate) noexcept {
  switch (validate) {
    case Validate::disabled:
      return "disabled";
    case Validate::check:
      return "check";
    case Validate::strict:
      return "strict";
  }
  return {};
}

std::string_view to_string(OffloadChoice offload) noexcept {
  switch (offload) {
    case OffloadChoice::off:
      return "off";
    case OffloadChoice::mac:
      return "mac";
    case OffloadChoice::phy:
      return "phy";
    case OffloadChoice::automatic:
      return "auto";
  }
  return {};
}

std::string_view to_string(CreateChoice create) noexcept {
  switch (create) {
    case CreateChoice::no:
      return "no";
    case CreateChoice::yes:
      return "yes";
    case CreateChoice::always:
      return "always";
  }
  return {};
}

std::string_view to_string(KeepConfiguration keep) noexcept {
  switch (keep) {
    case KeepConfiguration::no:
      return "no";
    case KeepConfiguration::remember:
      return "remember";
    case KeepConfiguration::yes:
      return "yes";
  }
  return {};
}

std::string_view to_string(KeyRole role) noexcept {
  switch (role) {
    case KeyRole::primary:
      return "primary";
    case KeyRole::fallback:
      return "fallback";
  }
  return {};
}

std::string_view to_string(ProfileSource source) noexcept {
  switch (source) {
    case ProfileSource::file:
      return "file";
    case ProfileSource::runtime:
      return "runtime";
    case ProfileSource::networkmanager:
      return "networkmanager";
    case ProfileSource::networkd:
      return "networkd";
  }
  return {};
}

bool same_settings(const Profile& before, const Profile& after) noexcept {
  return link_settings(before) == link_settings(after) && macsec_settings(before) == macsec_settings(after) &&
         mka_settings(before) == mka_settings(after) &&
         std::equal(before.keys.begin(), before.keys.end(), after.keys.begin(), after.keys.end(), same_key) &&
         std::equal(before.static_keys.begin(), before.static_keys.end(), after.static_keys.begin(),
                    after.static_keys.end(), same_static_key);
}

}  // namespace macsec
