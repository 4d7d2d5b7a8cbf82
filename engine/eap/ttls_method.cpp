// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/eap/ttls_method.hpp"

#include "engine/crypto/mschapv2.hpp"

#include <algorithm>

namespace macsec::eap {
namespace {

constexpr std::uint32_t chap_password_code = 3;
constexpr std::size_t pap_block = 16;
constexpr std::size_t max_avp_header = 12;

void add(WipedBuffer& out, std::uint32_t code, std::uint32_t vendor, Bytes data) {
  const Avp avp{.code = code, .vendor = vendor, .mandatory = true, .data = data};
  // Passwords go this way: the buffer is wiped with the text it grows into.
  WipedText buffer{avp_size(avp)};
  Writer writer{MutableBytes{reinterpret_cast<std::uint8_t*>(buffer.data()), buffer.size()}};
  write_avp(writer, avp);
  out.add(writer.written());
}
void add(WipedBuffer& out, AvpCode code, Bytes data) { add(out, static_cast<std::uint32_t>(code), 0, data); }
void add(WipedBuffer& out, MicrosoftAvp code, Bytes data) {
  add(out, static_cast<std::uint32_t>(code), microsoft_vendor, data);
}

bool is_eap(EapInner inner) noexcept { return inner == EapInner::eap_mschapv2 || inner == EapInner::eap_gtc; }

}  // namespace

TtlsRun::TtlsRun(const MethodSetup& setup, TlsTunnel tunnel)
    : loaded_{&setup.loaded},
      random_{&setup.random},
      tunnel_{std::move(tunnel)},
      inner_{setup, setup.loaded.profile.inner == EapInner::eap_gtc ? EapType::gtc : EapType::mschapv2} {}

MethodStep TtlsRun::process(Bytes data) {
  const bool before = tunnel_.established();
  const TlsTunnel::Event event = tunnel_.receive(data);
  if (event == TlsTunnel::Event::ignored) return {.reply = {}, .ignore = true};
  if (event == TlsTunnel::Event::answered || !tunnel_.established()) return {.reply = tunnel_.reply()};
  const WipedBuffer text = tunnel_.channel().take_received();
  if (is_protected_success(tunnel_, text.octets()) && tunnel_.channel().resumed() && !begun_) {
    confirmed_ = true;
    return {.reply = tunnel_.reply()};
  }
  // After the server's Finished it is ours to speak. With TLS 1.3, and where a session is resumed, our own Finished goes out
  // first, and the server asks with an empty packet for what comes next.
  const bool finished_to_send = !before && (tunnel_.channel().is_tls_1_3() || tunnel_.channel().resumed());
  if (!begun_ && !finished_to_send) return begin();
  if (text.octets().empty()) return {.reply = tunnel_.reply()};
  return answer(text.octets());
}

MethodStep TtlsRun::send(const WipedBuffer& text) {
  if (const Result<void> written = tunnel_.channel().write(text.octets()); !written)
    failure_ = MethodReport{EapStage::inner, EapProblem::internal, written.error().message};
  return {.reply = tunnel_.reply()};
}

MethodStep TtlsRun::give_up(EapProblem problem, std::string words) {
  failure_ = MethodReport{EapStage::inner, problem, std::move(words)};
  return {.reply = tunnel_.reply()};
}

void TtlsRun::add_name(WipedBuffer& out) const { add(out, AvpCode::user_name, octets_of(loaded_->profile.identity)); }

Result<void> TtlsRun::add_pap(WipedBuffer& out) const {
  const Bytes password = loaded_->secret();
  const std::size_t size = (password.size() + pap_block - 1) / pap_block * pap_block;
  Secret<256 + pap_block> padded;
  std::ranges::copy(password, padded.allocate(size).begin());
  add(out, AvpCode::user_password, padded.expose());
  return {};
}

Result<void> TtlsRun::add_chap(WipedBuffer& out) const {
  const Result<Secret<64>> challenge = tunnel_.channel().ttls_challenge(17);
  if (!challenge) return std::unexpected{challenge.error()};
  const Bytes value = challenge->expose().first(16);
  const std::uint8_t identifier = challenge->expose()[16];
  const auto response = crypto::chap_response(identifier, loaded_->secret(), value);
  if (!response) return std::unexpected{response.error()};
  std::array<std::uint8_t, 17> password{};
  password[0] = identifier;
  std::ranges::copy(*response, password.begin() + 1);
  add(out, AvpCode::chap_challenge, value);
  add(out, chap_password_code, 0, password);
  return {};
}

Result<void> TtlsRun::add_mschap(WipedBuffer& out) const {
  const Result<Secret<64>> challenge = tunnel_.channel().ttls_challenge(9);
  if (!challenge) return std::unexpected{challenge.error()};
  const std::span<const std::uint8_t, 8> value = challenge->expose().first<8>();
  const Result<crypto::NtHash> hash = crypto::nt_password_hash(loaded_->secret());
  if (!hash) return std::unexpected{hash.error()};
  const Result<Mschapv2NtResponse> response = crypto::mschap_nt_response(*hash, value);
  if (!response) return std::unexpected{response.error()};
  constexpr std::size_t lan_manager_response = 24;
  std::array<std::uint8_t, 2 + lan_manager_response + mschapv2_nt_response_size> buffer{};
  Writer writer{buffer};
  writer.u8(challenge->expose()[8]);
  writer.u8(1);  // the NT response counts, the other is not given
  writer.zeros(lan_manager_response);
  writer.put(*response);
  add(out, MicrosoftAvp::chap_challenge, value);
  add(out, MicrosoftAvp::chap_response, writer.written());
  return {};
}

Result<void> TtlsRun::add_mschapv2(WipedBuffer& out) {
  const Result<Secret<64>> challenge = tunnel_.channel().ttls_challenge(mschapv2_challenge_size + 1);
  if (!challenge) return std::unexpected{challenge.error()};
  crypto::Mschapv2Exchange exchange{.authenticator = {}, .peer = {}, .name = loaded_->profile.identity};
  std::ranges::copy(challenge->expose().first(mschapv2_challenge_size), exchange.authenticator.begin());
  random_->fill(exchange.peer);
  const Result<crypto::NtHash> hash = crypto::nt_password_hash(loaded_->secret());
  if (!hash) return std::unexpected{hash.error()};
  const Result<Mschapv2NtResponse> response = crypto::mschapv2_nt_response(*hash, exchange);
  if (!response) return std::unexpected{response.error()};
  const Result<Mschapv2Authenticator> expected = crypto::mschapv2_authenticator_response(*hash, exchange, *response);
  if (!expected) return std::unexpected{expected.error()};
  expected_ = *expected;
  identifier_ = challenge->expose()[mschapv2_challenge_size];
  std::array<std::uint8_t, 50> buffer{};
  Writer writer{buffer};
  writer.u8(identifier_);
  writer.u8(0);  // flags
  writer.put(exchange.peer);
  writer.zeros(8);
  writer.put(*response);
  add(out, MicrosoftAvp::chap_challenge, exchange.authenticator);
  add(out, MicrosoftAvp::chap2_response, writer.written());
  return {};
}

MethodStep TtlsRun::begin() {
  begun_ = true;
  WipedBuffer out;
  const EapInner inner = loaded_->profile.inner;
  if (is_eap(inner)) {
    Octets identity(eap_header_size + 1 + loaded_->profile.identity.size());
    Writer writer{identity};
    write_eap(writer, EapCode::response, 0, EapType::identity, octets_of(loaded_->profile.identity));
    add(out, AvpCode::eap_message, writer.written());
    return send(out);
  }
  add_name(out);
  const Result<void> added = inner == EapInner::pap      ? add_pap(out)
                             : inner == EapInner::chap   ? add_chap(out)
                             : inner == EapInner::mschap ? add_mschap(out)
                                                         : add_mschapv2(out);
  if (!added) return give_up(EapProblem::internal, added.error().message);
  return send(out);
}

MethodStep TtlsRun::answer_eap(Bytes octets) {
  const std::optional<EapPacket> packet = read_eap(octets);
  if (!packet || packet->code != EapCode::request) return {.reply = tunnel_.reply()};
  const InnerPeer::Response response = inner_.process(packet->type, packet->data);
  if (response.step.ignore) return {.reply = tunnel_.reply()};
  const Bytes reply = response.step.reply.octets();
  WipedText buffer{eap_header_size + 1 + reply.size()};
  Writer writer{MutableBytes{reinterpret_cast<std::uint8_t*>(buffer.data()), buffer.size()}};
  write_eap(writer, EapCode::response, packet->identifier, response.type, reply);
  WipedBuffer out;
  add(out, AvpCode::eap_message, writer.written());
  return send(out);
}

MethodStep TtlsRun::answer(Bytes text) {
  WipedBuffer eap;
  AvpReader reader{text};
  while (const std::optional<Avp> avp = reader.next()) {
    if (avp->is(AvpCode::eap_message)) {
      eap.add(avp->data);
    } else if (avp->is(MicrosoftAvp::chap2_success) && expected_ && !avp->data.empty()) {
      const std::optional<Mschapv2Authenticator> said = read_mschapv2_success(avp->data.subspan(1));
      confirmed_ = said && avp->data[0] == identifier_ && equal_constant_time(*said, *expected_);
      if (!confirmed_)
        return give_up(EapProblem::inner_method,
                       "the server does not know the password: it cannot prove MSCHAPv2's success");
    } else if (avp->is(MicrosoftAvp::chap_error)) {
      failure_ = refused_password(loaded_->profile.identity,
                                  read_mschapv2_failure(avp->data.subspan(avp->data.empty() ? 0 : 1)).error);
    } else if (avp->mandatory) {
      return give_up(EapProblem::malformed, "the server demands what is not known here: attribute " +
                                                std::to_string(avp->code) +
                                                (avp->vendor != 0 ? " of vendor " + std::to_string(avp->vendor) : ""));
    }
  }
  if (!reader.ok()) return give_up(EapProblem::malformed, "the server's attributes inside the tunnel cannot be read");
  if (!eap.octets().empty() && is_eap(loaded_->profile.inner)) return answer_eap(eap.octets());
  return {.reply = tunnel_.reply()};
}

Decision TtlsRun::decision() const noexcept {
  if (!tunnel_.established() || tunnel_.failed() || failure_) return Decision::fail;
  if (confirmed_) return Decision::unconditional;
  // The server that resumed knows the session's keys; whether it wants more it has to say.
  if (!begun_) return tunnel_.channel().resumed() ? Decision::conditional : Decision::fail;
  switch (loaded_->profile.inner) {
    case EapInner::pap:
    case EapInner::chap:
    case EapInner::mschap:
      return Decision::conditional;
    case EapInner::mschapv2:
      return Decision::fail;
    case EapInner::eap_mschapv2:
    case EapInner::eap_gtc:
      return inner_.decision();
  }
  return Decision::fail;
}

MethodReport TtlsRun::report() const {
  if (failure_) return *failure_;
  if (!tunnel_.established() || tunnel_.failed() || !begun_) return tunnel_.report();
  return is_eap(loaded_->profile.inner) ? inner_.report() : refused_password(loaded_->profile.identity, 0);
}

}  // namespace macsec::eap
