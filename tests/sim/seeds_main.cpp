// SPDX-License-Identifier: LGPL-2.1-or-later
/// sim-seeds [--eap] --first N --count N [--seconds N] [--keep-going] [--verbose]: random scenarios, one a seed: of a group with a key,
/// or of a host and its access port.
/// Exit status 1 where an invariant was violated; the seed's frames and steps are then in sim-seed-N.pcap and .trace.
#include "engine/base/text.hpp"
#include "tests/sim/eap_life.hpp"
#include "tests/sim/scenario.hpp"

#include <algorithm>
#include <cstdio>
#include <cstring>

namespace {

struct Options {
  std::uint64_t first = 1;
  std::uint64_t count = 10;
  std::uint64_t seconds = 3600;
  bool eap = false;
  bool keep_going = false;
  bool verbose = false;
};

bool parse(int argc, char** argv, Options& options) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument == "--eap") {
      options.eap = true;
    } else if (argument == "--keep-going") {
      options.keep_going = true;
    } else if (argument == "--verbose") {
      options.verbose = true;
    } else if (i + 1 < argc && (argument == "--first" || argument == "--count" || argument == "--seconds")) {
      const auto value = macsec::parse_unsigned(argv[++i], UINT64_MAX);
      if (!value) return false;
      (argument == "--first" ? options.first : argument == "--count" ? options.count : options.seconds) = *value;
    } else {
      return false;
    }
  }
  return true;
}

template <typename Life>
int live(const Options& options) {
  using namespace macsec::sim;
  std::uint64_t failed = 0;
  std::uint64_t keys = 0;
  std::uint64_t faults = 0;
  std::uint64_t mkpdus = 0;
  Traffic traffic;
  Instant slowest = 0;
  for (std::uint64_t seed = options.first; seed < options.first + options.count; ++seed) {
    Life scenario{seed};
    const bool good = scenario.run(static_cast<Instant>(options.seconds) * second);
    if (options.verbose)
      std::printf("seed %llu: %s, %llu keys, %llu faults, slowest %lld ms\n", static_cast<unsigned long long>(seed),
                  scenario.description().c_str(), static_cast<unsigned long long>(scenario.keys()),
                  static_cast<unsigned long long>(scenario.faults()),
                  static_cast<long long>(scenario.slowest_convergence() / millisecond));
    keys += scenario.keys();
    faults += scenario.faults();
    mkpdus += scenario.mkpdus();
    traffic += scenario.calm_traffic();
    slowest = std::max(slowest, scenario.slowest_convergence());
    if (good) continue;
    ++failed;
    const std::string prefix = std::string{options.eap ? "sim-eap-seed-" : "sim-seed-"} + std::to_string(seed);
    scenario.write(prefix);
    std::printf("seed %llu FAILED (%s):\n%sframes in %s.pcap, steps in %s.trace\n",
                static_cast<unsigned long long>(seed), scenario.description().c_str(), scenario.report().c_str(),
                prefix.c_str(), prefix.c_str());
    if (!options.keep_going) break;
  }
  std::printf(
      "%llu seeds from %llu, %llu failed; %llu faults, %llu keys, %llu MKPDUs; in peace %llu user frames, %llu lost; "
      "slowest "
      "return %lld ms\n",
      static_cast<unsigned long long>(options.count), static_cast<unsigned long long>(options.first),
      static_cast<unsigned long long>(failed), static_cast<unsigned long long>(faults),
      static_cast<unsigned long long>(keys), static_cast<unsigned long long>(mkpdus),
      static_cast<unsigned long long>(traffic.delivered), static_cast<unsigned long long>(traffic.lost()),
      static_cast<long long>(slowest / millisecond));
  return failed == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  if (!parse(argc, argv, options)) {
    std::fprintf(stderr, "usage: sim-seeds [--eap] --first N --count N [--seconds N] [--keep-going] [--verbose]\n");
    return 2;
  }
  return options.eap ? live<macsec::sim::EapLife>(options) : live<macsec::sim::Scenario>(options);
}
