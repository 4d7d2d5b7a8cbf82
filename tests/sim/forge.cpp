// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/sim/forge.hpp"

#include <algorithm>

namespace macsec::sim {

PreSharedKey psk(std::string_view ckn_hex, std::uint8_t fill, std::size_t size, KeyRole role) {
  PreSharedKey key;
  key.ckn = Ckn::from_hex(ckn_hex).value();
  key.role = role;
  std::ranges::fill(key.cak.allocate(size), fill);
  return key;
}

ProfilePointer make_profile(const std::function<void(Profile&)>& change) {
  auto profile = std::make_shared<Profile>();
  profile->name = "sim";
  profile->link.parent = "eth0";
  profile->link.interface = "macsec0";
  profile->macsec.cipher_suites = {CipherSuite::gcm_aes_128};
  profile->keys.push_back(psk("abcd", 0x11));
  if (change) change(*profile);
  return profile;
}

Forger::Forger(const PreSharedKey& key)
    : ckn_{key.ckn},
      cak_{key.cak.duplicate()},
      kek_{std::move(crypto::derive_kek(key.cak, key.ckn).value())},
      icv_{std::move(crypto::IcvKey::from(crypto::derive_ick(key.cak, key.ckn).value()).value())} {}

std::vector<std::uint8_t> Forger::frame(const MacAddress& source, const MkpduContent& content,
                                        const MacAddress& destination) const {
  std::vector<std::uint8_t> out(ethernet_header_size + eapol_header_size + max_mkpdu_size);
  Writer writer{out};
  write_eapol_header(writer, destination, source, eapol_ethertype, EapolType::mka,
                     static_cast<std::uint16_t>(mkpdu_size(content)));
  write_mkpdu(writer, content);
  writer.zeros(icv_size);
  if (!writer.ok()) return {};
  out.resize(writer.size());
  return sign(out) ? out : std::vector<std::uint8_t>{};
}

bool Forger::sign(std::vector<std::uint8_t>& frame) const {
  const auto eapol = read_eapol(frame);
  if (!eapol || eapol->body.size() < icv_size) return false;
  const std::size_t covered = eapol->authenticated.size() - icv_size;
  const auto icv = icv_.compute(eapol->authenticated.first(covered));
  if (!icv) return false;
  std::ranges::copy(*icv, frame.begin() + static_cast<std::ptrdiff_t>(covered));
  return true;
}

bool Forger::verify(const EapolFrame& frame) const {
  if (frame.body.size() < icv_size) return false;
  return icv_.verify(frame.authenticated.first(frame.authenticated.size() - icv_size),
                     frame.authenticated.last(icv_size));
}

}  // namespace macsec::sim
