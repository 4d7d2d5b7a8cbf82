// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/eap/inner.hpp"

namespace macsec::eap {

InnerPeer::InnerPeer(const MethodSetup& setup, EapType wanted)
    : loaded_{&setup.loaded},
      wanted_{wanted},
      run_{wanted == EapType::gtc ? std::variant<Mschapv2Run, GtcRun>{GtcRun{setup}}
                                  : std::variant<Mschapv2Run, GtcRun>{Mschapv2Run{setup}}} {}

InnerPeer::Response InnerPeer::process(EapType type, Bytes data) {
  Response response{.type = type, .step = {}};
  if (type == wanted_) {
    begun_ = true;
    response.step = std::visit([data](auto& run) { return run.process(data); }, run_);
  } else if (type == EapType::identity && !begun_) {
    response.step.reply.add(std::string_view{loaded_->profile.identity});
  } else if (begun_ || type == EapType::none || type == EapType::identity || type == EapType::nak) {
    response.step.ignore = type != EapType::notification;
  } else if (type != EapType::notification) {
    refused_ = type;
    const auto wanted = static_cast<std::uint8_t>(wanted_);
    response.type = EapType::nak;
    response.step.reply.add(Bytes{&wanted, 1});
  }
  return response;
}

Decision InnerPeer::decision() const noexcept {
  return std::visit([](const auto& run) { return run.decision(); }, run_);
}

MethodReport InnerPeer::report() const {
  if (begun_) return std::visit([](const auto& run) { return run.report(); }, run_);
  if (refused_ != EapType::none)
    return {EapStage::inner, EapProblem::inner_method,
            "the server offers " + method_words(refused_) + " inside the tunnel; the profile allows " +
                method_words(wanted_)};
  return {EapStage::inner, EapProblem::rejected,
          "the server refused user \"" + loaded_->profile.identity + "\" inside the tunnel before any method"};
}

Bytes InnerPeer::msk() const noexcept {
  const auto* const run = std::get_if<Mschapv2Run>(&run_);
  return run != nullptr ? run->msk().expose() : Bytes{};
}

std::string method_words(EapType type) {
  switch (type) {
    case EapType::md5:
      return "MD5";
    case EapType::gtc:
      return "GTC";
    case EapType::tls:
      return "TLS";
    case EapType::ttls:
      return "TTLS";
    case EapType::peap:
      return "PEAP";
    case EapType::mschapv2:
      return "MSCHAPv2";
    case EapType::none:
    case EapType::identity:
    case EapType::notification:
    case EapType::nak:
    case EapType::tlv:
    case EapType::expanded:
      break;
  }
  return "type " + std::to_string(static_cast<unsigned>(type));
}

}  // namespace macsec::eap
