// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/wire/eap_worker.hpp"

#include "engine/base/text.hpp"
#include "engine/wire/fields.hpp"

namespace macsec {
namespace {

constexpr std::uint8_t worker_version = 1;
constexpr std::size_t msk_size = 64;
constexpr std::size_t max_session_id = 255;

std::optional<WorkerKind> known_kind(std::uint8_t value) noexcept {
  const auto kind = static_cast<WorkerKind>(value);
  switch (kind) {
    case WorkerKind::profile:
    case WorkerKind::begin:
    case WorkerKind::request:
    case WorkerKind::end:
    case WorkerKind::open:
    case WorkerKind::records:
    case WorkerKind::text:
    case WorkerKind::loaded:
    case WorkerKind::response:
    case WorkerKind::success:
    case WorkerKind::failure:
    case WorkerKind::established:
    case WorkerKind::sealed:
    case WorkerKind::opened:
      return kind;
  }
  return std::nullopt;
}

template <typename Codec, typename Value>
void certificate_fields(Codec& codec, Value& certificate) {
  codec.text(certificate.subject);
  codec.text(certificate.issuer);
  codec.list(certificate.names, [](Codec& inner, auto& name) { inner.text(name); });
  codec.instant(certificate.not_before);
  codec.instant(certificate.not_after);
  codec.octets(certificate.sha256);
  codec.number(certificate.depth);
  codec.flag(certificate.verified);
  codec.flag(certificate.clock_unset);
}

template <typename Codec, typename Value>
void verdict_fields(Codec& codec, Value& verdict) {
  codec.choice(verdict.stage, EapStage::success);
  codec.choice(verdict.problem, EapProblem::internal);
  codec.code(verdict.method);
  codec.text(verdict.inner);
  codec.text(verdict.words);
  codec.flag(verdict.hold);
  codec.flag(verdict.validated);
  certificate_fields(codec, verdict.server);
  certificate_fields(codec, verdict.client);
  codec.text(verdict.client_key);
  codec.text(verdict.tls.version);
  codec.text(verdict.tls.cipher);
  codec.text(verdict.tls.group);
  codec.flag(verdict.tls.resumed);
}

constexpr std::size_t max_words = 8192;  ///< a path and what is said of it
constexpr std::size_t max_shown = 2048;  ///< of a certificate
constexpr std::size_t max_names = 32;

/// Journal, terminals and the bus are told these texts, and macsec-eap may have been taken over.
void clean(EapVerdict& verdict) {
  const auto clean_text = [](std::string& text, std::size_t most) {
    text = printable_text({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}, most);
  };
  clean_text(verdict.words, max_words);
  for (CertificateReport* certificate : {&verdict.server, &verdict.client}) {
    clean_text(certificate->subject, max_shown);
    clean_text(certificate->issuer, max_shown);
    if (certificate->names.size() > max_names) certificate->names.resize(max_names);
    for (std::string& name : certificate->names) clean_text(name, max_shown);
  }
  for (std::string* text :
       {&verdict.inner, &verdict.client_key, &verdict.tls.version, &verdict.tls.cipher, &verdict.tls.group})
    clean_text(*text, max_shown);
}

}  // namespace

std::optional<WorkerMessage> read_worker_message(Bytes octets) noexcept {
  if (octets.size() > max_worker_message) return std::nullopt;
  Reader reader{octets};
  const std::uint8_t version = reader.u8();
  const std::optional<WorkerKind> kind = known_kind(reader.u8());
  const std::uint16_t flags = reader.u16();
  WorkerMessage out;
  out.profile = reader.u32();
  out.conversation = reader.u64();
  if (!reader.ok() || version != worker_version || !kind || flags > 1) return std::nullopt;
  out.kind = *kind;
  out.more = flags == 1;
  out.body = reader.take(reader.remaining());
  return out;
}

WipedBuffer write_worker_message(const WorkerMessage& message) {
  std::array<std::uint8_t, worker_header_size> header{};
  Writer writer{header};
  writer.u8(worker_version);
  writer.u8(static_cast<std::uint8_t>(message.kind));
  writer.u16(message.more ? 1 : 0);
  writer.u32(message.profile);
  writer.u64(message.conversation);
  WipedBuffer out;
  out.add(Bytes{header}).add(message.body);
  return out;
}

WipedBuffer write_worker_begin(const WorkerBegin& begin) {
  WipedBuffer out;
  FieldWriter{out}.number(begin.mtu);
  return out;
}

std::optional<WorkerBegin> read_worker_begin(Bytes body) noexcept {
  FieldReader reader{body};
  WorkerBegin out;
  reader.number(out.mtu);
  if (!reader.complete()) return std::nullopt;
  return out;
}

WipedBuffer write_eap_verdict(const EapVerdict& verdict) {
  WipedBuffer out;
  FieldWriter writer{out};
  verdict_fields(writer, verdict);
  return out;
}

std::optional<EapVerdict> read_eap_verdict(Bytes body) {
  FieldReader reader{body};
  std::optional<EapVerdict> out{std::in_place};
  verdict_fields(reader, *out);
  if (!reader.complete()) return std::nullopt;
  clean(*out);
  return out;
}

WipedBuffer write_worker_success(const WorkerSuccess& success) {
  WipedBuffer out;
  FieldWriter writer{out};
  writer.octets(success.keys.msk.expose());
  writer.number(static_cast<std::uint8_t>(success.keys.session_id.size()));
  writer.octets(success.keys.session_id);
  verdict_fields(writer, success.verdict);
  return out;
}

std::optional<WorkerSuccess> read_worker_success(Bytes body) {
  static_assert(max_session_id <= UINT8_MAX);
  Reader head{body};
  const Bytes msk = head.take(msk_size);
  const Bytes session_id = head.take(head.u8());
  FieldReader rest{head.take(head.remaining())};
  std::optional<WorkerSuccess> out{std::in_place};
  verdict_fields(rest, out->verdict);
  if (!head.ok() || session_id.empty() || !rest.complete()) return std::nullopt;
  clean(out->verdict);
  out->keys.msk = Secret<msk_size>{msk};
  out->keys.session_id.assign(session_id.begin(), session_id.end());
  return out;
}

std::string_view to_string(EapStage stage) noexcept {
  switch (stage) {
    case EapStage::identity:
      return "identity";
    case EapStage::method:
      return "method";
    case EapStage::handshake:
      return "handshake";
    case EapStage::server_certificate:
      return "server-certificate";
    case EapStage::client_certificate:
      return "client-certificate";
    case EapStage::inner:
      return "inner";
    case EapStage::confirmation:
      return "confirmation";
    case EapStage::success:
      return "success";
  }
  return {};
}

std::string_view to_string(EapProblem problem) noexcept {
  constexpr std::array<std::string_view, 25> names{"none",
                                                   "profile",
                                                   "legacy-provider",
                                                   "rejected",
                                                   "method-refused",
                                                   "tls-version",
                                                   "tls",
                                                   "certificate-issuer",
                                                   "certificate-time",
                                                   "certificate-use",
                                                   "certificate-revoked",
                                                   "certificate",
                                                   "server-name",
                                                   "client-certificate",
                                                   "client-certificate-expired",
                                                   "password",
                                                   "account",
                                                   "inner-method",
                                                   "inner-missing",
                                                   "binding",
                                                   "no-confirmation",
                                                   "no-keys",
                                                   "malformed",
                                                   "timeout",
                                                   "internal"};
  static_assert(names.size() == static_cast<std::size_t>(EapProblem::internal) + 1);
  return names[static_cast<std::size_t>(problem)];
}

}  // namespace macsec
