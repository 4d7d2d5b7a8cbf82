// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/core/pae/radius_access.hpp"

#include "engine/base/text.hpp"
#include "engine/core/pae/radius_attribute_text.hpp"
#include "engine/crypto/radius_keys.hpp"

#include <algorithm>

namespace macsec::core {
namespace {

constexpr std::uint32_t nas_port_type_ethernet = 15;
constexpr std::uint32_t service_type_framed = 2;
constexpr std::uint32_t authenticated_by_radius = 1;  // Acct-Authentic=RADIUS
constexpr std::uint32_t terminate_by_request = 1;     // Termination-Action=RADIUS-Request
constexpr std::array<std::uint8_t, 1> asks_for_key_name{0};
constexpr std::size_t longest_reply = 256;
constexpr std::size_t most_ignored = 64;
constexpr std::string_view linksec = "linksec-policy=";

Bytes octets_of(std::string_view text) noexcept {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

/// RFC 3580 3.20: upper case, hyphens.
std::string station_of(const MacAddress& mac) {
  std::string text = to_string(mac);
  for (char& c : text) {
    if (c == ':') c = '-';
    if (c >= 'a' && c <= 'f') c = static_cast<char>(c - 'a' + 'A');
  }
  return text;
}

Result<RadiusOctets> finished(RadiusWriter& writer, const RadiusServer& server) {
  const RadiusWriter::Finished done = writer.finish();
  if (done.packet.empty()) return fail("the request does not fit a RADIUS packet");
  if (const auto signed_ = crypto::sign_radius_request(done, secret_of(server)); !signed_)
    return std::unexpected{signed_.error()};
  return RadiusOctets{done.packet.begin(), done.packet.end()};
}

void add_text(RadiusWriter& writer, RadiusAttributeType type, std::string_view text) {
  if (!text.empty()) writer.add(type, octets_of(text));
}

// ---- answers ---------------------------------------------------------------------------------------------------------

/// The EAP packet of an answer without padding, empty where there is none; nothing where it is not of this kind.
std::optional<RadiusOctets> eap_of(const RadiusPacket& answer, EapCode code) {
  RadiusOctets octets(max_radius_size);
  Writer writer{octets};
  answer.join_eap(writer);
  octets.resize(writer.size());
  if (octets.empty()) return octets;
  const auto packet = read_eap(octets);
  if (!packet || packet->code != code) return std::nullopt;
  octets.resize(static_cast<std::size_t>(octets[2] << 8U | octets[3]));
  return octets;
}

LinksecPolicy linksec_of(std::string_view word) noexcept {
  if (word == "must-secure") return LinksecPolicy::must_secure;
  if (word == "should-secure") return LinksecPolicy::should_secure;
  if (word == "must-not-secure") return LinksecPolicy::must_not_secure;
  return LinksecPolicy::none;
}

bool is_mppe_key(const RadiusVendorValue& value) noexcept {
  return value.vendor == vendor_of_microsoft && (value.type == static_cast<std::uint8_t>(MppeKeyType::send) ||
                                                 value.type == static_cast<std::uint8_t>(MppeKeyType::receive));
}

/// Reads the attributes of one answer into its report.
class Reading {
 public:
  Reading(RadiusReport& report, const RadiusServer& server) : report_{report}, server_{server} {}

  void read(const RadiusPacket& answer) {
    RadiusAttributes attributes = answer.all();
    while (const auto one = attributes.next()) take(*one);
    report_.reply_message = printable_text(reply_, longest_reply);
  }
  void fail_with(RadiusProblem problem, std::string words) {
    report_.kind = RadiusReport::Kind::failed;
    report_.problem = problem;
    report_.words = std::move(words);
    report_.keys.reset();
  }
  void make_no_sense(std::string_view what) {
    fail_with(RadiusProblem::malformed, "RADIUS server " + server_.address + " sent " + std::string{what});
  }

 private:
  /// Of a challenge the time for the host does, of a reject nothing that is written for machines.
  [[nodiscard]] bool counts(RadiusAttributeType type) const noexcept {
    using Kind = RadiusReport::Kind;
    if (report_.kind == Kind::accept || type == RadiusAttributeType::reply_message) return true;
    return report_.kind == Kind::challenge && type == RadiusAttributeType::session_timeout;
  }
  void take(const RadiusAttribute& attribute) {
    using Type = RadiusAttributeType;
    const Type type = attribute.type;
    if (type == Type::eap_message || type == Type::message_authenticator || type == Type::eap_key_name ||
        type == Type::state)
      return;
    if (!counts(type)) return;
    if (type == Type::vendor_specific) return take_vendor(attribute);
    if (type == Type::session_timeout) {
      if (const auto seconds = number(attribute)) report_.session_timeout = std::chrono::seconds{*seconds};
    } else if (type == Type::termination_action) {
      if (const auto action = number(attribute)) report_.reauthenticate = *action == terminate_by_request;
    } else if (type == Type::acct_interim_interval) {
      if (const auto seconds = number(attribute)) report_.interim = std::chrono::seconds{*seconds};
    } else if (type == Type::reply_message) {
      reply_.insert(reply_.end(), attribute.value.begin(), attribute.value.end());
    } else if (type == Type::class_ && report_.class_.empty()) {
      report_.class_.assign(attribute.value.begin(), attribute.value.end());
    } else {
      ignore(describe(attribute));
    }
  }
  void take_vendor(const RadiusAttribute& attribute) {
    const std::vector<RadiusVendorValue> values = vendor_values(attribute);
    if (values.empty()) return ignore(describe(attribute));
    for (const RadiusVendorValue& value : values) {
      if (is_mppe_key(value)) continue;
      const std::string_view text{reinterpret_cast<const char*>(value.value.data()), value.value.size()};
      const bool of_cisco = value.vendor == vendor_of_cisco && value.type == cisco_av_pair;
      const LinksecPolicy policy =
          of_cisco && text.starts_with(linksec) ? linksec_of(text.substr(linksec.size())) : LinksecPolicy::none;
      if (policy == LinksecPolicy::none)
        ignore(describe(value));
      else
        report_.linksec = std::max(report_.linksec, policy);  // the strictest where a server contradicts itself
    }
  }
  /// What bounds a session must not be misread: an answer in which it has another size is refused.
  std::optional<std::uint32_t> number(const RadiusAttribute& attribute) {
    Reader reader{attribute.value};
    const std::uint32_t value = reader.u32();
    if (reader.ok() && reader.remaining() == 0) return value;
    make_no_sense("a " + describe(attribute).first + " of " + std::to_string(attribute.value.size()) +
                  " octets instead of 4");
    return std::nullopt;
  }
  void ignore(std::pair<std::string, std::string> described) {
    if (report_.kind == RadiusReport::Kind::accept && report_.ignored.size() < most_ignored)
      report_.ignored.push_back(std::move(described));
  }

  RadiusReport& report_;
  const RadiusServer& server_;
  RadiusOctets reply_;
};

void read_keys(RadiusReport& report, Reading& reading, const RadiusPacket& answer, const RadiusAuthenticator& request,
               const RadiusServer& server) {
  auto msk = crypto::radius_msk(answer, request, secret_of(server));
  if (!msk)
    return reading.fail_with(RadiusProblem::no_keys, "RADIUS server " + server.address +
                                                         " accepted without keys for MACsec: " + msk.error().message);
  const Bytes name = answer.find(RadiusAttributeType::eap_key_name).value_or(Bytes{});
  // One NUL is what was asked with (RFC 7268 2.2).
  if (name.empty() || std::ranges::equal(name, asks_for_key_name))
    return reading.fail_with(RadiusProblem::no_session_id, "RADIUS server " + server.address +
                                                               " sends no EAP-Key-Name, without which there is no CKN");
  report.keys = MethodKeys{.msk = std::move(*msk), .session_id = {name.begin(), name.end()}};
}

}  // namespace

Bytes secret_of(const RadiusServer& server) noexcept { return octets_of(server.secret.content.view()); }

Result<RadiusOctets> write_access_request(const RadiusCommand& command, Bytes state, std::string_view nas_identifier,
                                          const RadiusHead& head, const RadiusServer& server) {
  using Type = RadiusAttributeType;
  if (command.user_name.size() > max_radius_value)
    return fail("the identity of the host has " + std::to_string(command.user_name.size()) +
                " octets, of which RADIUS carries " + std::to_string(max_radius_value));
  const std::string host = station_of(command.host);
  RadiusOctets buffer(max_radius_size);
  RadiusWriter writer{buffer, RadiusCode::access_request, head.identifier, head.authenticator};
  writer.add_message_authenticator();
  add_text(writer, Type::user_name, command.user_name.empty() ? host : command.user_name);
  add_text(writer, Type::nas_identifier, nas_identifier);
  add_text(writer, Type::nas_port_id, command.port_id);
  writer.add(Type::nas_port_type, nas_port_type_ethernet);
  writer.add(Type::service_type, service_type_framed);
  add_text(writer, Type::called_station_id, station_of(command.port));
  add_text(writer, Type::calling_station_id, host);
  if (command.mtu != 0) writer.add(Type::framed_mtu, command.mtu);
  writer.add(Type::eap_key_name, asks_for_key_name);
  writer.add_eap(command.packet);
  if (!state.empty()) writer.add(Type::state, state);
  return finished(writer, server);
}

Result<RadiusOctets> write_status_request(std::string_view nas_identifier, const RadiusHead& head,
                                          const RadiusServer& server) {
  RadiusOctets buffer(radius_header_size + 2 * (max_radius_value + 2));
  RadiusWriter writer{buffer, RadiusCode::status_server, head.identifier, head.authenticator};
  writer.add_message_authenticator();
  add_text(writer, RadiusAttributeType::nas_identifier, nas_identifier);
  return finished(writer, server);
}

namespace {

std::uint32_t low(std::uint64_t value) noexcept { return static_cast<std::uint32_t>(value & 0xffffffffU); }

std::uint32_t seconds(Duration span) noexcept {
  return low(static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::seconds>(span).count()));
}

void add_session(RadiusWriter& writer, const RadiusAccounting& record) {
  using Type = RadiusAttributeType;
  const std::string host = station_of(record.host);
  writer.add(Type::acct_authentic, authenticated_by_radius);
  add_text(writer, Type::user_name, record.user_name.empty() ? host : record.user_name);
  add_text(writer, Type::nas_port_id, record.port_id);
  writer.add(Type::nas_port_type, nas_port_type_ethernet);
  add_text(writer, Type::called_station_id, station_of(record.port));
  add_text(writer, Type::calling_station_id, host);
  if (!record.class_.empty()) writer.add(Type::class_, record.class_);
  if (record.kind == RadiusAccounting::Kind::start) return;
  writer.add(Type::acct_session_time, seconds(record.elapsed));
  writer.add(Type::acct_input_octets, low(record.traffic.octets_in));
  writer.add(Type::acct_input_gigawords, low(record.traffic.octets_in >> 32U));
  writer.add(Type::acct_output_octets, low(record.traffic.octets_out));
  writer.add(Type::acct_output_gigawords, low(record.traffic.octets_out >> 32U));
  writer.add(Type::acct_input_packets, low(record.traffic.packets_in));
  writer.add(Type::acct_output_packets, low(record.traffic.packets_out));
  if (record.cause) writer.add(Type::acct_terminate_cause, static_cast<std::uint32_t>(*record.cause));
}

}  // namespace

Result<RadiusOctets> write_accounting_request(const RadiusAccounting& record, Duration delay,
                                              std::string_view nas_identifier, std::uint8_t identifier,
                                              const RadiusServer& server) {
  using Type = RadiusAttributeType;
  using Kind = RadiusAccounting::Kind;
  RadiusOctets buffer(max_radius_size);
  RadiusWriter writer{buffer, RadiusCode::accounting_request, identifier, {}};
  writer.add(Type::acct_status_type, static_cast<std::uint32_t>(record.kind));
  add_text(writer, Type::acct_session_id, record.session);
  add_text(writer, Type::nas_identifier, nas_identifier);
  writer.add(Type::event_timestamp, low(static_cast<std::uint64_t>(record.at)));
  writer.add(Type::acct_delay_time, seconds(delay));
  if (record.kind != Kind::on && record.kind != Kind::off) add_session(writer, record);
  const RadiusWriter::Finished done = writer.finish();
  if (done.packet.empty()) return fail("the record does not fit a RADIUS packet");
  if (const auto signed_ = crypto::sign_radius_accounting(done.packet, secret_of(server)); !signed_)
    return std::unexpected{signed_.error()};
  return RadiusOctets{done.packet.begin(), done.packet.end()};
}

RadiusReport read_access_answer(const RadiusPacket& answer, const RadiusAuthenticator& request,
                                const RadiusServer& server) {
  using Kind = RadiusReport::Kind;
  RadiusReport report;
  report.server = server.address;
  const auto code = RadiusCode{answer.code};
  report.kind = code == RadiusCode::access_accept   ? Kind::accept
                : code == RadiusCode::access_reject ? Kind::reject
                                                    : Kind::challenge;
  Reading reading{report, server};
  reading.read(answer);
  if (report.kind == Kind::failed) return report;
  const EapCode expected = report.kind == Kind::accept   ? EapCode::success
                           : report.kind == Kind::reject ? EapCode::failure
                                                         : EapCode::request;
  auto packet = eap_of(answer, expected);
  if (report.kind == Kind::challenge && (!packet || packet->empty()))
    reading.make_no_sense(packet ? "a challenge without EAP" : "a challenge whose EAP packet is no Request");
  else if (report.kind == Kind::accept && !packet)
    reading.make_no_sense("an Access-Accept whose EAP packet is no Success");
  else if (report.kind == Kind::accept)
    read_keys(report, reading, answer, request, server);
  report.packet = std::move(packet).value_or(RadiusOctets{});
  return report;
}

}  // namespace macsec::core
