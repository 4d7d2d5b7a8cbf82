// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/eap/peap_method.hpp"

#include "engine/crypto/peap_keys.hpp"

#include <algorithm>

namespace macsec::eap {
namespace {

constexpr std::size_t tunnel_key_size = 60;

EapType inner_type(EapInner inner) noexcept { return inner == EapInner::eap_gtc ? EapType::gtc : EapType::mschapv2; }

/// TLVs are the one thing inside PEAP version 0 that has its EAP header.
bool has_header(Bytes text) noexcept {
  return text.size() > eap_header_size && text[0] == static_cast<std::uint8_t>(EapCode::request) &&
         (std::size_t{text[2]} << 8U | text[3]) == text.size() &&
         text[eap_header_size] == static_cast<std::uint8_t>(EapType::tlv);
}

}  // namespace

PeapRun::PeapRun(const MethodSetup& setup, TlsTunnel tunnel)
    : loaded_{&setup.loaded},
      random_{&setup.random},
      tunnel_{std::move(tunnel)},
      inner_{setup, inner_type(setup.loaded.profile.inner)} {}

std::string PeapRun::inner() const {
  return inner_type(loaded_->profile.inner) == EapType::gtc ? "eap-gtc" : "eap-mschapv2";
}

MethodStep PeapRun::process(Bytes data) {
  const TlsTunnel::Event event = tunnel_.receive(data);
  if (event == TlsTunnel::Event::ignored) return {.reply = {}, .ignore = true};
  if (event == TlsTunnel::Event::advanced && tunnel_.established()) {
    const WipedBuffer text = tunnel_.channel().take_received();
    if (!text.octets().empty() && !is_protected_success(tunnel_, text.octets())) return answer(text.octets());
  }
  return {.reply = tunnel_.reply()};
}

MethodStep PeapRun::send(const WipedBuffer& text) {
  if (const Result<void> written = tunnel_.channel().write(text.octets()); !written)
    failure_ = MethodReport{EapStage::inner, EapProblem::internal, written.error().message};
  return {.reply = tunnel_.reply()};
}

MethodStep PeapRun::answer(Bytes text) {
  if (has_header(text)) return answer_tlvs(text[1], text.subspan(eap_header_size + 1));
  const InnerPeer::Response response = inner_.process(static_cast<EapType>(text[0]), text.subspan(1));
  // The tunnel has moved on: an empty packet keeps the server going where there is nothing to say.
  if (response.step.ignore) return {.reply = tunnel_.reply()};
  WipedBuffer out;
  const auto type = static_cast<std::uint8_t>(response.type);
  out.add(Bytes{&type, 1}).add(response.step.reply.octets());
  return send(out);
}

bool PeapRun::inner_done() const noexcept { return inner_.decision() != Decision::fail || tunnel_.channel().resumed(); }

std::optional<PeapBinding> PeapRun::bind(const PeapBinding& binding) {
  const auto refuse = [this](std::string why) {
    failure_ = MethodReport{EapStage::confirmation, EapProblem::binding, std::move(why)};
    return std::nullopt;
  };
  const Result<Secret<128>> keys = tunnel_.channel().export_keys(EapType::peap);
  if (!keys) return refuse(keys.error().message);
  // A method without keys takes part with zeros; without any method the tunnel's keys stand alone.
  constexpr std::array<std::uint8_t, 32> no_keys{};
  Bytes inner = inner_.msk();
  if (inner.empty() && inner_.decision() != Decision::fail) inner = no_keys;
  const Result<crypto::PeapCompoundKeys> compound =
      crypto::derive_peap_compound_keys(keys->expose().first(tunnel_key_size), inner);
  if (!compound) return refuse(compound.error().message);
  const Result<std::array<std::uint8_t, peap_binding_mac_size>> expected = crypto::peap_binding_mac(*compound, binding);
  if (binding.kind != PeapBinding::Kind::request || !expected || !equal_constant_time(*expected, binding.mac))
    return refuse("the server's crypto-binding is wrong: tunnel and inner method do not end in the same host");
  PeapBinding ours{
      .version = binding.version, .received_version = binding.version, .kind = PeapBinding::Kind::response};
  random_->fill(ours.nonce);
  const Result<std::array<std::uint8_t, peap_binding_mac_size>> mac = crypto::peap_binding_mac(*compound, ours);
  Result<Secret<64>> msk = crypto::derive_peap_msk(*compound);
  if (!mac || !msk) return refuse("cannot compute crypto-binding");
  ours.mac = *mac;
  bound_msk_ = std::move(*msk);
  return ours;
}

bool PeapRun::judge(const PeapTlvs& tlvs) {
  if (tlvs.result != PeapResult::success) {
    if (inner_.decision() == Decision::unconditional)
      failure_ = MethodReport{EapStage::confirmation, EapProblem::rejected,
                              "the server accepted the password and refused all the same"};
    return false;
  }
  if (!inner_done()) {
    failure_ = MethodReport{EapStage::inner, EapProblem::inner_missing,
                            "the server declared success without an inner method: refused"};
    return false;
  }
  if (!tlvs.binding && loaded_->profile.crypto_binding == CryptoBinding::required) {
    failure_ = MethodReport{EapStage::confirmation, EapProblem::binding,
                            "the server sends no crypto-binding, which CryptoBinding=required demands"};
    return false;
  }
  return true;
}

MethodStep PeapRun::answer_tlvs(std::uint8_t identifier, Bytes data) {
  const std::optional<PeapTlvs> tlvs = read_peap_tlvs(data);
  bool success = !failure_ && tlvs && !tlvs->unknown_mandatory && judge(*tlvs);
  std::optional<PeapBinding> binding;
  if (success && tlvs->binding && loaded_->profile.crypto_binding != CryptoBinding::no) {
    binding = bind(*tlvs->binding);
    success = binding.has_value();
  }
  if (!tlvs || tlvs->unknown_mandatory)
    failure_ = MethodReport{EapStage::confirmation, EapProblem::malformed, "the server's last TLVs cannot be read"};
  agreed_ = success;
  std::array<std::uint8_t, 6 + peap_binding_size> buffer{};
  Writer tlv{buffer};
  write_peap_result(tlv, success ? PeapResult::success : PeapResult::failure);
  if (binding) write_peap_binding(tlv, *binding);
  std::array<std::uint8_t, buffer.size() + eap_header_size + 1> packet{};
  Writer writer{packet};
  write_eap(writer, EapCode::response, identifier, EapType::tlv, tlv.written());
  WipedBuffer out;
  out.add(writer.written());
  return send(out);
}

MethodReport PeapRun::report() const {
  if (failure_) return *failure_;
  if (!tunnel_.established() || tunnel_.failed()) return tunnel_.report();
  return inner_.report();
}

Result<MethodKeys> PeapRun::keys() const {
  Result<MethodKeys> keys = tunnel_keys(tunnel_, EapType::peap);
  if (keys && bound_msk_) keys->msk = bound_msk_->duplicate();
  return keys;
}

}  // namespace macsec::eap
