// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/sim/access_switch.hpp"

#include "engine/crypto/session_keys.hpp"
#include "engine/wire/mkpdu.hpp"

#include <algorithm>

namespace macsec::sim {

namespace {

constexpr Instant worker_time = millisecond;

}  // namespace

std::vector<std::uint8_t> eap_packet(EapCode code, std::uint8_t identifier, EapType type, Bytes data) {
  const bool end = code == EapCode::success || code == EapCode::failure;
  std::vector<std::uint8_t> out(end ? eap_header_size : eap_header_size + 1 + data.size());
  Writer writer{out};
  if (end)
    write_eap_end(writer, code, identifier);
  else
    write_eap(writer, code, identifier, type, data);
  return out;
}

MethodKeys method_keys(std::uint8_t number) {
  MethodKeys keys;
  const MutableBytes msk = keys.msk.allocate(64);
  for (std::size_t i = 0; i < msk.size(); ++i) msk[i] = static_cast<std::uint8_t>(number * 64U + i);
  keys.session_id = {13, number, 1, 2, 3};
  return keys;
}

std::vector<std::uint8_t> eap_frame(const MacAddress& destination, const MacAddress& source, EapCode code,
                                    std::uint8_t identifier, EapType type, Bytes data) {
  const std::vector<std::uint8_t> packet = eap_packet(code, identifier, type, data);
  std::vector<std::uint8_t> frame(ethernet_header_size + eapol_header_size + packet.size());
  Writer writer{frame};
  write_eapol_header(writer, destination, source, eapol_ethertype, EapolType::eap,
                     static_cast<std::uint16_t>(packet.size()));
  writer.put(packet);
  return frame;
}

// ---- the switch ------------------------------------------------------------------------------------------------------

AccessSwitch::AccessSwitch(VirtualLan& lan, Index index, ProfilePointer profile)
    : Station{lan.world, index, MacAddress{{0x02, 0, 0, 0, 2, static_cast<std::uint8_t>(index + 1)}}, 2},
      lan_{lan},
      random_{index + 77ULL},
      trace_{lan.world, index},
      context_{.secy = secy_,
               .random = random_,
               .trace = trace_,
               .profile = std::move(profile),
               .link = {},
               .counters = {},
               .frames = {},
               .events = {}},
      kay_{context_} {
  secy_.set_must_secure(true);
  context_.link = {.present = true, .parent = true, .carrier = false, .mac = mac_, .sci = sci()};
  kay_.set_keys(now());
  kay_.on_device_found(now());
  kay_.set_wall_clock(Time{}, now());
}

void AccessSwitch::on_carrier(bool up) {
  context_.link.carrier = up;
  if (up) kay_.on_link_up(now());
  settle();
}

void AccessSwitch::on_wake() { settle(); }

void AccessSwitch::settle() {
  kay_.step(now());
  while (!context_.frames.empty()) {
    const core::Frame frame = std::move(context_.frames.front());
    context_.frames.pop_front();
    lan_.transmit(index_, frame);
  }
  context_.events.clear();
  if (secy_.take_switched()) {
    if (const auto before = secy_.take_last_before()) lan_.send_data(index_, *before);
    if (secy_.controlled_port() == ControlledPort::up) lan_.offer_data(index_);
  }
  secy_.judge_settled();
  const auto due = kay_.next_timeout();
  wake_ = due ? std::max(world_.now + 1, due->time_since_epoch().count() - Instant{77'000'000'000}) : never;
}

void AccessSwitch::on_frame(Bytes octets) {
  const auto frame = read_eapol(octets);
  if (!frame) return;
  const auto type = static_cast<EapolType>(frame->type);
  if (type == EapolType::start) {
    start_times_.push_back(world_.now);
    if (answers) ask_identity();
  } else if (type == EapolType::logoff) {
    ++logoffs_;
    end_session();
  } else if (type == EapolType::eap && answers) {
    on_eap(frame->body, frame->source);
  } else if (type == EapolType::mka) {
    on_mkpdu(*frame);
  }
  settle();
}

void AccessSwitch::on_mkpdu(const EapolFrame& frame) {
  const auto basic = read_basic_set(frame.body);
  if (!basic) return;
  core::Participant* const participant = kay_.find(basic->ckn);
  if (participant == nullptr || !participant->active || !participant->verify(frame)) return;
  if (const auto pdu = read_mkpdu(frame.body, *basic)) kay_.receive(*participant, *pdu, now());
}

void AccessSwitch::send_eap(EapCode code, EapType type, Bytes data) {
  lan_.transmit(index_, eap_frame(pae_group_address, mac_, code, identifier_, type, data));
}

void AccessSwitch::ask_identity() {
  only_asks_ = false;
  ++identifier_;
  send_eap(EapCode::request, EapType::identity, {});
}

void AccessSwitch::ask_whether_there() {
  ask_identity();
  only_asks_ = true;
}

void AccessSwitch::on_eap(Bytes octets, const MacAddress& host) {
  const auto packet = read_eap(octets);
  if (!packet || packet->code != EapCode::response || packet->identifier != identifier_) return;
  if (packet->type == EapType::identity) ++identities_;
  if (only_asks_) return;
  std::uint8_t round = 0;
  if (packet->type == EapType::identity)
    ++number_;
  else
    round = packet->data[1];
  if (round < method_rounds) {
    ++identifier_;
    const std::array<std::uint8_t, 3> data{0x20, number_, static_cast<std::uint8_t>(round + 1)};
    return send_eap(EapCode::request, EapType::tls, data);
  }
  send_eap(accepts ? EapCode::success : EapCode::failure, EapType::none, {});
  if (!accepts) return;
  ++successes_;
  if (!speaks_mka) return;
  const MethodKeys keys = method_keys(number_);
  auto made = crypto::derive_session_keys(keys.msk, keys.session_id, mac_, host, cak_size);
  if (!made || !kay_.add_session_key({.ckn = made->ckn,
                                      .cak = std::move(made->cak),
                                      .role = KeyRole::session,
                                      .rule = core::KeyServerRule::always,
                                      .sequence = number_},
                                     now()))
    world_.violate(index_, "the switch cannot make its keys");
}

void AccessSwitch::end_session() { kay_.drop_session_keys(now()); }

// ---- macsec-eap ------------------------------------------------------------------------------------------------------

FakeWorker::FakeWorker(VirtualLan& lan, Host& host) : lan_{lan}, host_{host} {
  refusal.stage = EapStage::inner;
  refusal.problem = EapProblem::inner_method;
  refusal.words = "refused";
  host.on_eap_command = [this](core::EapCommand command) { take(std::move(command)); };
}

void FakeWorker::take(core::EapCommand command) {
  ++commands_;
  if (countdown_ > 0 && --countdown_ == 0) {
    conversation_.reset();
    return lan_.after(worker_time, [this] { host_.report({.kind = core::EapReport::Kind::lost}); });
  }
  using Kind = core::EapCommand::Kind;
  if (command.kind == Kind::begin) {
    ++conversations_;
    conversation_ = command.conversation;
    number_.reset();
    said_.clear();
    return;
  }
  if (conversation_ != command.conversation) return;
  if (!answers) return conversation_.reset();  // it hangs there: what comes after has no answer either
  if (command.kind == Kind::end) {
    conversation_.reset();
    // What it knows of a conversation that was not over.
    return lan_.after(worker_time, [this, conversation = command.conversation] {
      host_.report({.kind = core::EapReport::Kind::failure, .conversation = conversation, .verdict = refusal});
    });
  }
  // A report holds a secret and cannot be copied: it is made when it is due.
  lan_.after(worker_time, [this, command = std::move(command)] {
    if (conversation_ == command.conversation) host_.report(judge(command));
  });
}

core::EapReport FakeWorker::judge(const core::EapCommand& command) {
  using Kind = core::EapReport::Kind;
  core::EapReport report;
  report.conversation = command.conversation;
  const auto packet = read_eap(command.packet);
  if (packet->code == EapCode::failure) {
    report.kind = Kind::failure;
    report.verdict = refusal;
    conversation_.reset();
  } else if (packet->code == EapCode::success) {
    if (!number_) return report;  // nothing has come to its end
    report.kind = Kind::success;
    report.keys = method_keys(static_cast<std::uint8_t>(*number_ + (spoils ? 100 : 0)));
    spoilt = spoilt || spoils;
    if (keyless) report.keys.reset();
    report.verdict.stage = EapStage::success;
    report.verdict.method = EapType::tls;
    report.verdict.validated = validated;
    report.verdict.tls.version = "TLSv1.3";
    conversation_.reset();
  } else if (!said_.empty() && said_[1] == packet->identifier) {
    report.packet = said_;  // whatever is asked under the identifier answered last
  } else if (packet->type == EapType::identity) {
    number_.reset();
    report.packet = said_ = eap_packet(EapCode::response, packet->identifier, EapType::identity, {});
  } else if (packet->type == EapType::notification) {
    report.packet = eap_packet(EapCode::response, packet->identifier, EapType::notification, {});
  } else if (packet->type == EapType::tls && packet->data.size() >= 3) {  // what is shorter is forged: ignored
    const std::array<std::uint8_t, 2> data{0, packet->data[2]};
    if (packet->data[2] == method_rounds) number_ = packet->data[1];
    report.packet = said_ = eap_packet(EapCode::response, packet->identifier, EapType::tls, data);
  }
  return report;
}

}  // namespace macsec::sim
