// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/eap/eap_server.hpp"

#include <algorithm>

#include "engine/base/text.hpp"
#include "engine/crypto/peap_keys.hpp"
#include "engine/wire/ttls_avp.hpp"

namespace macsec::test {
namespace {

constexpr std::string_view user = "alice";

std::string text_of(Bytes octets) { return {octets.begin(), octets.end()}; }

Buffer packet_of(EapCode code, std::uint8_t identifier, EapType type, Bytes data) {
  Buffer out(eap_header_size + 1 + data.size());
  Writer writer{out};
  write_eap(writer, code, identifier, type, data);
  return out;
}

}  // namespace

Buffer EapServer::ask(eap::Peer& peer, EapType type, Bytes data) {
  if (++packets_ > 2 && settings_.stranger) settings_.stranger(peer);
  eap::PeerReply reply = peer.on_packet(packet_of(EapCode::request, ++identifier_, type, data));
  const auto* const octets = std::get_if<eap::Octets>(&reply);
  if (octets == nullptr) {
    early_ = std::move(reply);
    return {};
  }
  const std::optional<EapPacket> packet = read_eap(*octets);
  if (!packet || packet->identifier != identifier_ || (packet->type != type && packet->type != EapType::nak)) return {};
  return {packet->data.begin(), packet->data.end()};
}

/// Sends records in fragments and takes what comes back, whole; false when the peer says no more.
bool EapServer::exchange(eap::Peer& peer, Bytes records) {
  eap::TlsFragmenter out;
  out.load({records.begin(), records.end()}, false);
  eap::TlsReassembler in;
  Buffer answer;
  do {
    answer = ask(peer, settings_.method, out.next(settings_.fragment, 0));
  } while (out.pending() && !answer.empty());
  for (;;) {
    const std::optional<TlsFragment> fragment = read_tls_fragment(answer);
    if (!fragment) return false;
    const auto message = in.add(*fragment);
    if (!message) return false;
    if (*message) {
      tls_.feed(**message);
      return true;
    }
    answer = ask(peer, settings_.method, Buffer{0});
  }
}

Buffer EapServer::tunnel(eap::Peer& peer, Bytes text) {
  if (!text.empty()) tls_.write(text);
  static_cast<void>(exchange(peer, tls_.take_output()));
  return tls_.take_received();
}

eap::PeerReply EapServer::finish(eap::Peer& peer, EapCode code) {
  if (early_) return std::move(*early_);
  if (settings_.stranger) settings_.stranger(peer);
  Buffer out(eap_header_size);
  Writer writer{out};
  write_eap_end(writer, code, identifier_);
  return peer.on_packet(out);
}

eap::PeerReply EapServer::run(eap::Peer& peer) {
  if (ask(peer, EapType::identity, {}).empty()) return finish(peer, EapCode::failure);
  const Buffer hello = ask(peer, settings_.method, Buffer{0x20});
  const std::optional<TlsFragment> first = read_tls_fragment(hello);
  if (!first) return finish(peer, EapCode::failure);
  eap::TlsReassembler in;
  auto message = in.add(*first);
  while (message && !*message) message = in.add(*read_tls_fragment(ask(peer, settings_.method, Buffer{0})));
  tls_.feed(**message);
  for (int i = 0; i < 8 && !tls_.failed() && !tls_.established(); ++i)
    if (!exchange(peer, tls_.take_output())) return finish(peer, EapCode::failure);
  if (tls_.failed()) {
    // An alert, where there is one.
    if (const Buffer rest = tls_.take_output(); !rest.empty()) static_cast<void>(exchange(peer, rest));
    return finish(peer, EapCode::failure);
  }
  bool good = true;
  if (settings_.method == EapType::peap) {
    good = run_peap(peer);
  } else if (settings_.method == EapType::ttls) {
    good = run_ttls(peer);
  } else {
    const bool confirms = settings_.confirm && (settings_.confirm_resumed || !tls_.resumed());
    if (tls_.is_tls_1_3() && confirms) tls_.write(Buffer{0});
    if (const Buffer rest = tls_.take_output(); !rest.empty()) static_cast<void>(exchange(peer, rest));
  }
  return finish(peer, good && !settings_.refuse ? EapCode::success : EapCode::failure);
}

bool EapServer::run_mschapv2(eap::Peer& peer) {
  Buffer challenge{26, 1, 7, 0, 4 + 17, 16};
  challenge.insert(challenge.end(), 16, 0x5c);
  const Buffer answer = tunnel(peer, challenge);
  if (answer.size() < 6 + 49 || answer[0] != 26) return false;
  crypto::Mschapv2Exchange exchange{.authenticator = {}, .peer = {}, .name = user};
  exchange.authenticator.fill(0x5c);
  std::copy_n(answer.begin() + 6, 16, exchange.peer.begin());
  const crypto::NtHash hash = *crypto::nt_password_hash(eap::octets_of(settings_.password));
  const Mschapv2NtResponse expected = *crypto::mschapv2_nt_response(hash, exchange);
  if (!std::equal(expected.begin(), expected.end(), answer.begin() + 6 + 24)) {
    const std::string words =
        "E=" + std::to_string(settings_.error) + " R=0 C=00000000000000000000000000000000 V=3 M=no";
    Buffer failure{26, 4, 7, 0, static_cast<std::uint8_t>(4 + words.size())};
    failure.insert(failure.end(), words.begin(), words.end());
    if (settings_.explain) static_cast<void>(tunnel(peer, failure));
    return false;
  }
  inner_key_ = std::move(*crypto::mschapv2_keys(hash, expected));
  const Mschapv2Authenticator proof = *crypto::mschapv2_authenticator_response(hash, exchange, expected);
  const std::string words = "S=" + to_hex(proof);
  Buffer success{26, 3, 7, 0, static_cast<std::uint8_t>(4 + words.size())};
  success.insert(success.end(), words.begin(), words.end());
  return tunnel(peer, success) == Buffer{26, 3};
}

Buffer EapServer::result_tlvs() {
  std::array<std::uint8_t, 6 + peap_binding_size> buffer{};
  Writer writer{buffer};
  write_peap_result(writer, PeapResult::success);
  if (settings_.binding) {
    const Buffer keys = tls_.keys(25, "client EAP encryption");
    const crypto::PeapCompoundKeys compound =
        *crypto::derive_peap_compound_keys(Bytes{keys}.first(60), inner_key_.expose());
    PeapBinding binding;
    binding.nonce.fill(3);
    binding.mac = *crypto::peap_binding_mac(compound, binding);
    if (!settings_.good_binding) binding.mac[0] ^= 1U;
    write_peap_binding(writer, binding);
  }
  return packet_of(EapCode::request, 77, EapType::tlv, writer.written());
}

bool EapServer::run_peap(eap::Peer& peer) {
  bool good = true;
  if (!tls_.resumed() && settings_.inner) {
    if (text_of(tunnel(peer, Buffer{1})) != "\x01" + std::string{user}) return false;
    good = run_mschapv2(peer);
  }
  if (!good || settings_.refuse) {
    static_cast<void>(tunnel(peer, packet_of(EapCode::request, 77, EapType::tlv, Buffer{0x80, 3, 0, 2, 0, 2})));
    return false;
  }
  const Buffer answer = tunnel(peer, result_tlvs());
  if (settings_.insist) {
    settings_.binding = false;
    static_cast<void>(tunnel(peer, result_tlvs()));
    return true;
  }
  const std::optional<EapPacket> packet = read_eap(answer);
  const std::optional<PeapTlvs> tlvs = packet ? read_peap_tlvs(packet->data) : std::nullopt;
  return tlvs && tlvs->result == PeapResult::success;
}

bool EapServer::run_ttls(eap::Peer& peer) {
  if (tls_.resumed()) return true;
  Buffer text = tls_.take_received();
  if (text.empty()) text = tunnel(peer, {});
  AvpReader reader{text};
  bool named = false;
  while (const std::optional<Avp> avp = reader.next()) {
    named = named || (avp->is(AvpCode::user_name) && text_of(avp->data) == user);
    if (!avp->is(AvpCode::user_password)) continue;
    std::string password = text_of(avp->data);
    password.resize(password.find_last_not_of('\0') + 1);
    return named && password == settings_.password;
  }
  return false;
}

}  // namespace macsec::test
