// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/dbus/hostile.hpp"

#include "dbus/bus/names.hpp"

#include <algorithm>

namespace macsec::test {
namespace {

using namespace bus;

constexpr std::array paths{"/org/macsecd1",
                           "/org/macsecd1/profile/lab",
                           "/org/macsecd1/session/macsec0",
                           "/org/macsecd1/profile/_",
                           "/org/macsecd1/profile/a_2fb",
                           "/",
                           "/org/macsecd1/session/_zz"};
constexpr std::array members{std::pair{bus::interface::manager, "AddProfile"},
                             std::pair{bus::interface::manager, "CheckProfile"},
                             std::pair{bus::interface::profile, "Update"},
                             std::pair{bus::interface::profile, "SetProblems"},
                             std::pair{bus::interface::session, "Suspend"},
                             std::pair{bus::interface::manager, "GetProfile"},
                             std::pair{bus::interface::manager, "GetSessionByName"},
                             std::pair{bus::interface::manager, "GetSessionByIfindex"},
                             std::pair{bus::interface::manager, "GetLinkCapabilities"},
                             std::pair{bus::interface::properties, "Set"},
                             std::pair{bus::interface::properties, "Get"},
                             std::pair{bus::interface::manager, "NoSuchMethod"}};
constexpr std::array words{"Link",      "MACsec",      "MKA",
                           "Key",       "StaticKeys",  "Parent",
                           "Interface", "Ckn",         "Cak",
                           "CakFile",   "Priority",    "CipherSuites",
                           "Salt",      "Lifetime",    "Grace",
                           "Problems",  "Replace",     "file",
                           "memory",    "eth0",        "macsec0",
                           "yes",       "/etc/shadow", "GCM-AES-256",
                           "",          "%n%s",        "..",
                           "lab",       "transmit",    "Direction",
                           "Key",       "Peer",        "02:00:00:00:00:09"};

// NOLINTNEXTLINE(misc-no-recursion): bounded by `depth`
int put_anything(sd_bus_message* message, Decisions& decisions, unsigned depth) {
  switch (depth == 0 ? decisions.below(6) : decisions.below(9)) {
    case 0:
      return put(message, Variant{decisions.text()});
    case 1:
      return put(message, Variant{std::uint32_t{decisions.octet()} << 24U});
    case 2:
      return put(message, Variant{Octets(decisions.octet(), decisions.octet())});
    case 3:
      return put(message, Variant{decisions.below(2) == 1});
    case 4:
      return put(message, Variant{Strings(decisions.below(20), decisions.text())});
    case 5:
      return put(message, Variant{~std::uint64_t{0} >> decisions.below(64)});
    case 6:
      return put(message, Variant{ProblemRows(decisions.octet(), {decisions.text(), "", 1, "", decisions.text()})});
    default: {
      int r = sd_bus_message_open_container(message, 'v', "v");
      if (r >= 0) r = put_anything(message, decisions, depth - 1);
      return r < 0 ? r : sd_bus_message_close_container(message);
    }
  }
}

int put_entries(sd_bus_message* message, Decisions& decisions) {
  int r = sd_bus_message_open_container(message, 'a', "{sv}");
  for (std::size_t left = decisions.below(6); left > 0 && r >= 0; --left) {
    r = sd_bus_message_open_container(message, 'e', "sv");
    if (r >= 0) r = put(message, decisions.text());
    if (r >= 0) r = put_anything(message, decisions, 3);
    if (r >= 0) r = sd_bus_message_close_container(message);
  }
  return r < 0 ? r : sd_bus_message_close_container(message);
}

int put_sections(sd_bus_message* message, Decisions& decisions) {
  int r = sd_bus_message_open_container(message, 'a', "(sa{sv})");
  const std::size_t count = decisions.below(50) == 49 ? 2000 : decisions.below(6);
  for (std::size_t left = count; left > 0 && r >= 0; --left) {
    r = sd_bus_message_open_container(message, 'r', "sa{sv}");
    if (r >= 0) r = put(message, decisions.text());
    if (r >= 0) r = put_entries(message, decisions);
    if (r >= 0) r = sd_bus_message_close_container(message);
  }
  return r < 0 ? r : sd_bus_message_close_container(message);
}

/// The arguments a method wants, filled with nonsense.
int put_expected(sd_bus_message* message, std::string_view member, Decisions& decisions) {
  int r = 0;
  if (member == "AddProfile" || member == "CheckProfile" || member.starts_with("Get"))
    r = put(message, decisions.text());
  if (member == "AddProfile" || member == "CheckProfile" || member == "Update")
    r = r < 0 ? r : put_sections(message, decisions);
  if (member == "AddProfile" || member == "Update") r = r < 0 ? r : put_entries(message, decisions);
  if (member == "SetProblems") r = put(message, ProblemRows(decisions.octet(), {decisions.text(), "", 0, "", ""}));
  if (member == "Suspend") r = put(message, ~std::uint64_t{0} >> decisions.below(64));
  return r;
}

}  // namespace

std::string Decisions::text() {
  switch (below(12)) {
    case 0:
      return below(64) == 63 ? std::string(std::size_t{octet()} * 1024, 'x') : std::string{"x"};
    case 1: {
      std::string out;
      for (std::size_t left = below(40); left > 0; --left) out.push_back(static_cast<char>(1 + below(127)));
      return out;
    }
    default:
      return words.at(below(words.size()));
  }
}

MessagePointer hostile_call(sd_bus* bus, const char* destination, Decisions& decisions) {
  const auto& [interface, member] = members.at(decisions.below(members.size()));
  sd_bus_message* raw = nullptr;
  int r = sd_bus_message_new_method_call(bus, &raw, destination, paths.at(decisions.below(paths.size())), interface,
                                         member);
  MessagePointer message{raw};
  if (decisions.below(4) != 0)
    r = r < 0 ? r : put_expected(raw, member, decisions);
  else
    for (std::size_t left = decisions.below(5); left > 0; --left) r = r < 0 ? r : put_anything(raw, decisions, 20);
  return r < 0 ? nullptr : std::move(message);
}

}  // namespace macsec::test
