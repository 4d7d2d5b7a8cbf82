// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/doctor/doctor.hpp"

#include "engine/doctor/access_port.hpp"
#include "engine/doctor/below.hpp"
#include "engine/doctor/keys.hpp"
#include "engine/doctor/peers.hpp"

#include <algorithm>
#include <iterator>

namespace macsec::doctor {

std::string_view to_string(Gravity gravity) noexcept {
  switch (gravity) {
    case Gravity::fault:
      return "fault";
    case Gravity::warning:
      return "warning";
    case Gravity::remark:
      return "remark";
  }
  return {};
}

void say_advice_once(Finding& finding, const Facts& facts) {
  // The remedy of the finding names the same and more.
  for (const std::string_view lead : {": compare the keys", "; Offload=auto takes"})
    finding.text.resize(std::min(finding.text.find(lead), finding.text.size()));
  for (const std::string_view lead : {": write ", ": take ", ": leave "})
    if (const std::size_t at = finding.text.find(lead); at != std::string::npos) {
      finding.remedy = finding.text.substr(at + 2) + ": " + edit_profile(facts);
      finding.text.resize(at);
    }
}

std::vector<Finding> examine(const Facts& facts) {
  std::vector<Finding> findings = interface_findings(facts);
  // What is below explains why no peer is there; a second cause beside it would only distract.
  if (findings.empty()) findings = key_findings(facts);
  if (findings.empty()) findings = admission_findings(facts);
  if (findings.empty()) findings = peer_findings(facts);
  // What the port tells of keys that come and go is what two programs on one interface do to each other.
  std::ranges::move(rival_findings(facts), std::inserter(findings, findings.begin()));
  std::ranges::move(access_warnings(facts), std::back_inserter(findings));
  std::ranges::move(lifetime_findings(facts), std::back_inserter(findings));
  std::ranges::move(surrounding_findings(facts), std::back_inserter(findings));
  std::ranges::stable_sort(findings, {}, &Finding::gravity);
  return findings;
}

}  // namespace macsec::doctor
