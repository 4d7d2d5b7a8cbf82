// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin/networkd/links.hpp"

namespace macsec::networkd {

Result<std::unique_ptr<Links>> Links::open(sd_event* event, std::function<void()> changed) {
  std::unique_ptr<Links> links{new Links{std::move(changed)}};
  LinkEvents::Callbacks callbacks;
  callbacks.changed = [self = links.get()](const LinkFacts& link) {
    LinkFacts& known = self->links_[link.ifindex];
    if (known == link) return;
    known = link;
    self->changed_();
  };
  callbacks.gone = [self = links.get()](unsigned ifindex) {
    if (self->links_.erase(ifindex) != 0) self->changed_();
  };
  callbacks.all = [self = links.get()](const std::vector<LinkFacts>& all) {
    self->replace(all);
    self->changed_();
  };
  auto events = LinkEvents::open(event, std::move(callbacks));
  if (!events) return std::unexpected{events.error()};
  links->events_ = std::move(*events);
  const auto all = read_links();
  if (!all) return std::unexpected{all.error()};
  links->replace(*all);
  return links;
}

void Links::replace(const std::vector<LinkFacts>& links) {
  links_.clear();
  for (const LinkFacts& link : links) links_.emplace(link.ifindex, link);
}

std::string Links::parent_of(const std::string& name) const {
  for (const auto& [ifindex, link] : links_) {
    if (link.name != name || !link.is_macsec) continue;
    const auto parent = links_.find(link.parent);
    return parent == links_.end() ? std::string{} : parent->second.name;
  }
  return {};
}

}  // namespace macsec::networkd
