// SPDX-License-Identifier: LGPL-2.1-or-later
/// TLS connections to RADIUS servers: who carries the records of which, on the macsec-eap that supplicants have, too.
#pragma once

#include "engine/adapters/eap_worker.hpp"

#include <functional>
#include <map>

namespace macsec::os {

class TlsStreams {
 public:
  using Number = core::EapConversation;
  using Hear = std::function<void(const EapWorker::StreamReport& report)>;
  /// Called from the loop after may_receive() was false; may not call.
  using Resume = std::function<void()>;
  /// `worker` gives macsec-eap's daemon end; nothing where it cannot be had, which is told there.
  explicit TlsStreams(std::function<EapWorker*()> worker) : worker_{std::move(worker)} {}
  TlsStreams(const TlsStreams&) = delete;
  TlsStreams& operator=(const TlsStreams&) = delete;

  /// What connections are made with, by the number that is given back.
  [[nodiscard]] std::uint32_t add(EapProfile profile);
  void drop(std::uint32_t profile);
  /// Has macsec-eap open again what all profiles name. Connections that are there stay.
  void read_again();

  /// `hear` is called from the loop only, until close() or a failure, and may call. Nothing where there is no macsec-eap at all.
  [[nodiscard]] std::optional<Number> open(std::uint32_t profile, Hear hear, Resume resume = {});
  /// False: macsec-eap is behind, and what else comes from the server waits until `resume` is called.
  [[nodiscard]] bool may_receive();
  /// From the server, and to it.
  void records(Number stream, Bytes octets);
  void text(Number stream, Bytes octets);
  /// The server hung up: failure is reported after what came before, without words where TLS has none.
  void finish(Number stream);
  void close(Number stream);

  // For the owner of the EapWorker.
  void on_report(const EapWorker::StreamReport& report);
  void on_drained();

 private:
  std::function<EapWorker*()> worker_;
  std::map<std::uint32_t, EapProfile> profiles_;
  struct Stream {
    Hear hear;
    Resume resume;
  };
  std::map<Number, Stream> streams_;
  // Supplicants count from the other end.
  std::uint32_t last_profile_ = 0x8000'0000U;
  Number last_stream_ = 0x8000'0000'0000'0000U;
};

}  // namespace macsec::os
