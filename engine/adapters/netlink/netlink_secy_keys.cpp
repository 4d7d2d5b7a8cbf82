// SPDX-License-Identifier: LGPL-2.1-or-later
// Secure channels and associations of a NetlinkSecy. No class of its own: each request goes to the device, over the socket and
// with the offload that the rest of it chose.
#include "engine/adapters/netlink/netlink_secy.hpp"

#include <algorithm>
#include <cerrno>
#include <linux/genetlink.h>
#include <linux/if_macsec.h>

namespace macsec::os {
namespace {

/// A message to the macsec family about one device. Holds a key at times: NetlinkMessage wipes it.
class Request {
 public:
  Request(const MacsecKernel& kernel, std::uint8_t command, unsigned ifindex) : message_{make(kernel, command)} {
    message_.put_u32(MACSEC_ATTR_IFINDEX, ifindex);
  }
  /// The receive channel meant.
  void channel(const Sci& sci, bool activate = false) {
    message_.nest(MACSEC_ATTR_RXSC_CONFIG, [&] {
      message_.put(MACSEC_RXSC_ATTR_SCI, sci.octets);
      if (activate) message_.put_u8(MACSEC_RXSC_ATTR_ACTIVE, 1);
    });
  }
  /// The association meant, and what `fill` puts about it.
  template <typename Fill>
  void association(An an, Fill fill) {
    message_.nest(MACSEC_ATTR_SA_CONFIG, [&] {
      message_.put_u8(MACSEC_SA_ATTR_AN, an.value());
      fill(message_);
    });
  }
  void association(An an) {
    association(an, [](NetlinkMessage&) {});
  }
  NetlinkMessage& message() noexcept { return message_; }

 private:
  static NetlinkMessage make(const MacsecKernel& kernel, std::uint8_t command) {
    const genlmsghdr header{.cmd = command, .version = MACSEC_GENL_VERSION, .reserved = 0};
    return NetlinkMessage{kernel.family(), 0, std::as_bytes(std::span{&header, 1})};
  }
  NetlinkMessage message_;
};

void put_pn(NetlinkMessage& message, CipherSuite suite, Pn pn) {
  if (is_xpn(suite))
    message.put_u64(MACSEC_SA_ATTR_PN, pn);
  else
    message.put_u32(MACSEC_SA_ATTR_PN, static_cast<std::uint32_t>(std::min<Pn>(pn, 0xffffffffU)));
}

void put_key(NetlinkMessage& message, CipherSuite suite, const SaKey& key, Ssci ssci) {
  message.put(MACSEC_SA_ATTR_KEY, key.key.expose());
  message.put(MACSEC_SA_ATTR_KEYID, key.id.octets());
  message.put_u8(MACSEC_SA_ATTR_ACTIVE, 1);
  if (!is_xpn(suite)) return;
  std::array<std::uint8_t, 4> big_endian{};
  Writer{big_endian}.u32(ssci);
  message.put(MACSEC_SA_ATTR_SSCI, big_endian);
  message.put(MACSEC_SA_ATTR_SALT, key.salt);
}

/// The kernel keeps the next PN of a receive SA and accepts from there less the window on.
///
/// With XPN it also guesses the upper half of a received PN from the next one: that must not be put across the middle of the
/// lower half's range before frames are there.
Pn next_pn_for(Pn lowest, const SecyParameters& parameters, CipherSuite suite) {
  if (lowest <= 1) return 1;
  const Pn next = lowest + (parameters.replay_protect ? parameters.replay_window : 0);
  if (is_xpn(suite)) return next >> 31U == lowest >> 31U ? next : lowest;
  return std::min<Pn>(next, 0xffffffffU);
}

std::string sa_words(std::string_view what, An an) { return std::string{what} + " SA " + std::to_string(an.value()); }

Result<void> check_key(const SaKey& key, CipherSuite suite, const std::string& doing) {
  if (key.key.size() == sak_size(suite)) return {};
  return fail(EINVAL, "cannot " + doing + ": a key of " + std::to_string(key.key.size()) + " octets for " +
                          std::string{to_string(suite)});
}

const ReceiveScState* find_channel(const SecyState& state, const Sci& sci) {
  const auto at = std::ranges::find(state.receive, sci, &ReceiveScState::sci);
  return at == state.receive.end() ? nullptr : &*at;
}

const SaState* find_association(const std::vector<SaState>& all, An an) {
  const auto at = std::ranges::find(all, an, &SaState::an);
  return at == all.end() ? nullptr : &*at;
}

}  // namespace

Result<void> NetlinkSecy::create_receive_sc(const Sci& sci) {
  const std::string doing = act("create receive channel " + to_string(sci));
  if (auto now = ready(doing); !now) return now;
  Request request{kernel_, MACSEC_CMD_ADD_RXSC, ifindex_};
  request.channel(sci, true);
  auto done = kernel_.change(request.message(), ifindex_, doing);
  if (done) channels_.push_back(sci);
  if (done || done.error().code != EEXIST) return done;
  // The kernel says the same when another device on the same parent has it.
  const auto now = read_fresh();
  if (!now) return std::unexpected{now.error()};
  if (find_channel(now->state, sci) != nullptr) return {};
  done.error().message += "; another macsec device on the same parent receives it";
  return done;
}

Result<void> NetlinkSecy::delete_receive_sc(const Sci& sci) {
  const std::string doing = act("delete receive channel " + to_string(sci));
  if (auto now = ready(doing); !now) return now;
  kept_.drop_channel(sci);
  std::erase(channels_, sci);
  std::erase_if(lowest_, [&sci](const auto& entry) { return entry.first.first == sci; });
  Request request{kernel_, MACSEC_CMD_DEL_RXSC, ifindex_};
  request.channel(sci);
  auto done = kernel_.change(request.message(), ifindex_, doing);
  if (done || done.error().code != ENODEV) return done;
  // Either the channel or the whole device is missing.
  const auto now = read_fresh();
  if (now && find_channel(now->state, sci) == nullptr) return {};
  return done;
}

Result<void> NetlinkSecy::install_receive_sa(const Sci& sci, An an, const SaKey& key, Pn lowest_pn, Ssci ssci) {
  const std::string doing = act(sa_words("install receive", an) + " of " + to_string(sci));
  if (auto now = ready(doing); !now) return now;
  if (auto checked = check_key(key, cipher_suite_, doing); !checked) return checked;
  if (auto added = add_receive_sa(sci, an, key, lowest_pn, ssci); !added) return added;
  if (forgets_keys()) kept_.keep(sci, an, key, ssci);
  return {};
}

Result<void> NetlinkSecy::add_receive_sa(const Sci& sci, An an, const SaKey& key, Pn lowest_pn, Ssci ssci) {
  const std::string doing = act(sa_words("install receive", an) + " of " + to_string(sci));
  const Pn next = next_pn_for(lowest_pn, parameters_, cipher_suite_);
  Request request{kernel_, MACSEC_CMD_ADD_RXSA, ifindex_};
  request.channel(sci);
  request.association(an, [&](NetlinkMessage& message) {
    put_pn(message, cipher_suite_, next);
    put_key(message, cipher_suite_, key, ssci);
  });
  if (auto done = kernel_.change(request.message(), ifindex_, doing); !done) return done;
  lowest_[{sci, an}] = next;
  return {};
}

Result<void> NetlinkSecy::delete_receive_sa(const Sci& sci, An an) {
  const std::string doing = act(sa_words("delete receive", an) + " of " + to_string(sci));
  if (auto now = ready(doing); !now) return now;
  kept_.drop(sci, an);
  lowest_.erase({sci, an});
  // The kernel deletes only what is inactive.
  Request off{kernel_, MACSEC_CMD_UPD_RXSA, ifindex_};
  off.channel(sci);
  off.association(an, [](NetlinkMessage& message) { message.put_u8(MACSEC_SA_ATTR_ACTIVE, 0); });
  auto done = kernel_.change(off.message(), ifindex_, doing);
  if (done) {
    Request request{kernel_, MACSEC_CMD_DEL_RXSA, ifindex_};
    request.channel(sci);
    request.association(an);
    done = kernel_.change(request.message(), ifindex_, doing);
  }
  if (done || done.error().code != ENODEV) return done;
  const auto now = read_fresh();
  if (!now) return done;
  const ReceiveScState* const channel = find_channel(now->state, sci);
  if (channel == nullptr || find_association(channel->associations, an) == nullptr) return {};
  return done;
}

Result<void> NetlinkSecy::raise_lowest_pn(const Sci& sci, An an, Pn lowest_pn) {
  const std::string doing = act(sa_words("raise the lowest PN of receive", an) + " of " + to_string(sci));
  if (auto now = ready(doing); !now) return now;
  if (driver_ != nullptr && !driver_->lowest_pn_raisable)
    return fail(EOPNOTSUPP, "cannot " + doing + ": " + std::string{driver_->name} + " does not change packet numbers");
  const Pn wanted = next_pn_for(lowest_pn, parameters_, cipher_suite_);
  if (const auto known = lowest_.find({sci, an}); known != lowest_.end() && known->second >= wanted) return {};
  // The kernel stores whatever it is given, so what it has now decides. Frames that arrive between this look and the
  // write can only bring the PN beyond `wanted` where the peer sends much more than it did before it told its lowest PN;
  // then the window reopens by what came in these microseconds.
  const auto now = read_fresh();
  if (!now) return std::unexpected{now.error()};
  const ReceiveScState* const channel = find_channel(now->state, sci);
  const SaState* const sa = channel == nullptr ? nullptr : find_association(channel->associations, an);
  if (sa == nullptr) return fail(ENOENT, "cannot " + doing + ": there is no such SA");
  if (sa->next_pn >= wanted) return {};
  Request request{kernel_, MACSEC_CMD_UPD_RXSA, ifindex_};
  request.channel(sci);
  request.association(an, [&](NetlinkMessage& message) { put_pn(message, cipher_suite_, wanted); });
  if (auto done = kernel_.change(request.message(), ifindex_, doing); !done) return done;
  lowest_[{sci, an}] = wanted;
  return {};
}

Result<void> NetlinkSecy::install_transmit_sa(An an, const SaKey& key, Ssci ssci) {
  return install_static_transmit_sa(an, key, ssci, 1);
}

Result<void> NetlinkSecy::install_static_transmit_sa(An an, const SaKey& key, Ssci ssci, Pn first_pn) {
  const std::string doing = act(sa_words("install transmit", an));
  if (auto now = ready(doing); !now) return now;
  if (auto checked = check_key(key, cipher_suite_, doing); !checked) return checked;
  if (first_pn == 0 || (!is_xpn(cipher_suite_) && first_pn > 0xffffffffU))
    return fail(EINVAL, "cannot " + doing + ": no packet numbers are left for this key");
  const bool sending = transmit_[encoding_.value()] == TransmitSa::active;
  if (forgets_keys() && (sending || encoding_ != an)) {
    if (transmit_[an.value()] != TransmitSa::absent) return fail(EBUSY, "cannot " + doing + ": the AN is in use");
    // The driver would send it with the AN it sends with now.
    kept_.keep(std::nullopt, an, key, ssci);
    return sending ? Result<void>{} : start_over_with(an);
  }
  if (auto ready_for = prepare_encoding(an); !ready_for) return ready_for;
  return add_transmit_sa(an, key, ssci, first_pn);
}

Result<void> NetlinkSecy::start_over_with(An an) {
  const auto now = read_fresh();
  if (!now) return std::unexpected{now.error()};
  std::vector<KeptKeys::Key> keys = kept_.take(an);
  auto done = start_over(an, now->state, keys);
  // What is tried again begins at the beginning: this end's key comes last, so that it is never there twice.
  if (!done) kept_.put_back(std::move(keys));
  return done;
}

Result<void> NetlinkSecy::start_over(An an, const SecyState& held, std::span<const KeptKeys::Key> keys) {
  for (const SaState& sa : held.transmit)
    if (auto deleted = delete_transmit_sa(sa.an); !deleted) return deleted;
  for (const ReceiveScState& sc : held.receive)
    if (auto deleted = delete_receive_sc(sc.sci); !deleted) return deleted;
  if (encoding_ != an)
    if (auto done = encode_with(an); !done) return done;
  for (const KeptKeys::Key& key : keys) {
    Result<void> done;
    if (key.sci) done = create_receive_sc(*key.sci);
    if (done)
      done = key.sci ? add_receive_sa(*key.sci, an, key.key, 1, key.ssci) : add_transmit_sa(an, key.key, key.ssci, 1);
    if (!done) return done;
  }
  return {};
}

Result<void> NetlinkSecy::add_transmit_sa(An an, const SaKey& key, Ssci ssci, Pn first_pn) {
  const std::string doing = act(sa_words("install transmit", an));
  Request request{kernel_, MACSEC_CMD_ADD_TXSA, ifindex_};
  request.association(an, [&](NetlinkMessage& message) {
    put_pn(message, cipher_suite_, first_pn);
    put_key(message, cipher_suite_, key, ssci);
  });
  if (auto done = kernel_.change(request.message(), ifindex_, doing); !done) return done;
  transmit_[an.value()] = TransmitSa::active;
  return {};
}

Result<void> NetlinkSecy::prepare_encoding(An an) {
  if (driver_ != nullptr) {
    if (encoding_ == an || transmit_[encoding_.value()] == TransmitSa::active) return {};
    return encode_with(an);
  }
  // The kernel sends with whatever SA appears at the encoding AN, before it is told to.
  if (encoding_ != an || transmit_[an.value()] != TransmitSa::absent) return {};
  for (An other = an.next(); other != an; other = other.next())
    if (transmit_[other.value()] == TransmitSa::absent) return encode_with(other);
  return {};
}

Result<void> NetlinkSecy::encode_with(An an) {
  if (auto done = change_encoding(kernel_, ifindex_, an, act(sa_words("send with", an))); !done) return done;
  encoding_ = an;
  return {};
}

Result<void> NetlinkSecy::transmit_with(An an) {
  const std::string doing = act(sa_words("send with", an));
  if (auto now = ready(doing); !now) return now;
  if (kept_.has_transmit(an)) return start_over_with(an);
  TransmitSa& sa = transmit_[an.value()];
  // The kernel takes an AN without an SA, and drops everything from then on.
  if (sa == TransmitSa::absent)
    if (const auto now = read_fresh(); !now) return std::unexpected{now.error()};
  if (sa == TransmitSa::absent) return fail(ENOENT, "cannot " + doing + ": there is no such SA");
  if (sa == TransmitSa::inactive && driver_ != nullptr)
    return fail(EBUSY, "cannot " + doing + ": the hardware would count its packet numbers from an old one on");
  if (sa == TransmitSa::inactive) {
    Request request{kernel_, MACSEC_CMD_UPD_TXSA, ifindex_};
    request.association(an, [](NetlinkMessage& message) { message.put_u8(MACSEC_SA_ATTR_ACTIVE, 1); });
    if (auto done = kernel_.change(request.message(), ifindex_, doing); !done) return done;
    sa = TransmitSa::active;
  }
  bool encodes = encoding_ == an;
  // Another program may have changed it since.
  if (encodes)
    if (const auto now = kernel_.read(ifindex_, read_age)) encodes = now->state.encoding == an;
  if (!encodes)
    if (auto done = encode_with(an); !done) return done;
  kept_.clear();
  return {};
}

Result<void> NetlinkSecy::delete_transmit_sa(An an) {
  const std::string doing = act(sa_words("delete transmit", an));
  if (auto now = ready(doing); !now) return now;
  if (kept_.has_transmit(an)) {
    kept_.drop(std::nullopt, an);
    return {};
  }
  Request off{kernel_, MACSEC_CMD_UPD_TXSA, ifindex_};
  off.association(an, [](NetlinkMessage& message) { message.put_u8(MACSEC_SA_ATTR_ACTIVE, 0); });
  auto done = kernel_.change(off.message(), ifindex_, doing);
  if (done) {
    Request request{kernel_, MACSEC_CMD_DEL_TXSA, ifindex_};
    request.association(an);
    done = kernel_.change(request.message(), ifindex_, doing);
  }
  if (!done && done.error().code == ENODEV) {
    const auto now = read_fresh();
    if (now && find_association(now->state.transmit, an) == nullptr) return {};
  }
  if (done) transmit_[an.value()] = TransmitSa::absent;
  return done;
}

}  // namespace macsec::os
