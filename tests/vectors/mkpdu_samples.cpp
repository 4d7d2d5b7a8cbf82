// SPDX-License-Identifier: LGPL-2.1-or-later
/// Writes one MKPDU of each kind, for readers that are not ours.
///   mkpdu-samples FILE            a capture file, one frame a sample, in the order of samples()
///   mkpdu-samples --files DIR     one file a sample, named for it
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <string>
#include <vector>

#include "engine/crypto/mka_keys.hpp"
#include "engine/wire/eapol.hpp"

namespace {

using namespace macsec;

constexpr MacAddress own_mac{{0x02, 0, 0, 0, 0, 0x01}};
constexpr MemberId own_mi{{0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8, 0xa9, 0xaa, 0xab, 0xac}};
constexpr MemberId peer_mi{{0xb1, 0xb2, 0xb3, 0xb4, 0xb5, 0xb6, 0xb7, 0xb8, 0xb9, 0xba, 0xbb, 0xbc}};
constexpr MemberId third_mi{{0xc1, 0xc2, 0xc3, 0xc4, 0xc5, 0xc6, 0xc7, 0xc8, 0xc9, 0xca, 0xcb, 0xcc}};
constexpr PeerEntry live[] = {{peer_mi, 41}, {third_mi, 0x01020304}};
constexpr PeerEntry potential[] = {{third_mi, 9}};

struct Sample {
  std::string name;
  std::vector<std::uint8_t> frame;
};

/// The CAK counts up from 0x10, the CKN from 0x60.
std::vector<std::uint8_t> counting(std::uint8_t first, std::size_t size) {
  std::vector<std::uint8_t> out(size);
  std::iota(out.begin(), out.end(), first);
  return out;
}

MkpduContent content_for(std::size_t ckn_size) {
  MkpduContent content;
  content.basic.priority = 16;
  content.basic.macsec_desired = true;
  content.basic.capability = MacsecCapability::confidentiality_offset;
  content.basic.sci = Sci::of(own_mac, 1);
  content.basic.mi = own_mi;
  content.basic.mn = 7;
  content.basic.ckn = *Ckn::from(counting(0x60, ckn_size));
  return content;
}

SakUseSet both_keys_in_use() {
  SakUseSet use;
  use.latest = {An{2}, true, true, {own_mi, 3}, 0x000004d2};
  use.old = {An{1}, false, true, {own_mi, 2}, 0xfffffff0};
  use.delay_protect = true;
  return use;
}

Sample sample(std::string name, const MkpduContent& content, std::size_t cak_size = 16) {
  const crypto::Cak cak{counting(0x10, cak_size)};
  std::array<std::uint8_t, ethernet_header_size + eapol_header_size + max_mkpdu_size> buffer{};
  Writer writer{buffer};
  write_eapol_header(writer, pae_group_address, own_mac, eapol_ethertype, EapolType::mka,
                     static_cast<std::uint16_t>(mkpdu_size(content)));
  write_mkpdu(writer, content);
  const Result<Secret<32>> ick = crypto::derive_ick(cak, content.basic.ckn);
  const Result<crypto::IcvKey> key = crypto::IcvKey::from(ick.value());
  writer.put(key->compute(writer.written()).value());
  if (!writer.ok()) throw std::runtime_error(name + " does not fit");
  return {std::move(name), {writer.written().begin(), writer.written().end()}};
}

/// The key server's MKPDU that distributes a SAK counting up from 0x80.
Sample distribution(std::string name, CipherSuite suite, std::size_t cak_size) {
  MkpduContent content = content_for(16);
  content.basic.key_server = true;
  content.live = live;
  content.live_ssci = is_xpn(suite) ? 3 : 0;
  content.sak_use.emplace().latest = {An{1}, false, true, {own_mi, 5}, 1};
  const Result<Secret<32>> kek = crypto::derive_kek(crypto::Cak{counting(0x10, cak_size)}, content.basic.ckn);
  std::vector<std::uint8_t> wrapped(sak_size(suite) + 8);
  crypto::wrap_sak(kek.value(), crypto::Sak{counting(0x80, sak_size(suite))}, wrapped).value();
  content.distributed_sak = DistributedSakSet{.macsec = true,
                                              .an = An{1},
                                              .confidentiality_offset = 1,
                                              .number = 5,
                                              .cipher_suite_id = cipher_suite_id(suite),
                                              .wrapped = wrapped};
  content.announced = all_cipher_suites;
  content.xpn = is_xpn(suite) ? XpnSet{.suspension_time = 0, .latest_upper = 1, .old_upper = 0} : XpnSet{};
  return sample(std::move(name), content, cak_size);
}

std::vector<Sample> samples() {
  std::vector<Sample> out;
  out.push_back(sample("alone", content_for(16)));
  out.push_back(sample("ckn-1", content_for(1)));
  out.push_back(sample("ckn-3", content_for(3)));
  out.push_back(sample("ckn-32-cak-256", content_for(32), 32));
  MkpduContent content = content_for(16);
  content.potential = potential;
  out.push_back(sample("heard", content));
  content.live = std::span{live}.first(1);
  out.push_back(sample("live-and-potential", content));
  content.potential = {};
  content.live = live;
  content.sak_use = both_keys_in_use();
  out.push_back(sample("sak-use", content));
  content.sak_use->plain_tx = content.sak_use->plain_rx = true;
  content.announced = all_cipher_suites;
  content.xpn = XpnSet{.suspension_time = 120, .latest_upper = 7, .old_upper = 6};
  out.push_back(sample("suspended-xpn", content));
  out.push_back(distribution("distribute-gcm-aes-128", CipherSuite::gcm_aes_128, 16));
  out.push_back(distribution("distribute-gcm-aes-256", CipherSuite::gcm_aes_256, 32));
  out.push_back(distribution("distribute-gcm-aes-xpn-128", CipherSuite::gcm_aes_xpn_128, 16));
  out.push_back(distribution("distribute-gcm-aes-xpn-256", CipherSuite::gcm_aes_xpn_256, 32));
  content = content_for(16);
  content.basic.key_server = true;
  content.live = live;
  content.sak_use.emplace().macsec = false;
  content.distributed_sak.emplace().macsec = false;
  out.push_back(sample("no-macsec", content));
  content = content_for(16);
  content.live = live;
  content.sak_use = both_keys_in_use();
  content.icv_indicator = true;
  out.push_back(sample("icv-indicator", content));
  return out;
}

/// libpcap's file format, little endian, link type Ethernet.
void write_capture(const char* path, const std::vector<Sample>& all) {
  std::ofstream file{path, std::ios::binary};
  const auto u32 = [&file](std::uint32_t value) {
    for (int shift = 0; shift < 32; shift += 8) file.put(static_cast<char>(value >> shift & 0xffU));
  };
  for (const std::uint32_t word : {0xa1b2c3d4U, 0x00040002U, 0U, 0U, 65535U, 1U}) u32(word);
  std::uint32_t second = 0;
  for (const Sample& one : all) {
    const std::uint32_t size = static_cast<std::uint32_t>(one.frame.size());
    for (const std::uint32_t word : {second++, 0U, size, size}) u32(word);
    for (const std::uint8_t octet : one.frame) file.put(static_cast<char>(octet));
  }
  if (!file.flush()) throw std::runtime_error(std::string{"cannot write "} + path);
}

void write_files(const std::filesystem::path& directory, const std::vector<Sample>& all) {
  std::filesystem::create_directories(directory);
  for (const Sample& one : all) {
    std::ofstream file{directory / one.name, std::ios::binary};
    for (const std::uint8_t octet : one.frame) file.put(static_cast<char>(octet));
    if (!file.flush()) throw std::runtime_error("cannot write " + (directory / one.name).string());
  }
}

}  // namespace

int main(int argc, char** argv) try {
  const std::vector<std::string_view> arguments(argv + 1, argv + argc);
  if (arguments.size() == 2 && arguments[0] == "--files") {
    write_files(argv[2], samples());
  } else if (arguments.size() == 1) {
    write_capture(argv[1], samples());
  } else {
    std::fprintf(stderr, "usage: mkpdu-samples FILE | --files DIR\n");
    return 2;
  }
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "mkpdu-samples: %s\n", error.what());
  return 1;
}
