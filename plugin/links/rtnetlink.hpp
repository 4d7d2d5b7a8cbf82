// SPDX-License-Identifier: LGPL-2.1-or-later
/// The links of this network namespace, read only: all of them at once, and their changes as they happen.
#pragma once

#include "engine/base/handle.hpp"
#include "engine/base/result.hpp"
#include "engine/wire/types.hpp"

#include <functional>
#include <optional>
#include <string>
#include <systemd/sd-event.h>
#include <vector>

namespace macsec {

struct LinkFacts {
  unsigned ifindex = 0;
  unsigned parent = 0;  ///< ifindex; 0: it has none, or one in another namespace
  std::string name;
  bool is_macsec = false;
  Sci sci;                                    ///< of a MACsec link
  std::optional<CipherSuite> cipher_suite{};  ///< of a MACsec link, where it is known
  friend bool operator==(const LinkFacts&, const LinkFacts&) = default;
};

/// All links. EAGAIN where they change faster than they can be read, else the kernel's error.
[[nodiscard]] Result<std::vector<LinkFacts>> read_links();

/// Follows links. Where messages are lost, what waits is left unread and all links are read, again until that succeeds.
class LinkEvents {
 public:
  struct Callbacks {
    std::function<void(const LinkFacts&)> changed;  ///< new or other than before; also told where it is neither
    std::function<void(unsigned ifindex)> gone;
    std::function<void(const std::vector<LinkFacts>&)> all;  ///< in place of all that was told: messages were lost
  };

  /// Tells what happens from now on: read_links() afterwards misses nothing.
  [[nodiscard]] static Result<std::unique_ptr<LinkEvents>> open(sd_event* event, Callbacks callbacks);
  LinkEvents(const LinkEvents&) = delete;
  LinkEvents& operator=(const LinkEvents&) = delete;
  ~LinkEvents() = default;

 private:
  using Source = std::unique_ptr<sd_event_source, Releases<sd_event_source_disable_unref>>;

  LinkEvents(sd_event* event, FileDescriptor socket, Callbacks callbacks)
      : event_{event}, socket_{std::move(socket)}, callbacks_{std::move(callbacks)} {}
  void read();
  void read_again();

  sd_event* event_;
  FileDescriptor socket_;
  Callbacks callbacks_;
  Source source_;
  Source retry_;
};

}  // namespace macsec
