// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/core/pae/failed_authentication.hpp"

namespace macsec::core {

bool is_own_problem(EapProblem problem) noexcept {
  return problem == EapProblem::profile || problem == EapProblem::legacy_provider || problem == EapProblem::internal;
}

bool is_refusal(const EapVerdict& verdict) noexcept {
  return verdict.stage == EapStage::client_certificate || verdict.stage == EapStage::inner ||
         verdict.problem == EapProblem::client_certificate ||
         verdict.problem == EapProblem::client_certificate_expired || verdict.problem == EapProblem::password ||
         verdict.problem == EapProblem::account;
}

EapVerdict no_answer(bool of_worker) {
  EapVerdict verdict;
  verdict.problem = of_worker ? EapProblem::internal : EapProblem::timeout;
  verdict.words = of_worker ? "macsec-eap has not answered for 30 s" : "the other end stopped asking for 30 s";
  return verdict;
}

EapVerdict too_long() {
  EapVerdict verdict;
  verdict.stage = EapStage::method;
  verdict.problem = EapProblem::malformed;
  verdict.words = "the other end came to no end in 100 requests";
  return verdict;
}

void count_failure(SupplicantCounters& counters, EapStage stage) noexcept {
  switch (stage) {
    case EapStage::identity:
      ++counters.failures_identity;
      break;
    case EapStage::method:
      ++counters.failures_method;
      break;
    case EapStage::handshake:
      ++counters.failures_handshake;
      break;
    case EapStage::server_certificate:
      ++counters.failures_server_certificate;
      break;
    case EapStage::client_certificate:
      ++counters.failures_client_certificate;
      break;
    case EapStage::inner:
      ++counters.failures_inner;
      break;
    case EapStage::confirmation:
    case EapStage::success:
      ++counters.failures_confirmation;
      break;
  }
}

}  // namespace macsec::core
