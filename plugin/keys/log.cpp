// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin/keys/log.hpp"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <fmt/format.h>
#include <systemd/sd-journal.h>

namespace macsec::keys {
namespace {

/// Journal MESSAGE_ID values by kind; data/macsecd.catalog explains them.
constexpr std::array<std::pair<std::string_view, std::string_view>, 3> message_ids{{
    {"source-failed", "4e1c8f0b6d5a4c53a3a87f2be09d6c11"},
    {"source-back", "a92d3b5ce1f74f0d8b6640c7f3158e27"},
    {"key-mismatch", "73f0d8e2b9c64a1fb5d29e0c48a7163b"},
}};

}  // namespace

void log(int priority, std::string_view kind, const std::string& text) {
  if (std::getenv("JOURNAL_STREAM") == nullptr) {
    fmt::print(stderr, "macsec-keys: {}\n", text);
    return;
  }
  std::string_view id;
  for (const auto& [name, value] : message_ids)
    if (name == kind) id = value;
  if (id.empty())
    sd_journal_send("MESSAGE=%s", text.c_str(), "PRIORITY=%d", priority, nullptr);
  else
    sd_journal_send("MESSAGE=%s", text.c_str(), "PRIORITY=%d", priority, "MESSAGE_ID=%.*s", static_cast<int>(id.size()),
                    id.data(), nullptr);
}

}  // namespace macsec::keys
