// SPDX-License-Identifier: LGPL-2.1-or-later
/// explore [--states N] [--check N] [--root NAME]: every interleaving of deliveries, losses, time-outs, crashes, rekeys and leaves of two and three
/// members, the shortest first, until N states were seen of each root (50,000). Each is reached by replay of the steps that lead there.
/// Of every N-th (20) it is tried whether a quiet network recovers. Exit status 1 where an invariant was violated; the steps are printed.
#include "engine/base/text.hpp"
#include "tests/explore/group.hpp"

#include <cstdio>
#include <memory>
#include <unordered_set>

namespace macsec::explore {
namespace {

constexpr std::array roots{
    Root{.name = "two-starting", .members = 2, .suite = CipherSuite::gcm_aes_128, .secured = false},
    Root{.name = "two-secured", .members = 2, .suite = CipherSuite::gcm_aes_xpn_128, .secured = true},
    Root{.name = "three-starting", .members = 3, .suite = CipherSuite::gcm_aes_xpn_128, .secured = false},
    Root{.name = "three-secured", .members = 3, .suite = CipherSuite::gcm_aes_128, .secured = true},
};

struct Options {
  std::uint64_t states = 50'000;
  std::uint64_t check = 20;
  std::string_view root;
};

/// A state: the step that leads there from the one before.
struct Node {
  std::uint32_t before = 0;
  Step step{};
};

class Search {
 public:
  Search(const Root& root, const Options& options) : root_{root}, options_{options} {}

  /// False where an invariant was violated.
  bool run() {
    seen_.insert(replay({})->fingerprint());
    nodes_.push_back({});
    bool good = true;
    for (std::uint32_t at = 0; good && at < nodes_.size() && seen_.size() < options_.states; ++at) good = expand(at);
    std::printf("%s: %zu states, %llu steps taken, up to %zu from the start; recovery tried of %llu\n", root_.name,
                seen_.size(), static_cast<unsigned long long>(steps_), path_to(nodes_.size() - 1).size(),
                static_cast<unsigned long long>(checked_));
    return good;
  }

 private:
  bool expand(std::uint32_t at) {
    const std::vector<Step> path = path_to(at);
    auto group = replay(path);
    for (const Step& step : group->possible()) {
      if (!group) group = replay(path);
      const bool good = look_at(*group, at, step);
      group.reset();
      if (!good) return false;
    }
    return true;
  }

  bool look_at(Group& group, std::uint32_t before, const Step& step) {
    group.take(step);
    group.judge();
    ++steps_;
    if (!group.report().empty()) return complain(before, step, group.report());
    if (!seen_.insert(group.fingerprint()).second) return true;
    nodes_.push_back({.before = before, .step = step});
    if (seen_.size() % options_.check != 0) return true;
    ++checked_;
    if (group.recovers()) return true;
    return complain(before, step, group.report() + "a quiet network does not recover: " + group.why_unsecured() + "\n");
  }

  std::unique_ptr<Group> replay(const std::vector<Step>& path) {
    auto group = std::make_unique<Group>(root_);
    for (const Step& step : path) group->take(step);
    steps_ += path.size();
    return group;
  }

  [[nodiscard]] std::vector<Step> path_to(std::size_t at) const {
    std::vector<Step> path;
    for (; at != 0; at = nodes_[at].before) path.push_back(nodes_[at].step);
    std::ranges::reverse(path);
    return path;
  }

  bool complain(std::uint32_t before, const Step& last, const std::string& what) const {
    std::printf("%s: FAILED after", root_.name);
    for (const Step& step : path_to(before)) std::printf(" %s,", to_string(step).c_str());
    std::printf(" %s:\n%s", to_string(last).c_str(), what.c_str());
    return false;
  }

  const Root& root_;
  const Options& options_;
  std::unordered_set<std::uint64_t> seen_;
  std::vector<Node> nodes_;
  std::uint64_t steps_ = 0;
  std::uint64_t checked_ = 0;
};

bool parse(std::span<char*> arguments, Options& options) {
  for (std::size_t i = 0; i < arguments.size(); i += 2) {
    if (i + 1 == arguments.size()) return false;
    const std::string_view name = arguments[i];
    const std::string_view text = arguments[i + 1];
    if (name == "--root") {
      options.root = text;
      continue;
    }
    const auto value = parse_unsigned(text, UINT32_MAX);
    if (!value || *value == 0 || (name != "--states" && name != "--check")) return false;
    (name == "--states" ? options.states : options.check) = *value;
  }
  return options.root.empty() ||
         std::ranges::any_of(roots, [&](const Root& root) { return root.name == options.root; });
}

}  // namespace
}  // namespace macsec::explore

int main(int argc, char** argv) {
  using namespace macsec::explore;
  Options options;
  if (!parse(std::span{argv, static_cast<std::size_t>(argc)}.subspan(1), options)) {
    std::fprintf(stderr, "usage: explore [--states N] [--check N] [--root NAME]; roots:");
    for (const Root& root : roots) std::fprintf(stderr, " %s", root.name);
    std::fprintf(stderr, "\n");
    return 2;
  }
  bool good = true;
  for (const Root& root : roots)
    if (options.root.empty() || options.root == root.name) good = Search{root, options}.run() && good;
  return good ? 0 : 1;
}
