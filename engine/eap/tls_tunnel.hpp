// SPDX-License-Identifier: LGPL-2.1-or-later
/// A TLS connection in the packets of one method.
#pragma once

#include "engine/eap/method.hpp"

namespace macsec::eap {

class TlsTunnel {
 public:
  /// `always_total` sends the total with single fragments while the handshake lasts.
  [[nodiscard]] static Result<TlsTunnel> open(const MethodSetup& setup, bool always_total);

  enum class Event : std::uint8_t {
    ignored,   ///< not a packet of this method, or a second Start
    answered,  ///< a fragment or acknowledgement is the reply
    advanced   ///< a whole message was taken: the method looks at the channel and replies
  };
  [[nodiscard]] Event receive(Bytes data);
  /// The next packet: what the channel has to say, or an acknowledgement.
  [[nodiscard]] Octets reply();

  [[nodiscard]] crypto::TlsChannel& channel() noexcept { return channel_; }
  [[nodiscard]] const crypto::TlsChannel& channel() const noexcept { return channel_; }
  [[nodiscard]] bool established() const noexcept { return channel_.state() == crypto::TlsChannel::State::established; }
  [[nodiscard]] bool failed() const noexcept {
    return broken_ || channel_.state() == crypto::TlsChannel::State::failed;
  }
  /// Why it failed; where it did not, what a Failure of the server means now.
  [[nodiscard]] MethodReport report() const;
  /// Requests of the method so far.
  [[nodiscard]] unsigned requests() const noexcept { return requests_; }
  /// Remembers what the server gave to resume with. Ends the connection.
  void keep_sessions();
  /// The conversation failed for this problem. Where it resumed a session, the next one does not: servers err there that do a
  /// full handshake well. One that never confirms what it resumed is not asked to again.
  void distrust_sessions(EapProblem problem) const;

 private:
  TlsTunnel(const MethodSetup& setup, crypto::TlsChannel channel, bool always_total);
  [[nodiscard]] MethodReport refused_certificate() const;

  LoadedProfile* loaded_;
  crypto::TlsChannel channel_;
  TlsReassembler reassembler_;
  TlsFragmenter fragmenter_;
  std::size_t fragment_size_;
  bool always_total_;
  bool started_ = false;
  bool heard_ = false;  ///< any TLS record of the server
  bool broken_ = false;
  std::string_view breach_;  ///< what of the framing the server broke
  unsigned requests_ = 0;
};

}  // namespace macsec::eap
