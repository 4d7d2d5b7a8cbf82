// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/adapters/tls_streams.hpp"

namespace macsec::os {

std::uint32_t TlsStreams::add(EapProfile profile) {
  const std::uint32_t number = ++last_profile_;
  const EapProfile& kept = profiles_.emplace(number, std::move(profile)).first->second;
  if (EapWorker* const to = worker_()) to->set_profile(number, kept);
  return number;
}

void TlsStreams::drop(std::uint32_t profile) {
  if (profiles_.erase(profile) == 0) return;
  if (EapWorker* const to = worker_()) to->drop_profile(profile);
}

void TlsStreams::read_again() {
  if (profiles_.empty()) return;
  EapWorker* const to = worker_();
  for (const auto& [number, profile] : profiles_)
    if (to != nullptr) to->set_profile(number, profile);
}

std::optional<TlsStreams::Number> TlsStreams::open(std::uint32_t profile, Hear hear, Resume resume) {
  EapWorker* const to = worker_();
  if (to == nullptr) return std::nullopt;
  const Number number = ++last_stream_;
  streams_.emplace(number, Stream{std::move(hear), std::move(resume)});
  to->open_stream(profile, number);
  return number;
}

bool TlsStreams::may_receive() {
  EapWorker* const to = worker_();
  return to == nullptr || to->has_room();
}

void TlsStreams::records(Number stream, Bytes octets) {
  if (EapWorker* const to = worker_(); to != nullptr && streams_.contains(stream))
    to->carry(WorkerKind::records, stream, octets);
}

void TlsStreams::text(Number stream, Bytes octets) {
  if (EapWorker* const to = worker_(); to != nullptr && streams_.contains(stream))
    to->carry(WorkerKind::text, stream, octets);
}

void TlsStreams::finish(Number stream) {
  if (EapWorker* const to = worker_(); to != nullptr && streams_.contains(stream)) to->finish_stream(stream);
}

void TlsStreams::close(Number stream) {
  if (streams_.erase(stream) == 0) return;
  if (EapWorker* const to = worker_()) to->close_stream(stream);
}

void TlsStreams::on_report(const EapWorker::StreamReport& report) {
  const auto at = streams_.find(report.stream);
  if (at == streams_.end()) return;
  if (report.kind != WorkerKind::failure) {
    const Hear hear = at->second.hear;  // which may close the stream
    return hear(report);
  }
  const Hear hear = std::move(at->second.hear);
  streams_.erase(at);
  hear(report);
}

void TlsStreams::on_drained() {
  for (const auto& [number, stream] : streams_)
    if (stream.resume) stream.resume();
}

}  // namespace macsec::os
