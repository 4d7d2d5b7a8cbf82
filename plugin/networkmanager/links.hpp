// SPDX-License-Identifier: LGPL-2.1-or-later
/// The kernel's MACsec devices, read only.
#pragma once

#include "engine/base/handle.hpp"
#include "engine/base/result.hpp"
#include "engine/wire/types.hpp"

#include <functional>
#include <string>
#include <systemd/sd-event.h>
#include <vector>

namespace macsec::nm {

struct MacsecDevice {
  unsigned ifindex = 0;
  unsigned parent = 0;
  std::string name;
  Sci sci;
  std::optional<CipherSuite> cipher_suite;
};

/// All MACsec devices of this network namespace.
[[nodiscard]] Result<std::vector<MacsecDevice>> macsec_devices();

/// The index of an interface; 0 where there is none.
[[nodiscard]] unsigned interface_index(const std::string& name) noexcept;

/// Tells of devices that went.
class LinkWatch {
 public:
  /// `gone` gets the index of each; 0 when some may have been missed.
  [[nodiscard]] static Result<std::unique_ptr<LinkWatch>> open(sd_event* event, std::function<void(unsigned)> gone);
  LinkWatch(const LinkWatch&) = delete;
  LinkWatch& operator=(const LinkWatch&) = delete;

 private:
  LinkWatch(FileDescriptor socket, std::function<void(unsigned)> gone)
      : socket_{std::move(socket)}, gone_{std::move(gone)} {}
  void read();
  static int on_readable(sd_event_source*, int, std::uint32_t, void* userdata) noexcept;

  FileDescriptor socket_;
  std::function<void(unsigned)> gone_;
  std::unique_ptr<sd_event_source, Releases<sd_event_source_disable_unref>> source_;
};

}  // namespace macsec::nm
