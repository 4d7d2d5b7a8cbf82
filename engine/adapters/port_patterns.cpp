// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/adapters/port_patterns.hpp"

#include <algorithm>

namespace macsec::os {

void PortPatterns::configure(const std::vector<ProfilePointer>& wanted, const std::vector<IdleProfile>& idle,
                             const std::map<unsigned, Link>& links) {
  changed_ = false;
  plain_.clear();
  patterns_.clear();
  named_.clear();
  taken_.clear();
  for (const ProfilePointer& profile : wanted) {
    (is_pattern(profile->link.parent) ? patterns_ : plain_).push_back(profile);
    reserve(profile->name, profile->link.parent);
  }
  for (const IdleProfile& profile : idle) reserve(profile.name, profile.parent);
  std::erase_if(down_, [this](const auto& port) {
    return std::ranges::none_of(patterns_, [&port](const auto& pattern) { return pattern->name == port.second; });
  });
  // Without the '*' the longest pattern has the longest literal.
  std::ranges::sort(patterns_, [](const ProfilePointer& left, const ProfilePointer& right) {
    return std::pair{right->link.parent.size(), std::string_view{left->name}} <
           std::pair{left->link.parent.size(), std::string_view{right->name}};
  });
  std::erase_if(ports_, [&links](const auto& port) { return !links.contains(port.first); });
  for (const auto& [ifindex, link] : links) static_cast<void>(place(link));
}

void PortPatterns::reserve(const std::string& name, const std::string& parent) {
  taken_.insert(name);
  if (!is_pattern(parent)) named_.insert(parent);
}

void PortPatterns::set_down(const Profile& port, bool down) {
  if (port.pattern.empty()) return;
  if (down)
    down_.insert_or_assign(port.name, port.pattern);
  else
    down_.erase(port.name);
}

bool PortPatterns::on_link_change(const LinkChange& change) {
  const Link& link = change.link;
  const bool same = change.kind == LinkChange::Kind::changed && change.before->name == link.name &&
                    change.before->alternative_names == link.alternative_names;
  if (same) return false;
  const bool other = change.kind == LinkChange::Kind::removed ? ports_.erase(link.ifindex) != 0 : place(link);
  changed_ = changed_ || other;
  return other;
}

PortPatterns::Problem PortPatterns::problem_of(const Profile& profile, std::string why) {
  return {.profile = configured_name(profile),
          .text = profile.pattern.empty() ? std::move(why) : profile.link.parent + ": " + why};
}

/// MACsec runs on Ethernet, and never on what it makes itself.
bool PortPatterns::may_be_port(const Link& link) const {
  if (!link.ethernet || link.kind == "macsec" || named_.contains(link.name)) return false;
  return std::ranges::none_of(link.alternative_names,
                              [this](const std::string& name) { return named_.contains(name); });
}

bool PortPatterns::place(const Link& link) {
  const auto at = ports_.find(link.ifindex);
  Port port{.name = link.name, .pattern = nullptr, .profile = nullptr, .problems = {}};
  for (const ProfilePointer& pattern : patterns_) {
    if (!match_pattern(pattern->link.parent, link.name) || !may_be_port(link)) continue;
    if (port.pattern == nullptr)
      port.pattern = pattern;
    else if (pattern->link.parent.size() == port.pattern->link.parent.size())
      port.problems.push_back({.profile = pattern->name,
                               .text = "ports of profile " + port.pattern->name + ", whose Parent=" +
                                       port.pattern->link.parent + " is as long and whose name is the first",
                               .error = false});
  }
  if (port.pattern == nullptr) {
    if (at == ports_.end()) return false;
    ports_.erase(at);
    return true;
  }
  const bool same = at != ports_.end() && at->second.name == port.name && at->second.pattern == port.pattern;
  const std::string& profile = port.pattern->name;
  if (taken_.contains(profile + "@" + link.name)) {
    port.problems.push_back({.profile = profile, .text = "another profile has the name of the port already"});
  } else if (same && at->second.profile != nullptr) {
    port.profile = at->second.profile;
  } else if (Result<ProfilePointer> made = port_profile(*port.pattern, link.name); made) {
    port.profile = std::move(*made);
  } else {
    port.problems.push_back({.profile = profile, .text = std::move(made.error().message)});
  }
  ports_.insert_or_assign(link.ifindex, std::move(port));
  return true;
}

std::vector<ProfilePointer> PortPatterns::profiles() const {
  std::vector<ProfilePointer> out = plain_;
  for (const auto& [ifindex, port] : ports_)
    if (port.profile != nullptr) out.push_back(port.profile);
  return out;
}

std::vector<PortPatterns::Problem> PortPatterns::problems() const {
  constexpr std::size_t most_names = 8;
  std::map<Problem, std::vector<std::string_view>> names;
  for (const auto& [ifindex, port] : ports_)
    for (const Problem& problem : port.problems) names[problem].push_back(port.name);
  std::vector<Problem> out;
  for (const auto& [problem, interfaces] : names) {
    Problem& one =
        out.emplace_back(Problem{.profile = std::string{problem.profile}, .text = {}, .error = problem.error});
    for (std::size_t i = 0; i < std::min(interfaces.size(), most_names); ++i)
      one.text.append(i == 0 ? "" : ", ").append(interfaces[i]);
    if (interfaces.size() > most_names)
      one.text.append(" and ").append(std::to_string(interfaces.size() - most_names)).append(" more");
    one.text.append(": ").append(problem.text);
  }
  return out;
}

}  // namespace macsec::os
