// SPDX-License-Identifier: LGPL-2.1-or-later
/// Files in the folders of profiles that a person may take for profiles, and that the daemon does not have.
#pragma once

#include "cli/context.hpp"

namespace macsec::cli {

struct UnreadFile {
  std::string path;
  std::string why;  ///< and what to do
};

/// Those that the caller may see; none of another host. `profiles` are all that the daemon has.
[[nodiscard]] std::vector<UnreadFile> unread_files(Context& context, std::span<const Context::Profile> profiles);

}  // namespace macsec::cli
