// SPDX-License-Identifier: LGPL-2.1-or-later
/// Profile files: a main file and, after a form feed, a drop-in. What is accepted must read back the same from the file
/// it is written to and from its settings; what is not must come with an error that can go over the bus.
#include <cstdlib>

#include "engine/config/profile_reader.hpp"

namespace {

using namespace macsec;

void require(bool holds) {
  if (!holds) std::abort();
}

ProfileContext context() {
  ProfileContext out;
  out.root = "/nonexistent";
  return out;
}

void check_diagnostics(const ProfileReading& reading) {
  require(reading.profile.has_value() != has_error(reading.diagnostics));
  for (const Diagnostic& one : reading.diagnostics) {
    require(!one.text.empty() && is_utf8(one.text) && is_utf8(one.setting));
    require(one.text.find('\n') == std::string::npos);
  }
}

void check_round_trip(const Profile& profile) {
  std::vector<IniDocument> again;
  again.push_back(IniDocument::parse("again", profile_file(profile)));
  const ProfileReading reading = read_profile("again", again, context());
  require(reading.profile && same_settings(profile, *reading.profile));

  const std::vector<ProfileText> told = profile_settings(profile, Defaults::include);
  std::vector<ProfileSetting> settings;
  for (const ProfileText& one : told)
    settings.push_back({.section = one.section, .instance = one.instance, .key = one.key, .value = one.value});
  ProfileContext keeping = context();
  keeping.keep_secrets = &profile;
  const ProfileReading from_settings = read_settings("again", "", ProfileSource::runtime, settings, keeping);
  require(from_settings.profile && same_settings(profile, *from_settings.profile));
}

/// The same assignments as a program would send them.
void check_as_settings(std::span<const IniDocument> documents) {
  std::vector<ProfileSetting> settings;
  for (const IniDocument& document : documents)
    for (const IniAssignment& one : document.assignments())
      settings.push_back({.section = document.sections()[one.section].name,
                          .instance = one.section,
                          .key = one.key,
                          .value = one.value});
  check_diagnostics(read_settings("p", "", ProfileSource::runtime, settings, context()));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text{reinterpret_cast<const char*>(data), size};
  std::vector<IniDocument> documents;
  const std::size_t split = text.find('\f');
  documents.push_back(IniDocument::parse("main", WipedText{text.substr(0, split)}));
  if (split != std::string_view::npos)
    documents.push_back(IniDocument::parse("drop-in", WipedText{text.substr(split + 1)}));
  for (const IniDocument& document : documents)
    for (const IniAssignment& one : document.assignments())
      require(!one.key.empty() && one.section < document.sections().size() && one.line > 0);

  const ProfileReading reading = read_profile("p", documents, context());
  check_diagnostics(reading);
  if (reading.profile) check_round_trip(*reading.profile);
  check_as_settings(documents);
  return 0;
}
