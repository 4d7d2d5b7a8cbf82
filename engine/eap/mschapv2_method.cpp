// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/eap/mschapv2_method.hpp"

#include <algorithm>

namespace macsec::eap {
namespace {

constexpr std::size_t max_name = 253;

InnerStep with_reply(Bytes reply) {
  InnerStep step;
  step.reply.add(reply);
  return step;
}

InnerStep ignored() {
  InnerStep step;
  step.ignore = true;
  return step;
}

InnerStep opcode_alone(Mschapv2Opcode opcode) {
  const auto octet = static_cast<std::uint8_t>(opcode);
  return with_reply({&octet, 1});
}

}  // namespace

MethodReport refused_password(const std::string& user, unsigned error) {
  const std::string number = error == 0 ? std::string{} : " (" + std::to_string(error) + ')';
  switch (error) {
    case 646:
      return {EapStage::inner, EapProblem::account, "user \"" + user + "\" may not log in at this time" + number};
    case 647:
      return {EapStage::inner, EapProblem::account, "the account of user \"" + user + "\" is disabled" + number};
    case 648:
      return {EapStage::inner, EapProblem::account, "the password of user \"" + user + "\" has expired" + number};
    case 649:
      return {EapStage::inner, EapProblem::account, "user \"" + user + "\" has no right to dial in" + number};
    default:
      return {EapStage::inner, EapProblem::password, "user \"" + user + "\" or the password was refused" + number};
  }
}

InnerStep Mschapv2Run::give_up(EapProblem problem, std::string words) {
  report_ = {EapStage::inner, problem, std::move(words)};
  return opcode_alone(Mschapv2Opcode::failure);
}

InnerStep Mschapv2Run::process(Bytes data) {
  const std::optional<Mschapv2Packet> packet = read_mschapv2(data);
  if (!packet) return ignored();
  switch (packet->opcode) {
    case Mschapv2Opcode::challenge:
      return respond(*packet);
    case Mschapv2Opcode::success:
      return confirm(*packet);
    case Mschapv2Opcode::failure:
      // A new password is nobody's to give here: the failure is final, whatever R= says.
      succeeded_ = false;
      report_ = refused_password(loaded_->profile.identity, read_mschapv2_failure(packet->value).error);
      return opcode_alone(Mschapv2Opcode::failure);
    case Mschapv2Opcode::response:
    case Mschapv2Opcode::change_password:
      break;
  }
  return ignored();
}

InnerStep Mschapv2Run::respond(const Mschapv2Packet& packet) {
  const std::optional<Mschapv2ChallengeValue> challenge = read_mschapv2_challenge(packet.value);
  if (!challenge) return ignored();
  crypto::Mschapv2Exchange exchange{
      .authenticator = challenge->challenge, .peer = {}, .name = loaded_->profile.identity};
  random_->fill(exchange.peer);
  Result<crypto::NtHash> hash = crypto::nt_password_hash(loaded_->secret());
  if (!hash) return give_up(EapProblem::profile, std::move(hash.error().message));
  const Result<Mschapv2NtResponse> response = crypto::mschapv2_nt_response(*hash, exchange);
  if (!response) return give_up(EapProblem::internal, response.error().message);
  const Result<Mschapv2Authenticator> expected = crypto::mschapv2_authenticator_response(*hash, exchange, *response);
  if (!expected) return give_up(EapProblem::internal, expected.error().message);
  hash_ = std::move(*hash);
  response_ = *response;
  expected_ = *expected;
  succeeded_ = false;
  const std::string_view name = std::string_view{loaded_->profile.identity}.substr(0, max_name);
  std::array<std::uint8_t, 5 + 49 + max_name> buffer{};
  Writer writer{buffer};
  write_mschapv2_response(writer, packet.id, exchange.peer, response_, octets_of(name));
  // FreeRADIUS says no more than "failure" unless send_error is set.
  report_ = refused_password(loaded_->profile.identity, 0);
  return with_reply(writer.written());
}

InnerStep Mschapv2Run::confirm(const Mschapv2Packet& packet) {
  const std::optional<Mschapv2Authenticator> said = read_mschapv2_success(packet.value);
  if (!expected_ || !said || !equal_constant_time(*said, *expected_))
    return give_up(EapProblem::inner_method,
                   "the server does not know the password: it cannot prove MSCHAPv2's success");
  Result<Secret<32>> keys = crypto::mschapv2_keys(hash_, response_);
  if (!keys) return give_up(EapProblem::internal, std::move(keys.error().message));
  msk_ = std::move(*keys);
  succeeded_ = true;
  return opcode_alone(Mschapv2Opcode::success);
}

}  // namespace macsec::eap
