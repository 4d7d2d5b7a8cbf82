// SPDX-License-Identifier: LGPL-2.1-or-later
/// The client's end of a TLS connection to a RADIUS server (RFC 6614), whose records the daemon carries.
#pragma once

#include "engine/eap/credentials.hpp"

#include <expected>

namespace macsec::eap {

class TlsStream {
 public:
  struct Said {
    WipedBuffer records{};                ///< for the server
    std::string established{};            ///< the version, with what ended the handshake
    WipedBuffer text{};                   ///< what the server said
    std::optional<EapVerdict> failure{};  ///< it is over
  };

  [[nodiscard]] static std::expected<TlsStream, EapVerdict> open(std::shared_ptr<LoadedProfile> loaded,
                                                                 const crypto::TlsClock& clock);
  /// Records of the server; at first none, which begins the handshake.
  [[nodiscard]] Said receive(Bytes records);
  [[nodiscard]] Said send(Bytes text);
  /// How far it came.
  [[nodiscard]] EapVerdict abort() const;

 private:
  TlsStream(std::shared_ptr<LoadedProfile> loaded, crypto::TlsChannel channel)
      : loaded_{std::move(loaded)}, channel_{std::move(channel)} {}
  [[nodiscard]] Said take();

  std::shared_ptr<LoadedProfile> loaded_;  ///< outlives the channel
  crypto::TlsChannel channel_;
  bool told_ = false;  ///< that it is established
};

}  // namespace macsec::eap
