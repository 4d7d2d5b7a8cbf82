// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin/networkd/netdev.hpp"

#include "engine/base/text.hpp"
#include "engine/config/profile_reader.hpp"
#include "plugin/networkd/judge.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace macsec::networkd {
namespace {

/// The one plain name of [Match] Name=; empty where it is a pattern or several.
std::string plain_name(std::string_view value) {
  const auto words = split_words(value);
  if (!words || words->size() != 1 || !is_interface_name(words->front())) return {};
  return words->front().find_first_of("*?[!") == std::string_view::npos ? std::string{words->front()} : std::string{};
}

void add_parents(Parents& parents, const FileSet& file) {
  std::string name;
  std::vector<std::string> links;
  for (const IniDocument& document : file.documents)
    for (const IniAssignment& one : document.assignments()) {
      const std::string_view section = document.sections()[one.section].name;
      if (section == "Match" && one.key == "Name")
        name = one.value.empty() ? std::string{} : name + " " + std::string{one.value};
      else if (section == "Network" && one.key == "MACsec" && is_interface_name(one.value))
        links.emplace_back(one.value);
    }
  for (const std::string& link : links) {
    std::string& parent = parents[link];
    if (parent.empty()) parent = plain_name(name);
  }
}

}  // namespace

NetdevFile read_netdev(const FileSet& files) {
  Written written = read_written(files);
  const bool mine = written.kind == "macsec" && written.is_ours;
  mine ? judge(written) : judge_others(written);
  NetdevFile out{
      .interface = written.netdev.interface, .netdev = std::nullopt, .diagnostics = written.netdev.diagnostics};
  if (mine) out.netdev = std::move(written.netdev);
  return out;
}

Parents read_parents(const std::vector<FileSet>& files) {
  Parents parents;
  for (const FileSet& file : files) add_parents(parents, file);
  return parents;
}

Configuration load_configuration(const std::vector<std::string>& directories) {
  Configuration out;
  out.parents = read_parents(load_files(directories, ".network", out.diagnostics));
  out.diagnostics.clear();                   // the same directories
  std::map<std::string, std::string> taken;  // a name and the file that has it
  for (const FileSet& file : load_files(directories, ".netdev", out.diagnostics)) {
    NetdevFile read = read_netdev(file);
    if (read.interface.empty() || (!read.netdev && has_error(read.diagnostics))) {
      if (has_error(read.diagnostics)) out.broken.emplace(file.path, std::move(read.diagnostics));
      continue;
    }
    const auto [at, fresh] = taken.emplace(read.interface, file.path);
    if (!read.netdev) continue;
    if (!fresh) {
      out.diagnostics.push_back({.severity = Severity::error,
                                 .file = file.path,
                                 .line = 0,
                                 .text = fmt::format("Name={} is taken by {}, systemd-networkd ignores this file",
                                                     read.interface, at->second),
                                 .setting = {}});
      continue;
    }
    for (const Section& section : read.netdev->sections)
      for (const Setting& setting : section.settings)
        if (setting.key == "CakFile" || setting.key == "SecretFile") out.key_files.insert(setting.value);
    out.netdevs.push_back(std::move(*read.netdev));
  }
  return out;
}

const Diagnostic* Configuration::unread_above(const std::string& path) const {
  const auto found =
      std::ranges::find_if(diagnostics, [&path](const Diagnostic& one) { return path.starts_with(one.file + "/"); });
  return found == diagnostics.end() ? nullptr : &*found;
}

bus::Settings to_settings(const Netdev& netdev, const std::string& parent) {
  bus::Settings out;
  for (const Section& section : netdev.sections) {
    bus::SettingsSection& to = out.emplace_back(bus::SettingsSection{.name = section.name, .texts = {}});
    if (section.name == "Link") to.texts.emplace_back("Parent", parent);
    for (const Setting& setting : section.settings) to.texts.emplace_back(setting.key, setting.value);
  }
  return out;
}

std::vector<Diagnostic> foresee(const Netdev& netdev, const std::string& parent, const ProfileContext& context) {
  const std::string somewhere = parent.empty() ? "unknown" : parent;  // which one does not matter here
  std::vector<ProfileSetting> settings{{.section = "Link", .key = "Parent", .value = somewhere}};
  std::size_t number = 0;
  for (const Section& section : netdev.sections) {
    const std::size_t instance = number++;
    for (const Setting& setting : section.settings)
      settings.push_back({.section = section.name, .instance = instance, .key = setting.key, .value = setting.value});
  }
  std::vector<Diagnostic> out;
  for (const Diagnostic& one :
       read_settings(netdev.interface, netdev.path, ProfileSource::networkd, settings, context).diagnostics) {
    const bus::Problem there = locate(netdev, to_problem(one));
    out.push_back({.severity = one.severity,
                   .file = there.file,
                   .line = there.line,
                   .text = there.text,
                   .setting = there.setting});
  }
  return out;
}

bus::Problem to_problem(const Diagnostic& diagnostic) {
  return {.error = diagnostic.severity == Severity::error,
          .file = diagnostic.file,
          .line = diagnostic.line,
          .setting = diagnostic.setting,
          .text = diagnostic.text};
}

bus::Problem locate(const Netdev& netdev, bus::Problem problem) {
  const std::string_view setting{problem.setting};
  const std::string_view section = setting.substr(0, setting.find('.'));
  const std::string_view key = section.size() < setting.size() ? setting.substr(section.size() + 1) : "";
  std::size_t number = 1;
  if (const std::string mark = fmt::format("[{} #", section); problem.text.starts_with(mark))
    number =
        parse_unsigned(std::string_view{problem.text}.substr(mark.size(), problem.text.find(']') - mark.size()), 9999)
            .value_or(1);
  problem.file = netdev.path;
  for (const Section& one : netdev.sections) {
    if (one.name != section || --number != 0) continue;
    if (!one.file.empty()) {
      problem.file = one.file;
      problem.line = one.line;
    }
    for (const Setting& each : one.settings)
      if (each.key == key && each.line != 0) {
        problem.file = each.file;
        problem.line = each.line;
      }
    break;
  }
  // The profile's sections are not those of the file.
  if (const std::size_t end = problem.text.find("] "); problem.text.starts_with('[') && end != std::string::npos)
    problem.text.erase(0, end + 2);
  return problem;
}

}  // namespace macsec::networkd
