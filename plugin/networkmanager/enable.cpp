// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin/networkmanager/enable.hpp"

#include "engine/base/file.hpp"
#include "plugin/networkmanager/names.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace macsec::nm {
namespace {

namespace fs = std::filesystem;

struct File {
  const char* path;
  const char* text;
};

/// What is on the host while macsec-nm is enabled, besides the link systemctl makes.
constexpr std::array files{
    // Distributions know the program, its options and its unit; only its bus changes.
    File{"/etc/systemd/system/wpa_supplicant.service.d/50-macsec-nm.conf",
         "# Written by macsec-nm --enable; macsec-nm --disable removes it.\n"
         "# wpa_supplicant serves Wi-Fi and wired 802.1X to macsec-nm, which has its name on the system bus.\n"
         "[Unit]\n"
         "Wants=macsec-nm.service macsec-nm-bus.socket\n"
         "After=macsec-nm-bus.socket\n"
         "\n"
         "[Service]\n"
         "Type=simple\n"
         // Written by the socket's unit: where that is not installed any more, Wi-Fi is as it always was.
         "EnvironmentFile=-/run/macsec-nm/supplicant.env\n"},
    File{"/etc/dbus-1/system.d/macsec-nm.conf",
         "<!DOCTYPE busconfig PUBLIC \"-//freedesktop//DTD D-BUS Bus Configuration 1.0//EN\"\n"
         " \"http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd\">\n"
         "<!-- Written by macsec-nm --enable; macsec-nm --disable removes it. -->\n"
         "<busconfig>\n"
         "  <policy user=\"root\">\n"
         "    <allow own=\"fi.w1.wpa_supplicant1\"/>\n"
         "    <allow send_destination=\"fi.w1.wpa_supplicant1\"/>\n"
         "    <allow receive_sender=\"fi.w1.wpa_supplicant1\" receive_type=\"signal\"/>\n"
         "  </policy>\n"
         "</busconfig>\n"},
};
constexpr const char* unit = "macsec-nm.service";

/// Exit code of `systemctl ARGUMENTS`; its complaints go to our standard error.
Result<int> systemctl(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "systemctl");
  std::vector<char*> argv;
  for (std::string& each : arguments) argv.push_back(each.data());
  argv.push_back(nullptr);
  pid_t pid = 0;
  if (const int code = ::posix_spawnp(&pid, "systemctl", nullptr, nullptr, argv.data(), environ); code != 0)
    return fail(code, fmt::format("cannot run systemctl: {}", std::strerror(code)));
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0)
    if (errno != EINTR) return fail(errno, "systemctl got lost");
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

Result<void> must(std::vector<std::string> arguments) {
  std::string text = "systemctl";
  for (const std::string& each : arguments) text += " " + each;
  const auto code = systemctl(std::move(arguments));
  if (!code) return std::unexpected{code.error()};
  if (*code != 0) return fail(fmt::format("{} failed with {}", text, *code));
  return {};
}

bool is_active(const char* name) {
  const auto code = systemctl({"--quiet", "is-active", name});
  return code && *code == 0;
}

/// The service manager and the bus read it, whatever the caller's umask is.
constexpr FileAttributes attributes{.mode = 0644, .directory_mode = 0755};

/// Whether the file had to be written.
Result<bool> write_text(const std::string& path, std::string_view text) {
  constexpr std::size_t most = 1U << 16U;
  const auto before = read_file(path, most);
  if (before && before->text.view() == text && (before->mode & 07777U) == attributes.mode) return false;
  if (auto written = write_file(path, text, attributes); !written) return std::unexpected{written.error()};
  return true;
}

std::vector<std::string> with_root(const Options& options, std::vector<std::string> arguments) {
  if (!options.root.empty()) arguments.insert(arguments.begin(), "--root=" + options.root);
  return arguments;
}

bool live(const Options& options) { return options.start && options.root.empty(); }

}  // namespace

namespace {

/// Moves the supplicant to the private bus, and starts ours; `changed`: there are files that say so since now.
Result<void> start_units(bool changed, bool was_active) {
  // First of all: as soon as the name is free, NetworkManager has the bus start the supplicant, as its unit says then.
  if (auto done = must({"daemon-reload"}); !done) return done;
  if (changed) {
    static_cast<void>(systemctl({"reload", "dbus.service"}));  // the policy; it may watch its files anyway
    // It gives the name up and comes back on the private bus.
    if (was_active)
      if (auto done = must({"stop", supplicant_unit}); !done) return done;
  }
  if (auto done = must({"start", unit}); !done) return done;
  return was_active ? must({"start", supplicant_unit}) : Result<void>{};
}

}  // namespace

Result<void> enable(const Options& options) {
  const bool was_active = live(options) && is_active(supplicant_unit);
  bool changed = false;
  ::umask(022);  // the folders that systemctl makes are for others to enter, too
  for (const File& file : files) {
    const auto written = write_text(options.root + file.path, file.text);
    if (!written) return std::unexpected{written.error()};
    changed = changed || *written;
  }
  if (auto done = must(with_root(options, {"--no-reload", "enable", unit})); !done) return done;
  if (!live(options)) return {};
  auto started = start_units(changed, was_active);
  if (!started && changed) {
    // Wi-Fi is as it was before; why that failed, too, says less than the first error.
    static_cast<void>(disable(options));
    if (was_active) static_cast<void>(systemctl({"start", supplicant_unit}));
  }
  return started;
}

Result<void> disable(const Options& options) {
  const bool was_active = live(options) && is_active(supplicant_unit);
  bool changed = false;
  static_cast<void>(systemctl(with_root(options, {"--no-reload", "disable", unit})));
  for (const File& file : files) {
    std::error_code error;
    changed = fs::remove(options.root + file.path, error) || changed;
    if (error)
      return fail(error.value(), fmt::format("cannot remove {}{}: {}", options.root, file.path, error.message()));
    if (const fs::path folder = fs::path{options.root + file.path}.parent_path();
        folder.extension() == ".d" && folder.filename() != "system.d")
      fs::remove(folder, error);  // only where it is empty
  }
  if (!live(options)) return {};
  // As above: from here on the supplicant is started as the distribution has it.
  if (auto done = must({"daemon-reload"}); !done) return done;
  static_cast<void>(systemctl({"stop", unit}));
  // Not stop and start: the bus may have been asked for it meanwhile.
  if (changed && was_active)
    if (auto done = must({"restart", supplicant_unit}); !done) return done;
  static_cast<void>(systemctl({"stop", "macsec-nm-bus.socket", "macsec-nm-bus.service"}));
  if (changed) static_cast<void>(systemctl({"reload", "dbus.service"}));
  return {};
}

}  // namespace macsec::nm
