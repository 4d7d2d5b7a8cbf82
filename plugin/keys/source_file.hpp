// SPDX-License-Identifier: LGPL-2.1-or-later
/// Key servers as /etc/macsecd/sources/NAME.source describes them; macsec.source(5).
#pragma once

#include "engine/config/ini.hpp"
#include "plugin/keys/http.hpp"

namespace macsec::keys {

inline constexpr const char* sources_directory = "/etc/macsecd/sources";

enum class SourceType : std::uint8_t { etsi014, skip };
[[nodiscard]] std::string_view to_string(SourceType type) noexcept;  ///< "etsi014", "skip"

/// One key server, and what proves who is who. Paths are absolute; what they name is read by TlsClient.
struct Source {
  std::string name;
  std::string path;  ///< of the file
  SourceType type = SourceType::etsi014;
  Url url;
  std::string local_id;              ///< what this end is called at its key server
  std::string ca_certificate{};      ///< empty: a shared key takes the place of certificates
  std::string client_certificate{};  ///< empty: none
  std::string private_key{};
  std::string psk_identity{};
  std::string psk_file{};  ///< empty: certificates

  friend bool operator==(const Source&, const Source&);
};

struct SourceReading {
  std::optional<Source> source;  ///< nothing where a diagnostic is an error
  std::vector<Diagnostic> diagnostics;
};
/// Later assignments win. What is unknown is a warning, what is wrong or missing an error with file and line.
[[nodiscard]] SourceReading read_source(std::string_view name, const IniDocument& document);

/// All files NAME.source of a directory, in the order of their names. A directory that is not there holds none.
struct SourceListing {
  std::vector<Source> sources;
  std::vector<Diagnostic> diagnostics;
};
[[nodiscard]] SourceListing read_sources(const std::string& directory);
/// One file, whatever directory it is in.
[[nodiscard]] SourceReading read_source_file(const std::string& path);

}  // namespace macsec::keys
