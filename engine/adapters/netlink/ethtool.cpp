// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/adapters/netlink/ethtool.hpp"

#include "engine/base/handle.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

namespace macsec::os {
namespace {

/// Asks the driver of one interface.
class Ethtool {
 public:
  // Any socket takes this ioctl; with this family the service needs no Internet sockets.
  explicit Ethtool(const std::string& interface) : socket_{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)} {
    interface.copy(argument_.ifr_name, IFNAMSIZ - 1);
  }
  bool ask(void* request) {
    argument_.ifr_data = static_cast<char*>(request);
    return ::ioctl(socket_.get(), SIOCETHTOOL, &argument_) == 0;
  }

 private:
  FileDescriptor socket_;
  ifreq argument_{};
};

}  // namespace

bool has_feature(const std::string& interface, std::string_view feature) {
  Ethtool ethtool{interface};
  alignas(ethtool_sset_info) std::array<std::byte, sizeof(ethtool_sset_info) + sizeof(std::uint32_t)> room{};
  auto& set = *reinterpret_cast<ethtool_sset_info*>(room.data());
  set.cmd = ETHTOOL_GSSET_INFO;
  set.sset_mask = 1ULL << ETH_SS_FEATURES;
  if (!ethtool.ask(room.data()) || set.sset_mask == 0 || set.data[0] == 0) return false;

  const std::size_t count = set.data[0];
  std::vector<std::uint32_t> names((sizeof(ethtool_gstrings) + count * ETH_GSTRING_LEN) / sizeof(std::uint32_t) + 1);
  auto* const strings = reinterpret_cast<ethtool_gstrings*>(names.data());
  strings->cmd = ETHTOOL_GSTRINGS;
  strings->string_set = ETH_SS_FEATURES;
  strings->len = static_cast<std::uint32_t>(count);
  if (!ethtool.ask(strings)) return false;

  const std::size_t blocks = (count + 31) / 32;
  std::vector<std::uint32_t> bits((sizeof(ethtool_gfeatures) + blocks * sizeof(ethtool_get_features_block)) /
                                  sizeof(std::uint32_t));
  auto* const features = reinterpret_cast<ethtool_gfeatures*>(bits.data());
  features->cmd = ETHTOOL_GFEATURES;
  features->size = static_cast<std::uint32_t>(blocks);
  if (!ethtool.ask(features)) return false;
  for (std::size_t i = 0; i < count; ++i) {
    const char* const name = reinterpret_cast<const char*>(strings->data) + i * ETH_GSTRING_LEN;
    if (std::string_view{name, ::strnlen(name, ETH_GSTRING_LEN)} == feature)
      return (features->features[i / 32].active >> (i % 32) & 1U) != 0;
  }
  return false;
}

std::string driver_name(const std::string& interface) {
  ethtool_drvinfo info{};
  info.cmd = ETHTOOL_GDRVINFO;
  if (!Ethtool{interface}.ask(&info)) return {};
  return {info.driver, ::strnlen(info.driver, sizeof(info.driver))};
}

std::string phy_driver_name(const std::string& interface) {
  std::array<char, 512> target{};
  const ssize_t size =
      ::readlink(("/sys/class/net/" + interface + "/phydev/driver").c_str(), target.data(), target.size());
  if (size <= 0) return {};
  const std::string_view path{target.data(), static_cast<std::size_t>(size)};
  return std::string{path.substr(path.rfind('/') + 1)};
}

}  // namespace macsec::os
