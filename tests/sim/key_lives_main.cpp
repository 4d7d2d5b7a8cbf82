// SPDX-License-Identifier: LGPL-2.1-or-later
/// sim-key-lives FIRST COUNT [SECONDS]: random lives of keys, one a seed.
/// Exit status 1 where an invariant was violated; the seed's frames and steps are then in key-life-N.pcap and .trace.
#include "engine/base/text.hpp"
#include "tests/sim/key_life.hpp"

#include <cstdio>

namespace {

using Count = unsigned long long;

std::uint64_t number(const char* text) { return macsec::parse_unsigned(text, UINT64_MAX).value_or(0); }

}  // namespace

int main(int argc, char** argv) {
  using namespace macsec::sim;
  const std::uint64_t first = argc > 2 ? number(argv[1]) : 0;
  const std::uint64_t count = argc > 2 ? number(argv[2]) : 0;
  const std::uint64_t seconds = argc > 3 ? number(argv[3]) : 1800;
  if (first == 0 || count == 0 || seconds == 0) {
    std::fprintf(stderr, "usage: sim-key-lives FIRST COUNT [SECONDS]\n");
    return 2;
  }
  std::uint64_t failed = 0;
  std::uint64_t additions = 0;
  std::uint64_t retirements = 0;
  std::uint64_t steps = 0;
  std::uint64_t crashes = 0;
  std::uint64_t rescues = 0;
  std::uint64_t delivered = 0;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    KeyLife life{seed};
    const bool good = life.run(static_cast<Instant>(seconds) * second);
    additions += life.additions();
    retirements += life.retirements();
    steps += life.steps();
    crashes += life.crashes();
    rescues += life.rescues();
    delivered += life.traffic().delivered;
    if (good) continue;
    ++failed;
    const std::string prefix = "key-life-" + std::to_string(seed);
    life.write(prefix);
    std::printf("seed %llu FAILED (%s):\n%sframes in %s.pcap, steps in %s.trace\n", static_cast<Count>(seed),
                life.description().c_str(), life.report().c_str(), prefix.c_str(), prefix.c_str());
  }
  std::printf(
      "%llu seeds from %llu, %llu failed; %llu keys added, %llu retired, %llu steps of clocks, %llu crashes, %llu "
      "rescues; "
      "%llu user frames\n",
      static_cast<Count>(count), static_cast<Count>(first), static_cast<Count>(failed), static_cast<Count>(additions),
      static_cast<Count>(retirements), static_cast<Count>(steps), static_cast<Count>(crashes),
      static_cast<Count>(rescues), static_cast<Count>(delivered));
  return failed == 0 ? 0 : 1;
}
