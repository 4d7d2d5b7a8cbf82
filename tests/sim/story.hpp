// SPDX-License-Identifier: LGPL-2.1-or-later
/// What happens on a LAN as text for a person: one line a frame or a step, names instead of random identifiers.
#pragma once

#include "engine/wire/mkpdu.hpp"
#include "tests/sim/virtual_lan.hpp"

#include <map>

namespace macsec::sim {

/// Listens to `lan` for as long as it lives. Times count from its making, in seconds.
class Story {
 public:
  explicit Story(VirtualLan& lan);
  Story(const Story&) = delete;
  Story& operator=(const Story&) = delete;
  ~Story();

  /// A line of the teller, between what happens.
  void say(std::string_view what);
  /// `name` stands for `ckn` from here on.
  void call(const Ckn& ckn, std::string_view name);
  [[nodiscard]] const std::string& text() const noexcept { return text_; }

 private:
  void line(std::string_view who, const std::string& what);
  void frame(Index from, Bytes octets);
  [[nodiscard]] std::string name(const MemberId& mi) const;
  [[nodiscard]] std::string name(const KeyId& key) const;
  [[nodiscard]] std::string list(const PeerListView& peers) const;
  [[nodiscard]] std::string slot(const SakUseKey& use) const;
  void meet(Index from, const MemberId& mi);
  /// Identifiers in the words of the engine give way to names.
  [[nodiscard]] std::string renamed(std::string text) const;

  VirtualLan& lan_;
  Instant began_;
  std::map<MemberId, std::string> members_;
  std::map<Index, unsigned> identities_;
  std::map<std::string, std::string> names_;  ///< as the engine writes it, to what it is called here
  std::string text_;
};

}  // namespace macsec::sim
