// SPDX-License-Identifier: LGPL-2.1-or-later
/// Reads a message between the daemon and macsec-eap and its body as each kind's: what was read must be written the same.
#include <algorithm>
#include <cstdlib>

#include "engine/config/eap_profile.hpp"
#include "engine/wire/eap_worker.hpp"

namespace {

using namespace macsec;

void require_same(const WipedBuffer& written, Bytes read) {
  if (!std::ranges::equal(written.octets(), read)) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes octets{data, size};
  const std::optional<WorkerMessage> message = read_worker_message(octets);
  if (!message) return 0;
  require_same(write_worker_message(*message), octets);
  const Bytes body = message->body;
  if (const std::optional<WorkerBegin> begin = read_worker_begin(body)) require_same(write_worker_begin(*begin), body);
  if (const std::optional<EapVerdict> verdict = read_eap_verdict(body)) require_same(write_eap_verdict(*verdict), body);
  if (const std::optional<WorkerSuccess> success = read_worker_success(body))
    require_same(write_worker_success(*success), body);
  if (const std::optional<EapProfile> profile = read_eap_profile(body)) require_same(write_eap_profile(*profile), body);
  return 0;
}
