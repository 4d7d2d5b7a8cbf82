// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/eap/peer.hpp"

#include <algorithm>

namespace macsec::eap {
namespace {

/// Whether trying again soon only locks an account or fills a log: somebody has to change something.
bool needs_somebody(EapProblem problem) noexcept {
  switch (problem) {
    case EapProblem::profile:
    case EapProblem::legacy_provider:
    case EapProblem::certificate_issuer:
    case EapProblem::certificate_time:
    case EapProblem::certificate_use:
    case EapProblem::certificate_revoked:
    case EapProblem::certificate:
    case EapProblem::server_name:
    case EapProblem::client_certificate:
    case EapProblem::client_certificate_expired:
    case EapProblem::password:
    case EapProblem::account:
      return true;
    case EapProblem::none:
    case EapProblem::rejected:
    case EapProblem::method_refused:
    case EapProblem::tls_version:
    case EapProblem::tls:
    case EapProblem::inner_method:
    case EapProblem::inner_missing:
    case EapProblem::binding:
    case EapProblem::no_confirmation:
    case EapProblem::no_keys:
    case EapProblem::malformed:
    case EapProblem::timeout:
    case EapProblem::internal:
      break;
  }
  return false;
}

/// What people call the stage a silent server left us in.
std::string_view stage_words(EapStage stage) noexcept {
  switch (stage) {
    case EapStage::identity:
      return "after our identity";
    case EapStage::method:
      return "before a method was agreed on";
    case EapStage::handshake:
    case EapStage::server_certificate:
      return "in the handshake";
    case EapStage::client_certificate:
      return "after our certificate";
    case EapStage::inner:
      return "inside the tunnel";
    case EapStage::confirmation:
    case EapStage::success:
      break;
  }
  return "before it confirmed success";
}

Octets response(std::uint8_t identifier, EapType type, Bytes data) {
  Octets out(eap_header_size + 1 + data.size());
  Writer writer{out};
  write_eap(writer, EapCode::response, identifier, type, data);
  return out;
}

}  // namespace

Peer::Peer(std::shared_ptr<LoadedProfile> loaded, Random& random, const crypto::TlsClock& clock, std::uint16_t mtu)
    : loaded_{std::move(loaded)}, random_{&random}, clock_{clock}, mtu_{mtu} {}

void Peer::restart() noexcept {
  run_.reset();
  method_ = EapType::none;
  refused_ = EapType::none;
  may_restart_ = false;
}

PeerReply Peer::on_packet(Bytes octets) {
  const std::optional<EapPacket> packet = read_eap(octets);
  if (!packet) return {};
  switch (packet->code) {
    case EapCode::request:
      return on_request(*packet);
    case EapCode::success:
    case EapCode::failure:
      return on_end(*packet);
    case EapCode::response:
      break;
  }
  return {};
}

PeerReply Peer::respond(const EapPacket& request, EapType type, Bytes data) {
  Octets out = response(request.identifier, type, data);
  last_identifier_ = request.identifier;
  last_type_ = request.type;
  last_request_.assign(request.data.begin(), request.data.end());
  last_response_ = out;
  return out;
}

PeerReply Peer::on_request(const EapPacket& packet) {
  // The server did not hear the answer: it gets the same once more, and nothing is processed twice. Another request with the
  // same identifier is none of these (RFC 3748 4.1).
  if (begins_again(packet))
    restart();
  else if (packet.identifier == last_identifier_ && packet.type == last_type_ &&
           std::ranges::equal(packet.data, last_request_) && !last_response_.empty())
    return last_response_;
  if (packet.type == EapType::identity) return on_identity(packet);
  if (packet.type == EapType::notification) {
    // Anybody's may come between the last answer of a method and the end that goes by its identifier.
    notified_ = packet.identifier;
    return response(packet.identifier, EapType::notification, {});
  }
  if (packet.type == EapType::nak || packet.type == EapType::none) return {};
  if (run_ && packet.type != method_) return {};
  if (!run_ && !loaded_->profile.allows(packet.type)) return refuse(packet);
  return on_method(packet);
}

/// A server asks for it before it begins again, and any station may: a method that runs ends with the begin of the next.
PeerReply Peer::on_identity(const EapPacket& packet) {
  const Bytes identity = octets_of(loaded_->outer_identity);
  if (!run_) {
    restart();
    return respond(packet, EapType::identity, identity);
  }
  may_restart_ = true;
  notified_ = packet.identifier;
  return response(packet.identifier, EapType::identity, identity);
}

bool Peer::begins_again(const EapPacket& packet) const noexcept {
  if (!may_restart_ || packet.type <= EapType::nak) return false;
  const std::optional<TlsFragment> fragment = read_tls_fragment(packet.data);
  return packet.type != method_ || (fragment && fragment->start);
}

/// Says what is wanted instead. An expanded type is answered in kind (RFC 3748 5.3.2).
PeerReply Peer::refuse(const EapPacket& packet) {
  refused_ = packet.type;
  Octets wanted;
  const bool expanded = packet.type == EapType::expanded;
  if (expanded) wanted = {0, 0, 0, 0, 0, 0, static_cast<std::uint8_t>(EapType::nak)};
  for (const EapType method : loaded_->profile.methods) {
    if (expanded) wanted.insert(wanted.end(), {static_cast<std::uint8_t>(EapType::expanded), 0, 0, 0, 0, 0, 0});
    wanted.push_back(static_cast<std::uint8_t>(method));
  }
  return respond(packet, expanded ? EapType::expanded : EapType::nak, wanted);
}

PeerReply Peer::on_method(const EapPacket& packet) {
  const EapMethod* const method = find_method(packet.type);
  if (method == nullptr) return {};
  if (!run_) {
    method_ = packet.type;
    const EapMethodNeeds* const needs = find_eap_method(method_);
    if (needs != nullptr && needs->own_certificate && clock_.now > loaded_->client.not_after &&
        loaded_->profile.check_certificate_time)
      return verdict({EapStage::method, EapProblem::client_certificate_expired,
                      "our certificate expired on " + crypto::date_of(loaded_->client.not_after) + "; not tried"});
    Result<MethodRun> run = method->start({*loaded_, *random_, clock_, mtu_});
    if (!run) return verdict({EapStage::method, EapProblem::internal, std::move(run.error().message)});
    run_.emplace(std::move(*run));
  }
  const MethodStep step = std::visit([&](auto& run) { return run.process(packet.data); }, *run_);
  if (step.ignore) return {};
  return respond(packet, method_, step.reply);
}

PeerReply Peer::on_end(const EapPacket& packet) {
  // Some servers count on by one (RFC 3748 4.2 says the same as the last request).
  const auto fits = [&](const std::optional<std::uint8_t>& answered) {
    return answered &&
           (packet.identifier == *answered || packet.identifier == static_cast<std::uint8_t>(*answered + 1));
  };
  if (!fits(last_identifier_) && !fits(notified_)) return {};
  const Decision decision = run_ ? std::visit([](const auto& run) { return run.decision(); }, *run_) : Decision::fail;
  if (packet.code == EapCode::failure)
    return decision == Decision::unconditional ? PeerReply{} : PeerReply{fail(reason())};
  if (decision != Decision::fail) return succeed();
  // Before the tunnel stands a Success means nothing and is anybody's.
  const bool established = run_ && std::visit([](const auto& run) { return run.tunnel().established(); }, *run_);
  if (!established) return {};
  MethodReport report = reason();
  if (method_ == EapType::tls && report.problem != EapProblem::malformed) {
    report = {EapStage::confirmation, EapProblem::no_confirmation,
              "the server gave no protected success (TLS 1.3): refused"};
  } else if (report.stage == EapStage::inner || report.problem == EapProblem::rejected) {
    report = {EapStage::inner, EapProblem::inner_missing,
              "the server declared success before the inner method was done: refused"};
  }
  return fail(std::move(report));
}

PeerReply Peer::succeed() {
  Result<MethodKeys> keys = std::visit([](const auto& run) { return run.keys(); }, *run_);
  if (!keys) return verdict({EapStage::success, EapProblem::no_keys, std::move(keys.error().message)});
  PeerSuccess out{std::move(*keys), verdict({EapStage::success, EapProblem::none, {}})};
  std::visit([](auto& run) { run.tunnel().keep_sessions(); }, *run_);
  return out;
}

MethodReport Peer::reason() const {
  if (run_) return std::visit([](const auto& run) { return run.report(); }, *run_);
  if (refused_ == EapType::none)
    return {EapStage::identity, EapProblem::rejected,
            "the server refused identity \"" + loaded_->outer_identity + "\" before any method"};
  std::string allowed;
  for (const EapType method : loaded_->profile.methods)
    allowed += (allowed.empty() ? "" : ", ") + std::string{eap_method_name(method)};
  return {EapStage::method, EapProblem::method_refused,
          "the server offers " + method_words(refused_) + " only; the profile allows " + allowed};
}

EapVerdict Peer::verdict(MethodReport report) const {
  EapVerdict out;
  out.stage = report.stage;
  out.problem = report.problem;
  out.words = std::move(report.words);
  out.hold = needs_somebody(report.problem);
  out.method = method_;
  out.validated = loaded_->profile.validate_server;
  out.client = loaded_->client;
  out.client_key = loaded_->client_key;
  if (!run_) return out;
  std::visit(
      [&out](const auto& run) {
        out.inner = run.inner();
        out.server = run.tunnel().channel().server();
        out.tls = run.tunnel().channel().report();
      },
      *run_);
  return out;
}

EapVerdict Peer::fail(MethodReport report) const {
  if (run_) std::visit([problem = report.problem](const auto& run) { run.tunnel().distrust_sessions(problem); }, *run_);
  return verdict(std::move(report));
}

EapVerdict Peer::abort() const {
  MethodReport report = reason();
  const bool failed = run_ && std::visit([](const auto& run) { return run.tunnel().failed(); }, *run_);
  // What a Failure would mean is no explanation of silence; what went wrong already is.
  if (!failed && report.problem != EapProblem::password && report.problem != EapProblem::account &&
      report.problem != EapProblem::binding) {
    const unsigned seen = run_ ? std::visit([](const auto& run) { return run.tunnel().requests(); }, *run_) : 0;
    report.problem = EapProblem::timeout;
    report.words = "the server stopped answering " + std::string{stage_words(report.stage)};
    if (seen > 0) report.words += " (" + std::to_string(seen) + " messages of the method seen)";
  }
  return fail(std::move(report));
}

}  // namespace macsec::eap
