// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/adapters/examination.hpp"

#include <fstream>
#include <iterator>
#include <sstream>

namespace macsec::os {
namespace {

doctor::Interface describe(const Link& link) {
  return {.name = link.name, .kind = link.kind, .up = link.up, .carrier = link.carrier, .mtu = link.mtu};
}

std::optional<doctor::Interface> find(const LinkMonitor& links, unsigned ifindex) {
  const Link* link = ifindex == 0 ? nullptr : links.find(ifindex);
  return link == nullptr ? std::nullopt : std::optional{describe(*link)};
}

/// What is around the parent and on the device.
void look_around(const LinkMonitor& links, const Session& session, doctor::Facts& facts) {
  for (const auto& [ifindex, link] : links.links()) {
    facts.interfaces.push_back(link.name);
    if (session.ifindex() != 0 && link.parent == session.ifindex() && !link.parent_netns)
      facts.above.push_back(describe(link));
  }
  const Link* parent = links.find(facts.profile->link.parent);
  if (parent == nullptr) return;
  facts.parent = describe(*parent);
  facts.master = find(links, parent->master);
  facts.listeners =
      count_listeners(read_kernel_file("/proc/self/net/packet"), facts.profile->mka.ethertype, parent->ifindex);
}

}  // namespace

std::string read_kernel_file(const std::string& path) {
  std::ifstream file{path};
  return {std::istreambuf_iterator<char>{file}, {}};
}

std::size_t count_listeners(std::string_view table, std::uint16_t ethertype, unsigned ifindex) {
  std::istringstream lines{std::string{table}};
  std::string line;
  std::getline(lines, line);  // headings
  std::size_t count = 0;
  // Ours are bound to no interface.
  while (std::getline(lines, line)) {
    std::istringstream words{line};
    std::string socket;
    unsigned references = 0;
    unsigned type = 0;
    unsigned protocol = 0;
    unsigned bound_to = 0;
    if (words >> socket >> references >> type >> std::hex >> protocol >> std::dec >> bound_to &&
        protocol == ethertype && bound_to == ifindex)
      ++count;
  }
  return count;
}

doctor::Facts facts_about(Driver& driver, const Session& session) {
  doctor::Facts facts{.profile = session.shared_profile(),
                      .status = session.status(),
                      .offload = session.offload().mode,
                      .offload_text = session.offload().text,
                      .parent = {},
                      .master = {},
                      .device = {},
                      .above = {},
                      .interfaces = {},
                      .attached = session.ifindex() != 0,
                      .obstacle = session.obstacle(),
                      .frames = {},
                      .wall_clock = std::chrono::duration_cast<std::chrono::seconds>(
                                        std::chrono::system_clock::now().time_since_epoch())
                                        .count()};
  const LinkMonitor& links = driver.links();
  look_around(links, session, facts);
  facts.device = find(links, session.ifindex());
  if (!facts.device)
    if (const Link* other = links.find(facts.profile->link.interface)) facts.device = describe(*other);
  if (const auto counters = session.ifindex() == 0 || !session.offload().counted
                                ? Result<SecyCounters>{fail("nobody counts")}
                                : driver.counters(session))
    facts.frames = doctor::Frames{.received = counters->in_ok,
                                  .late = counters->in_late,
                                  .not_valid = counters->in_not_valid,
                                  .not_using_sa = counters->in_not_using_sa};
  return facts;
}

}  // namespace macsec::os
