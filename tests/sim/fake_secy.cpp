// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/sim/fake_secy.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace macsec::sim {

std::optional<Error> FakeSecy::refuse(SecyCall call, std::string_view name) {
  ++calls_;
  spent_ += cost_;
  for (auto it = failures_.begin(); it != failures_.end(); ++it) {
    if (it->call != SecyCall::any && it->call != call) continue;
    if (it->after > 0) {
      --it->after;
      continue;
    }
    const int error = it->error;
    if (--it->count == 0) failures_.erase(it);
    world_.note(member_, "SecY refuses", name);
    // What could not be deleted at once may stay for a while.
    excused_until_ = world_.now + 15 * second;
    return Error{error, "cannot " + std::string{name} + ": " + std::strerror(error)};
  }
  return {};
}

void FakeSecy::fail_calls(SecyCall call, int error, unsigned count, unsigned after) noexcept {
  failures_.push_back({.call = call, .error = error, .count = count, .after = after});
}

FakeSecy::ReceiveSc* FakeSecy::find(const Sci& sci) noexcept {
  for (ReceiveSc& sc : receive_)
    if (sc.sci == sci) return &sc;
  return nullptr;
}

const FakeSecy::ReceiveSc* FakeSecy::find(const Sci& sci) const noexcept {
  for (const ReceiveSc& sc : receive_)
    if (sc.sci == sci) return &sc;
  return nullptr;
}

std::size_t FakeSecy::association_count() const noexcept {
  const auto present = [](const Sa& sa) { return sa.present; };
  auto count = std::ranges::count_if(transmit_, present);
  for (const ReceiveSc& sc : receive_) count += std::ranges::count_if(sc.sa, present);
  return static_cast<std::size_t>(count);
}

Result<void> FakeSecy::select_cipher_suite(CipherSuite suite) {
  if (auto error = refuse(SecyCall::select_cipher_suite, "select cipher suite")) return std::unexpected{*error};
  if (suite == suite_) return {};
  if (adopted_)
    return fail(EOPNOTSUPP,
                "the device has " + std::string{to_string(suite_)} + ", wanted " + std::string{to_string(suite)});
  if (association_count() > 0) return fail(EBUSY, "cannot make the device anew: it holds keys");
  suite_ = suite;
  receive_.clear();
  encoding_ = An{};
  // What is installed in the new device is not what the one before was told to send with.
  switched_ = false;
  parameters_ = SecyParameters{};
  port_ = ControlledPort::dormant;
  return {};
}

Result<void> FakeSecy::configure(const SecyParameters& parameters) {
  if (auto error = refuse(SecyCall::configure, "configure")) return std::unexpected{*error};
  if (must_secure_ && !parameters.protect) world_.violate(member_, "protect off while must-secure");
  if (must_secure_ && parameters.validate == Validate::disabled)
    world_.violate(member_, "validate disabled while must-secure");
  if (parameters.replay_window >= 1U << 30U) return fail(EINVAL, "cannot set the replay window: Invalid argument");
  parameters_ = parameters;
  return {};
}

Result<void> FakeSecy::set_controlled_port(ControlledPort state) {
  if (auto error = refuse(SecyCall::set_controlled_port, "set the operational state")) return std::unexpected{*error};
  port_ = state;
  return {};
}

Result<void> FakeSecy::create_receive_sc(const Sci& sci) {
  if (auto error = refuse(SecyCall::create_receive_sc, "create a receive SC")) return std::unexpected{*error};
  if (sci == sci_) world_.violate(member_, "receive SC with our own SCI");
  if (find(sci) == nullptr) receive_.push_back({.sci = sci, .sa = {}});
  return {};
}

Pn FakeSecy::lowest(const Sa& sa) const noexcept {
  return sa.next_pn > parameters_.replay_window ? sa.next_pn - parameters_.replay_window : 1;
}

void FakeSecy::forget(ReceiveSc& sc, Sa& sa) {
  if (sa.present) world_.receive_reached(member_, sa.key, sc.sci, lowest(sa));
  sa = Sa{};
}

Result<void> FakeSecy::delete_receive_sc(const Sci& sci) {
  if (auto error = refuse(SecyCall::delete_receive_sc, "delete a receive SC")) return std::unexpected{*error};
  if (ReceiveSc* sc = find(sci)) {
    for (Sa& sa : sc->sa) forget(*sc, sa);
    std::erase_if(receive_, [&](const ReceiveSc& each) { return each.sci == sci; });
  }
  return {};
}

FakeSecy::Sa FakeSecy::make(const SaKey& key, Ssci ssci, Pn next_pn) {
  if (key.key.size() != sak_size(suite_))
    world_.violate(member_,
                   "SAK of " + std::to_string(key.key.size()) + " octets for " + std::string{to_string(suite_)});
  if (is_xpn(suite_) != (ssci != 0))
    world_.violate(member_, "SSCI where the cipher suite has none, or the other way round");
  return {.present = true,
          .active = true,
          .id = key.id,
          .key = world_.learn_key(member_, key.key.expose(), key.id),
          .salt = is_xpn(suite_) ? key.salt : Salt{},
          .ssci = ssci,
          .next_pn = next_pn};
}

Result<void> FakeSecy::install_receive_sa(const Sci& sci, An an, const SaKey& key, Pn lowest_pn, Ssci ssci) {
  if (auto error = refuse(SecyCall::install_receive_sa, "install a receive SA")) return std::unexpected{*error};
  ReceiveSc* sc = find(sci);
  if (sc == nullptr) return fail(ENODEV, "cannot install a receive SA: no such SC");
  Sa& sa = sc->sa[an.value()];
  if (sa.present) {
    world_.violate(member_, "receive SA installed on AN " + std::to_string(an.value()) + " in use");
    return fail(EBUSY, "cannot install a receive SA: Device or resource busy");
  }
  sa = make(key, ssci, lowest_pn <= 1 ? 1 : lowest_pn + parameters_.replay_window);
  world_.receive_installed(member_, sa.key, sci, ssci, sa.salt, lowest(sa));
  return {};
}

Result<void> FakeSecy::delete_receive_sa(const Sci& sci, An an) {
  if (auto error = refuse(SecyCall::delete_receive_sa, "delete a receive SA")) return std::unexpected{*error};
  if (ReceiveSc* sc = find(sci)) forget(*sc, sc->sa[an.value()]);
  return {};
}

Result<void> FakeSecy::raise_lowest_pn(const Sci& sci, An an, Pn lowest_pn) {
  if (auto error = refuse(SecyCall::raise_lowest_pn, "raise the lowest PN")) return std::unexpected{*error};
  ReceiveSc* sc = find(sci);
  if (sc == nullptr || !sc->sa[an.value()].present) return fail(ENODEV, "cannot raise the lowest PN: no such SA");
  Sa& sa = sc->sa[an.value()];
  if (lowest_pn > lowest(sa)) sa.next_pn = lowest_pn + parameters_.replay_window;
  return {};
}

Result<void> FakeSecy::install_transmit_sa(An an, const SaKey& key, Ssci ssci) {
  if (auto error = refuse(SecyCall::install_transmit_sa, "install a transmit SA")) return std::unexpected{*error};
  Sa& sa = transmit_[an.value()];
  if (sa.present) {
    world_.violate(member_, "transmit SA installed on AN " + std::to_string(an.value()) + " in use");
    return fail(EBUSY, "cannot install a transmit SA: Device or resource busy");
  }
  sa = make(key, ssci, 1);
  world_.transmit_installed(member_, sa.key, sci_, ssci, sa.salt);
  return {};
}

Result<void> FakeSecy::transmit_with(An an) {
  if (auto error = refuse(SecyCall::transmit_with, "set the encoding SA")) {
    if (half_way_) keep_only(an);
    return std::unexpected{*error};
  }
  const Sa& sa = transmit_[an.value()];
  if (!sa.present) {
    world_.violate(member_, "told to transmit with an AN that holds no key");
    return fail(EINVAL, "cannot set the encoding SA: it does not exist");
  }
  if (encoding_key() != sa.key) {
    if (port_ == ControlledPort::up && !last_before_) last_before_ = send();
    switched_ = true;
  }
  encoding_ = an;
  return {};
}

void FakeSecy::keep_only(An an) {
  for (unsigned other = 0; other < transmit_.size(); ++other) {
    if (An{other} == an) continue;
    transmit_[other] = Sa{};
    for (ReceiveSc& sc : receive_) sc.sa[other] = Sa{};
  }
}

Result<void> FakeSecy::delete_transmit_sa(An an) {
  if (auto error = refuse(SecyCall::delete_transmit_sa, "delete a transmit SA")) return std::unexpected{*error};
  transmit_[an.value()] = Sa{};
  return {};
}

SaState FakeSecy::state(std::size_t an, const Sa& sa) const {
  return {.an = An{static_cast<unsigned>(an)},
          .active = sa.active,
          .key = sa.id,
          .next_pn = traits_.transmit_pn_readable ? sa.next_pn : 1,
          .ssci = sa.ssci};
}

Result<SecyState> FakeSecy::read() {
  if (auto error = refuse(SecyCall::read, "read the device")) return std::unexpected{*error};
  SecyState out;
  out.sci = sci_;
  out.cipher_suite = suite_;
  out.parameters = parameters_;
  out.encoding = encoding_;
  out.offload = offload_;
  for (std::size_t an = 0; an < 4; ++an)
    if (transmit_[an].present) out.transmit.push_back(state(an, transmit_[an]));
  out.receive.reserve(receive_.size());
  for (const ReceiveSc& sc : receive_) {
    ReceiveScState& to = out.receive.emplace_back();
    to.sci = sc.sci;
    for (std::size_t an = 0; an < 4; ++an)
      if (sc.sa[an].present) to.associations.push_back(state(an, sc.sa[an]));
  }
  return out;
}

void FakeSecy::reboot() {
  for (ReceiveSc& sc : receive_)
    for (Sa& sa : sc.sa) forget(sc, sa);
  receive_.clear();
  transmit_ = {};
  encoding_ = An{};
  parameters_ = SecyParameters{};
  if (!adopted_) suite_ = CipherSuite::gcm_aes_128;
  port_ = ControlledPort::dormant;
  failures_.clear();
}

void FakeSecy::rewind() noexcept {
  for (Sa& sa : transmit_)
    if (sa.present) sa.next_pn = 1;
}

void FakeSecy::switch_off_transmit() noexcept {
  for (Sa& sa : transmit_) sa.active = false;
}

void FakeSecy::switch_off_receive() noexcept {
  for (ReceiveSc& sc : receive_)
    for (Sa& sa : sc.sa) sa.active = false;
}

void FakeSecy::carrier_returned() noexcept {
  if (traits_.pn_rewinds_with_carrier) rewind();
}

void FakeSecy::set_up(bool up) noexcept {
  if (up && !up_ && traits_.pn_rewinds_with_device) rewind();
  up_ = up;
}

std::optional<DataFrame> FakeSecy::send() {
  if (port_ == ControlledPort::dormant || !up_) return {};
  if (!parameters_.protect) {
    if (must_secure_) world_.violate(member_, "clear text sent while must-secure");
    return DataFrame{.sci = sci_, .clear = true, .key = no_key, .an = {}, .pn = 0};
  }
  Sa& sa = transmit_[encoding_.value()];
  if (!sa.present || !sa.active) return {};
  const DataFrame frame{.sci = sci_, .clear = false, .key = sa.key, .an = encoding_, .pn = sa.next_pn};
  world_.sent(member_, sa.key, sci_, sa.next_pn);
  sa.next_pn = sa.next_pn == (is_xpn(suite_) ? UINT64_MAX : UINT32_MAX) ? 0 : sa.next_pn + 1;
  if (sa.next_pn == 0) sa.active = false;
  return frame;
}

Delivery FakeSecy::receive(const DataFrame& frame) {
  if (!up_) return Delivery::unknown_key;
  const bool strict = parameters_.validate == Validate::strict;
  if (frame.clear) return strict ? Delivery::refused_clear : Delivery::delivered;
  ReceiveSc* sc = find(frame.sci);
  if (sc == nullptr) return Delivery::unknown_key;
  Sa& sa = sc->sa[frame.an.value()];
  if (!sa.present || !sa.active || sa.key != frame.key) return Delivery::unknown_key;
  Pn pn = frame.pn;
  if (is_xpn(suite_)) {
    // Receivers see the low half and infer the upper one (802.1AE 10.6.2).
    const Pn low = frame.pn & UINT32_MAX;
    const Pn next_low = sa.next_pn & UINT32_MAX;
    pn = (sa.next_pn & ~Pn{UINT32_MAX}) | low;
    if (low < next_low && (low & 1U << 31U) != (next_low & 1U << 31U)) pn += Pn{1} << 32U;
    if (pn != frame.pn) return Delivery::unknown_key;
  }
  if (parameters_.replay_protect && pn < lowest(sa)) return Delivery::late;
  if (pn >= sa.next_pn) sa.next_pn = pn + 1;
  return Delivery::delivered;
}

void FakeSecy::advance_transmit(KeyIndex key, Pn pn) {
  for (Sa& sa : transmit_)
    if (sa.present && sa.key == key && sa.next_pn < pn) sa.next_pn = pn;
}

void FakeSecy::advance_receive(const Sci& sci, KeyIndex key, Pn pn) {
  if (ReceiveSc* sc = find(sci))
    for (Sa& sa : sc->sa)
      if (sa.present && sa.key == key && sa.next_pn < pn) sa.next_pn = pn;
}

KeyIndex FakeSecy::encoding_key() const noexcept {
  const Sa& sa = transmit_[encoding_.value()];
  return sa.present && sa.active && parameters_.protect ? sa.key : no_key;
}

bool FakeSecy::receives(const Sci& sci, KeyIndex key) const noexcept {
  const ReceiveSc* sc = find(sci);
  return sc != nullptr &&
         std::ranges::any_of(sc->sa, [&](const Sa& sa) { return sa.present && sa.active && sa.key == key; });
}

Pn FakeSecy::lowest_pn(const Sci& sci, KeyIndex key) const noexcept {
  if (const ReceiveSc* sc = find(sci))
    for (const Sa& sa : sc->sa)
      if (sa.present && sa.key == key) return lowest(sa);
  return 0;
}

void FakeSecy::judge_held(std::span<const KeyId> known) {
  if (world_.now < excused_until_) return;
  const auto judge = [&](const Sa& sa) {
    if (sa.present && std::ranges::find(known, sa.id) == known.end())
      world_.violate(member_, "holds " + to_string(sa.id) + ", which nobody knows of any more");
  };
  std::ranges::for_each(transmit_, judge);
  for (const ReceiveSc& sc : receive_) std::ranges::for_each(sc.sa, judge);
}

void FakeSecy::judge_settled() {
  if (world_.now < excused_until_) return;
  const auto present = [](const Sa& sa) { return sa.present; };
  if (std::ranges::count_if(transmit_, present) > 2) world_.violate(member_, "more than two transmit SAs at rest");
  for (const ReceiveSc& sc : receive_)
    if (std::ranges::count_if(sc.sa, present) > 2)
      world_.violate(member_, "more than two receive SAs at rest for " + to_string(sc.sci));
  if (must_secure_ && port_ == ControlledPort::up && !transmit_[encoding_.value()].present)
    world_.violate(member_, "controlled port up without a key while must-secure");
}

}  // namespace macsec::sim
