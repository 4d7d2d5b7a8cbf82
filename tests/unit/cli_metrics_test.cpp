// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/metrics.hpp"
#include "engine/adapters/netlink/secy_counters.hpp"
#include "engine/core/counters.hpp"

#include <gmock/gmock.h>

namespace macsec::cli {
namespace {

template <typename Table>
void count(bus::Value::Dict& groups, const std::string& group, const Table& table) {
  bus::Value::Dict out;
  const bus::Value one{bus::Value::Data{std::uint64_t{1}}};
  for (const auto& each : table) out.insert_or_assign(std::string{each.name}, one);
  const bus::Value all{bus::Value::Data{out}};
  groups.insert_or_assign(group, all);
}

TEST(Metrics, EveryCounterSaysWhatItCounts) {
  Measured link;
  bus::Value::Dict groups;
  count(groups, "Mka", core::counter_names());
  count(groups, "Supplicant", core::supplicant_counter_names());
  count(groups, "Authenticator", core::authenticator_counter_names());
  for (const std::string group : {"Transmit", "Receive"}) {
    std::vector<os::SecyCounter> rows;
    for (const os::SecyCounter& each : os::secy_counters())
      if (each.group == group) rows.push_back(each);
    count(groups, group, rows);
  }
  link.statistics = bus::Value{bus::Value::Data{groups}};
  bus::RadiusServerInfo server;
  for (const auto& each : core::radius_counter_names()) server.counters.emplace(each.name, 1);
  link.authenticator.emplace().servers.push_back(std::move(server));
  const std::string text = to_openmetrics({&link, 1}, {}, {}, "1");
  EXPECT_THAT(text, testing::HasSubstr("macsec_radius_accounting_timeouts_total"));
  EXPECT_THAT(text, testing::Not(testing::HasSubstr("org.macsecd1(5)")));
}

}  // namespace
}  // namespace macsec::cli
