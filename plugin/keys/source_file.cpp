// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin/keys/source_file.hpp"

#include "engine/base/similar.hpp"
#include "engine/config/profile.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fmt/format.h>
#include <map>

namespace macsec::keys {
namespace {

constexpr std::string_view suffix = ".source";
constexpr std::array<std::string_view, 8> setting_names{
    "Type", "Url", "LocalId", "CaCertificate", "ClientCertificate", "PrivateKey", "PskIdentity", "PskFile"};

/// Settings by name as they were last said; an empty one is as if it were not there.
using Said = std::map<std::string_view, IniAssignment>;

class SourceBuilder {
 public:
  SourceBuilder(const IniDocument& document, SourceReading& out) : document_{document}, out_{out} {}

  void run(Source& source) {
    collect();
    type(source);
    if (const auto* url = need("Url", "https://HOST[:PORT][/PATH]")) {
      if (auto parsed = parse_url(url->value))
        source.url = std::move(*parsed);
      else
        wrong(*url, parsed.error().message);
    }
    local_id(source);
    for (const auto& [name, into] : {std::pair{"CaCertificate", &source.ca_certificate},
                                     {"ClientCertificate", &source.client_certificate},
                                     {"PrivateKey", &source.private_key},
                                     {"PskFile", &source.psk_file}})
      path(name, *into);
    identity(source);
    together(source);
  }

 private:
  void complain(Severity severity, unsigned line, std::string text, std::string_view setting = {}) {
    out_.diagnostics.push_back({.severity = severity,
                                .file = document_.path(),
                                .line = line,
                                .text = std::move(text),
                                .setting = setting.empty() ? std::string{} : fmt::format("Source.{}", setting)});
  }
  void wrong(const IniAssignment& one, std::string_view why) {
    complain(Severity::error, one.line, fmt::format("{}={}: {}", one.key, one.value, why), one.key);
  }
  [[nodiscard]] const IniAssignment* find(std::string_view name) const {
    const auto found = said_.find(name);
    return found == said_.end() ? nullptr : &found->second;
  }
  const IniAssignment* need(std::string_view name, std::string_view accepted) {
    const IniAssignment* const found = find(name);
    if (found == nullptr)
      complain(Severity::error, section_line_, fmt::format("{}= is missing: {} is accepted", name, accepted), name);
    return found;
  }

  void collect() {
    for (const IniSection& section : document_.sections()) {
      if (section.name == "Source" && section_line_ == 0) section_line_ = section.line;
      if (section.name != "Source" && !is_extension(section.name))
        complain(Severity::warning, section.line,
                 fmt::format("unknown section [{}], ignored: [Source] is accepted", section.name));
    }
    for (const IniAssignment& one : document_.assignments()) {
      if (document_.sections()[one.section].name != "Source" || is_extension(one.key)) continue;
      if (std::ranges::find(setting_names, one.key) == setting_names.end()) {
        const std::string_view near = similar_name(one.key, setting_names);
        complain(Severity::warning, one.line,
                 fmt::format("unknown key {}=, ignored{}", one.key,
                             near.empty() ? std::string{} : fmt::format(": is {}= meant?", near)));
      } else if (one.value.empty()) {
        said_.erase(one.key);
      } else {
        said_.insert_or_assign(one.key, one);
      }
    }
  }

  void type(Source& source) {
    const IniAssignment* const one = need("Type", "etsi014 or skip");
    if (one == nullptr) return;
    if (one->value == "etsi014")
      source.type = SourceType::etsi014;
    else if (one->value == "skip")
      source.type = SourceType::skip;
    else
      wrong(*one, "etsi014 or skip is accepted");
  }

  void name_of(std::string_view setting, const IniAssignment& one, std::string& into) {
    constexpr std::size_t longest = 128;
    const auto printed = [](char c) { return c > ' ' && c <= '~' && c != '\\'; };
    if (one.value.size() > longest || !std::ranges::all_of(one.value, printed))
      complain(Severity::error, one.line,
               fmt::format("{}= is not 1 to 128 printable characters of ASCII without blanks and backslashes", setting),
               setting);
    else
      into = one.value;
  }
  void local_id(Source& source) {
    if (const auto* one = need("LocalId", "what this end is called at its key server"))
      name_of("LocalId", *one, source.local_id);
  }
  void identity(Source& source) {
    if (const auto* one = find("PskIdentity")) name_of("PskIdentity", *one, source.psk_identity);
  }

  void path(std::string_view name, std::string& into) {
    const IniAssignment* const one = find(name);
    if (one == nullptr) return;
    if (!one->value.starts_with('/')) return wrong(*one, "an absolute path is accepted");
    into = one->value;
  }

  /// What proves who is who: certificates, or a shared key.
  void together(const Source& source) {
    const IniAssignment* psk = find("PskFile");
    if (psk == nullptr) psk = find("PskIdentity");
    if (psk == nullptr) return certificates(source);
    if (source.type == SourceType::etsi014)
      return complain(
          Severity::error, psk->line,
          fmt::format("{}= is not accepted with Type=etsi014, whose servers know their clients by certificates: "
                      "CaCertificate=, ClientCertificate= and PrivateKey= are",
                      psk->key),
          psk->key);
    for (const char* name : {"CaCertificate", "ClientCertificate", "PrivateKey"})
      if (const auto* one = find(name))
        complain(Severity::error, one->line,
                 fmt::format("{}= and {}= exclude each other: a connection has certificates or a shared key", name,
                             psk->key),
                 name);
    need("PskIdentity", "the name of the shared key");
    need("PskFile", "a file with the shared key");
  }
  void certificates(const Source& source) {
    need("CaCertificate", "a file with certificates of those who sign for the key server, or PskFile= with Type=skip,");
    const bool needed = source.type == SourceType::etsi014;
    if (needed || find("PrivateKey") != nullptr) need("ClientCertificate", "a file with our certificate");
    if (needed || find("ClientCertificate") != nullptr) need("PrivateKey", "a file with the key of our certificate");
  }

  const IniDocument& document_;
  SourceReading& out_;
  Said said_;
  unsigned section_line_ = 0;
};

}  // namespace

std::string_view to_string(SourceType type) noexcept {
  switch (type) {
    case SourceType::etsi014:
      return "etsi014";
    case SourceType::skip:
      return "skip";
  }
  return {};
}

bool operator==(const Source& left, const Source& right) {
  const auto all = [](const Source& one) {
    return std::tie(one.name, one.path, one.type, one.url.host, one.url.port, one.url.path, one.local_id,
                    one.ca_certificate, one.client_certificate, one.private_key, one.psk_identity, one.psk_file);
  };
  return all(left) == all(right);
}

SourceReading read_source(std::string_view name, const IniDocument& document) {
  SourceReading out;
  out.diagnostics = document.diagnostics();
  Source source;
  source.name = name;
  source.path = document.path();
  SourceBuilder{document, out}.run(source);
  if (!has_error(out.diagnostics)) out.source = std::move(source);
  return out;
}

SourceReading read_source_file(const std::string& path) {
  SourceReading out;
  const auto complain = [&](std::string text) {
    out.diagnostics.push_back({.severity = Severity::error, .file = path, .line = 0, .text = std::move(text)});
  };
  std::string name = std::filesystem::path{path}.filename().string();
  if (!name.ends_with(suffix)) {
    complain("not called NAME.source");
    return out;
  }
  name.resize(name.size() - suffix.size());
  if (!is_profile_name(name)) {
    complain(
        "the name before .source is not 1 to 64 letters, digits, '.', '_', '-', '@', ':' or '+', or begins with '.'");
    return out;
  }
  const Result<IniDocument> document = IniDocument::read(path);
  if (document) return read_source(name, *document);
  complain(document.error().message);
  return out;
}

SourceListing read_sources(const std::string& directory) {
  namespace fs = std::filesystem;
  SourceListing out;
  std::error_code error;
  std::vector<std::string> paths;
  for (fs::directory_iterator at{directory, error}; !error && at != fs::directory_iterator{}; at.increment(error))
    if (at->path().extension() == suffix) paths.push_back(at->path().string());
  if (error && error != std::errc::no_such_file_or_directory)
    out.diagnostics.push_back({.severity = Severity::error,
                               .file = directory,
                               .line = 0,
                               .text = "cannot read the directory: " + error.message()});
  std::ranges::sort(paths);
  for (const std::string& path : paths) {
    SourceReading read = read_source_file(path);
    std::ranges::move(read.diagnostics, std::back_inserter(out.diagnostics));
    if (read.source) out.sources.push_back(std::move(*read.source));
  }
  return out;
}

}  // namespace macsec::keys
