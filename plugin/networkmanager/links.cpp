// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin/networkmanager/links.hpp"

#include <net/if.h>

namespace macsec::nm {

Result<std::vector<LinkFacts>> macsec_devices() {
  auto links = read_links();
  if (links) std::erase_if(*links, [](const LinkFacts& link) { return !link.is_macsec; });
  return links;
}

unsigned interface_index(const std::string& name) noexcept { return ::if_nametoindex(name.c_str()); }

}  // namespace macsec::nm
