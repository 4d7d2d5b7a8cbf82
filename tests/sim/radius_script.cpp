// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/sim/radius_script.hpp"

namespace macsec::sim {

void RadiusScript::serve(Host& port) {
  port.on_radius_command = [this, &port](core::RadiusCommand command) { take(port, std::move(command)); };
}

void RadiusScript::take(Host& port, core::RadiusCommand command) {
  if (command.kind == core::RadiusCommand::Kind::end) {
    ++ends_;
    return;
  }
  ++requests_;
  last_ = command;
  if (mute) return;
  // A report holds a secret and cannot be copied: it is made when it is due.
  lan_.after(answers ? delay : patience,
             [this, &port, command = std::move(command)] { port.report(answer(port, command)); });
}

core::RadiusReport RadiusScript::answer(const Host& port, const core::RadiusCommand& command) {
  using Kind = core::RadiusReport::Kind;
  core::RadiusReport report;
  report.conversation = command.conversation;
  report.server = "192.0.2.1";
  const auto packet = read_eap(command.packet);
  if (!answers || !packet) {
    report.kind = Kind::failed;
    report.problem = core::RadiusProblem::silent;
    report.servers_answer = others_hear;
    report.words = "no answer from 192.0.2.1:1812";
    return report;
  }
  const auto next = static_cast<std::uint8_t>(packet->identifier + 1);
  std::uint8_t& number = numbers_[{&port, command.conversation}];
  std::uint8_t round = 0;
  if (packet->type == EapType::identity) {
    ++conversations_;
    number = ++number_;
  } else if (packet->type == EapType::tls && packet->data.size() == 2) {
    round = packet->data[1];
  } else {
    report.kind = Kind::reject;  // no method in common, or a forged answer
    return report;
  }
  if (round < method_rounds) {
    const std::array<std::uint8_t, 3> data{0x20, number, static_cast<std::uint8_t>(round + 1)};
    report.packet = eap_packet(EapCode::request, next, EapType::tls, data);
    report.session_timeout = host_time;
    return report;
  }
  report.kind = verdict == Verdict::accept ? Kind::accept : verdict == Verdict::reject ? Kind::reject : Kind::failed;
  if (verdict == Verdict::reject) report.reply_message = "compte ferm\u00e9";
  if (verdict == Verdict::unusable) {
    report.problem = core::RadiusProblem::no_session_id;
    report.words = "RADIUS server 192.0.2.1 sends no EAP-Key-Name, without which there is no CKN";
  }
  if (verdict != Verdict::accept) return report;
  ++accepts_;
  accepted_.insert(number);
  report.packet = eap_packet(EapCode::success, packet->identifier, EapType::none, {});
  report.keys = method_keys(number);
  report.session_timeout = session_timeout;
  report.reauthenticate = reauthenticate;
  report.linksec = linksec;
  report.ignored = {{"Filter-Id", "guests"}};
  return report;
}

}  // namespace macsec::sim
