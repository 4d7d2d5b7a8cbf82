// SPDX-License-Identifier: LGPL-2.1-or-later
// What must hold between the keys of a profile. No class of its own: it reads the sections that a ProfileBuilder holds, and
// adds to its diagnostics.
#include "engine/config/cipher_choice.hpp"
#include "engine/config/instant.hpp"
#include "engine/config/port_pattern.hpp"
#include "engine/config/profile_builder.hpp"

#include <algorithm>

namespace macsec::detail {

void ProfileBuilder::check_link() {
  const Profile& profile = draft_.profile;
  const Group* link = first("Link");
  if (link == nullptr || !link->says("Parent")) {
    const Place place = place_of("Link", "Parent");
    // A program's place has its section in front already.
    const std::string_view where = place.section.empty() ? "[Link] " : "";
    return complain(
        place, std::string{where} + "Parent= is required: the name of the interface that carries the secured frames");
  }
  if (is_pattern(profile.link.parent)) return check_pattern(*link);
  if (is_pattern(profile.link.interface))
    complain(link->place_of("Interface"),
             "Interface=" + profile.link.interface + " needs a Parent= with a *, which says what the * stands for");
  if (profile.link.parent == profile.link.interface)
    complain(link->place_of("Interface"), "Interface= and Parent= are the same interface, " + profile.link.parent);
}

void ProfileBuilder::check_pattern(const Group& link) {
  Profile& profile = draft_.profile;
  constexpr std::size_t longest_name = 48;  // a port is called PROFILE@INTERFACE
  if (!link.says("Interface"))
    profile.link.interface = default_interface_pattern;
  else if (!is_pattern(profile.link.interface))
    complain(link.place_of("Interface"), "Interface=" + profile.link.interface + " needs a * with Parent=" +
                                             profile.link.parent + ": each port has an interface of its own");
  if (profile.link.parent == profile.link.interface)
    complain(link.place_of("Interface"), "Interface= and Parent= are the same pattern, " + profile.link.parent);
  if (profile.link.create == CreateChoice::always)
    complain(link.place_of("Create"),
             "Create=always is not accepted with Parent=" + profile.link.parent + ": yes or no");
  if (!association_groups_.empty())
    complain(association_groups_.front()->place, "[StaticKeys] is not accepted with Parent=" + profile.link.parent +
                                                     ": two ports with one key would send the same packet numbers");
  if (profile.name.size() > longest_name)
    complain(whole_,
             "the name of a profile with a * in Parent= is at most 48 characters: its ports are called NAME@INTERFACE");
}

void ProfileBuilder::check_macsec() {
  Profile& profile = draft_.profile;
  const bool implied = profile.macsec.end_station || profile.macsec.single_copy_broadcast;
  profile.macsec.include_sci = draft_.include_sci.value_or(!implied);
  if (profile.macsec.end_station && profile.macsec.single_copy_broadcast)
    complain(place_of("MACsec", "SingleCopyBroadcast"),
             "EndStation=yes and SingleCopyBroadcast=yes exclude each other");
  if (profile.macsec.include_sci && implied)
    complain(
        place_of("MACsec", "IncludeSci"),
        "IncludeSci=yes excludes EndStation=yes and SingleCopyBroadcast=yes: a frame carries its SCI or implies it");
  if (profile.macsec.end_station && profile.link.port != 1)
    complain(place_of("MACsec", "EndStation"), "EndStation=yes needs Port=1: the receiver takes the port for 1");
  if (profile.macsec.policy == Policy::must_secure && profile.macsec.validate != Validate::strict)
    tell(Severity::warning, place_of("MACsec", "Validate"),
         "Validate=" + std::string{to_string(profile.macsec.validate)} +
             " accepts frames without protection although Policy=must-secure");
  if (profile.static_keys.empty() || profile.macsec.policy == Policy::must_secure) return;
  complain(place_of("MACsec", "Policy"),
           "Policy=should-secure has no meaning with [StaticKeys]: there is no peer to wait for");
}

void ProfileBuilder::check_keys() {
  const Profile& profile = draft_.profile;
  if (profile.keys.empty()) {
    if (first("8021X") != nullptr || profile.key_source) return;
    const bool all_retired = !profile.retired.empty();
    if (profile.static_keys.empty() && (first("Key") == nullptr || all_retired) && !has_error(diagnostics_))
      complain(whole_, all_retired ? "no keys: all are retired"
                                   : "no keys: at least one [Key] section is required (or [8021X] for keys from an "
                                     "authentication, [KeySource] for keys from a key server, or [StaticKeys] for a "
                                     "link without MKA)");
    return;
  }
  if (!profile.static_keys.empty())
    complain(association_groups_.front()->place,
             "[StaticKeys] and [Key] exclude each other: a link has MKA or has not");
  bool primary = false;
  for (std::size_t i = 0; i < profile.keys.size(); ++i) {
    const PreSharedKey& key = profile.keys[i];
    primary = primary || key.role == KeyRole::primary;
    const auto same = [&key](const PreSharedKey& other) { return other.ckn == key.ckn && key.ckn.size() > 0; };
    if (std::any_of(profile.keys.begin(), profile.keys.begin() + static_cast<std::ptrdiff_t>(i), same))
      complain(key_groups_[i]->place_of("Ckn"), "Ckn=" + to_string(key.ckn) + " names an earlier key already");
  }
  check_lifetimes();
  check_expiry();
  if (!primary && first("8021X") == nullptr && !profile.key_source)
    complain(key_groups_.front()->place_of("Role"), "Role=fallback for all keys: one must be primary");
}

void ProfileBuilder::finish_key_source(const Group& group) {
  if (!group.says("Source"))
    complain(group.place, "Source= is required: the name of the key server's settings, NAME of NAME.source");
  if (!group.says("RemoteId"))
    complain(group.place, "RemoteId= is required: what the other end is called at its key server");
  draft_.profile.key_source = draft_.key_source;
}

void ProfileBuilder::check_key_source() {
  const Group* const group = first("KeySource");
  if (group == nullptr) return;
  if (first("8021X") != nullptr)
    complain(group->place,
             "[KeySource] and [8021X] exclude each other: keys come from a key server or an authentication");
  if (!association_groups_.empty())
    complain(group->place, "[KeySource] and [StaticKeys] exclude each other: a link has MKA or has not");
  if (is_pattern(draft_.profile.link.parent))
    complain(group->place, "[KeySource] is not accepted with Parent=" + draft_.profile.link.parent +
                               ": its keys are for one link and the two ends of it");
}

void ProfileBuilder::refuse_weak(const Place& place, std::string_view what, std::string_view accepted) {
  std::string text{what};
  complain(place, text.append(" is not accepted with Strength=cnsa2: ").append(accepted));
}

/// Every setting that is weaker than the profile says it must be, each at its place.
void ProfileBuilder::check_strength() {
  const Profile& profile = draft_.profile;
  if (profile.mka.strength == Strength::any) return;
  constexpr std::size_t long_key = 32;
  constexpr std::string_view digits = "64 hexadecimal digits";
  for (std::size_t i = 0; i < profile.keys.size(); ++i)
    if (!profile.keys[i].cak.empty() && profile.keys[i].cak.size() != long_key)
      refuse_weak(key_groups_[i]->place, "a CAK of 128 bit", digits);
  for (std::size_t i = 0; i < profile.static_keys.size(); ++i)
    if (!profile.static_keys[i].key.empty() && profile.static_keys[i].key.size() != long_key)
      refuse_weak(association_groups_[i]->place, "a key of 128 bit", digits);
  if (profile.key_source && profile.key_source->bits != 256)
    refuse_weak(place_of("KeySource", "Bits"), "Bits=" + std::to_string(profile.key_source->bits), "256");
  if (profile.pae && profile.pae->cak_length != CakLength::bits_256)
    refuse_weak(place_of("8021X", "CakLength"), "CakLength=" + std::string{to_string(profile.pae->cak_length)}, "256");
  for (const CipherSuite suite : profile.macsec.cipher_suites)
    if (profile.static_keys.empty() && sak_size(suite) != long_key)
      refuse_weak(place_of("MACsec", "CipherSuites"), to_string(suite), "GCM-AES-XPN-256 and GCM-AES-256");
  if (!profile.macsec.encrypt) refuse_weak(place_of("MACsec", "Encrypt"), "Encrypt=no", "yes");
  if (profile.macsec.validate != Validate::strict)
    refuse_weak(place_of("MACsec", "Validate"), "Validate=" + std::string{to_string(profile.macsec.validate)},
                "strict");
  if (profile.macsec.policy != Policy::must_secure)
    refuse_weak(place_of("MACsec", "Policy"), "Policy=should-secure", "must-secure");
}

/// With KeyExpiry=cut a link ends with its last key: that is to be said before it happens.
void ProfileBuilder::check_expiry() {
  const Profile& profile = draft_.profile;
  if (profile.mka.key_expiry == KeyExpiry::keep) return;
  const auto lasts = [](const PreSharedKey& key) { return !key.not_after || key.role == KeyRole::fallback; };
  if (std::ranges::any_of(profile.keys, lasts)) return;
  tell(Severity::warning, place_of("MKA", "KeyExpiry"),
       "KeyExpiry=cut ends the link with its last key: no key is without NotAfter=, and none is a fallback");
}

/// Tells of a profile that has no key to run with now, and when it has one again, if ever.
void ProfileBuilder::check_lifetimes() {
  if (!context_.now) return;
  const std::int64_t now = *context_.now;
  std::optional<std::int64_t> next;
  std::size_t last = 0;
  const std::vector<PreSharedKey>& keys = draft_.profile.keys;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const PreSharedKey& key = keys[i];
    const bool ended = key.not_after && *key.not_after <= now;
    if (!ended && (!key.not_before || *key.not_before <= now)) return;
    if (!ended && (!next || *key.not_before < *next)) next = key.not_before;
    if (ended && keys[last].not_after.value_or(0) <= *key.not_after) last = i;
  }
  if (next)
    tell(Severity::warning, key_groups_.front()->place,
         "no key is valid now: the next one becomes valid at " + format_instant(*next));
  else
    tell(Severity::warning, key_groups_[last]->place_of("NotAfter"),
         "no key is valid now or later: the last one ended at " + format_instant(keys[last].not_after.value_or(now)));
}

/// Without MKA nobody agrees on a cipher suite: it is the one that was said, or follows from the length of the keys.
void ProfileBuilder::choose_static_cipher_suite() {
  Profile& profile = draft_.profile;
  if (profile.macsec.cipher_suites.size() > 1)
    complain(place_of("MACsec", "CipherSuites"), "CipherSuites= takes one cipher suite where there are [StaticKeys]");
  profile.macsec.cipher_suites = {static_cipher_suite(profile)};
}

void ProfileBuilder::check_static_keys() {
  const Profile& profile = draft_.profile;
  if (profile.static_keys.empty()) return;
  // Much hardware never tells how far it counted: a reboot would give out the same packet numbers once more.
  if (profile.macsec.offload != OffloadChoice::off)
    complain(place_of("MACsec", "Offload"),
             "Offload=" + std::string{to_string(profile.macsec.offload)} +
                 " excludes [StaticKeys], only off is accepted with them: hardware need not tell the packet numbers it"
                 " used, and none may be used twice with a key that outlasts a reboot");
  choose_static_cipher_suite();
  const CipherSuite suite = profile.macsec.cipher_suites.front();
  const std::string suite_name{to_string(suite)};
  bool transmit = false;
  for (std::size_t i = 0; i < profile.static_keys.size(); ++i) {
    const StaticKey& key = profile.static_keys[i];
    const Group& group = *association_groups_[i];
    transmit = transmit || key.transmit;
    if (!key.key.empty() && key.key.size() != sak_size(suite))
      complain(group.place,
               suite_name + " takes keys of " + std::to_string(sak_size(suite) * 2) + " hexadecimal digits");
    if (is_xpn(suite) && (key.ssci == 0 || key.salt.empty()))
      complain(group.place, "Ssci= and Salt= are required for " + suite_name);
    if (!is_xpn(suite) && (group.says("Ssci") || group.says("Salt")))
      complain(group.place_of(group.says("Ssci") ? "Ssci" : "Salt"), "Ssci= and Salt= are not for " + suite_name);
    if (!is_xpn(suite) && key.packet_number > UINT32_MAX)
      complain(group.place_of("PacketNumber"), "PacketNumber= is at most 4294967295 with " + suite_name);
    for (std::size_t j = 0; j < i; ++j) {
      const StaticKey& other = profile.static_keys[j];
      if (other.transmit != key.transmit) continue;
      if (other.an == key.an && other.peer == key.peer)
        complain(group.place, "An=" + std::to_string(key.an.value()) + " is taken by an earlier section");
      // Both would begin with the same packet numbers: the same nonces under the same key.
      if (key.transmit && !key.key.empty() && other.key == key.key)
        complain(group.place, "the key is that of an earlier Direction=transmit section");
    }
  }
  if (!transmit) complain(association_groups_.front()->place, "no [StaticKeys] section has Direction=transmit");
}

}  // namespace macsec::detail
