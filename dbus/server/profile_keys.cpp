// SPDX-License-Identifier: LGPL-2.1-or-later
#include "dbus/server/profile_keys.hpp"

#include "dbus/bus/names.hpp"
#include "dbus/server/published.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace macsec::bus {
namespace {

void fail_key(Call& call, const Error& error) {
  switch (error.code) {
    case ENOENT:
      return call.fail(error::no_such_key, error.message);
    case EEXIST:
      return call.fail(error::key_exists, error.message);
    case ENODATA:
      return call.fail(error::last_key, error.message);
    case EBUSY:
      return call.fail(error::not_ready, error.message);
    case E2BIG:
      return call.fail(error::limit_exceeded, error.message);
    default:
      return call.fail(error, error::no_such_key);
  }
}

/// Reads a CKN; answers the call where it is none.
std::optional<Ckn> read_ckn(Call& call) {
  std::string text;
  std::optional<Ckn> ckn;
  if (get(call.message(), text) >= 0) ckn = Ckn::from_hex(text);
  if (!ckn) call.fail(error::invalid_argument, "a CKN is 2 to 64 hexadecimal digits, two an octet");
  return ckn;
}

/// Reads a key; answers the call where it is none.
std::optional<GivenKey> read_given(Call& call) {
  Result<GivenKey> given = read_key(call.message());
  if (given) return std::move(*given);
  call.fail(given.error().code == EINVAL ? error::invalid_settings : error::invalid_argument, given.error().message);
  return std::nullopt;
}

/// Reads options; answers the call where one of them is not `known`.
std::optional<KeyOptions> read_given_options(Call& call, std::initializer_list<std::string_view> known) {
  Result<KeyOptions> options = read_key_options(call.message(), known);
  if (options) return *options;
  call.fail(error::invalid_argument, options.error().message);
  return std::nullopt;
}

/// The role of a key that the profile has, in use or kept from it.
std::optional<KeyRole> role_of(const ProfileState& state, const Ckn& ckn) {
  if (!state.profile) return std::nullopt;
  const auto key = std::ranges::find(state.profile->keys, ckn, &PreSharedKey::ckn);
  if (key != state.profile->keys.end()) return key->role;
  const auto hidden = std::ranges::find(state.hidden_keys, ckn, &HiddenKey::ckn);
  return hidden == state.hidden_keys.end() ? std::nullopt : std::optional{hidden->role};
}

/// Why no session will tell that the key is out of use; empty where one does.
std::string untold(const Model& model, const std::string& profile, const Ckn& ckn) {
  const std::vector<HiddenKey> hidden = model.profile(profile).hidden_keys;
  if (std::ranges::find(hidden, ckn, &HiddenKey::ckn) != hidden.end()) return "it was not used";
  return model.sessions_of(profile).empty() ? "without evidence" : "";
}

std::string added_text(const PreSharedKey& key) {
  const std::string by = key.origin.key_source.empty() ? "" : " by key source " + key.origin.key_source;
  return fmt::format("CKN {} was added{}", to_string(key.ckn), by);
}

std::string word(KeyAdded outcome) { return outcome == KeyAdded::added ? "added" : "present"; }

}  // namespace

/// Adds a key; answers the call where that fails.
std::optional<KeyAdded> ProfileKeys::put(const GivenKey& given, std::optional<KeyRole> default_role,
                                         const KeyOptions& options) const {
  Result<PreSharedKey> key = make_key(given, default_role, shared_.options.profiles);
  if (!key) {
    call_.fail(error::invalid_settings, key.error().message);
    return std::nullopt;
  }
  key->origin.memory = options.memory;
  key->origin.key_source = options.key_source;
  const Result<KeyAdded> outcome = model_.add_key(call_.name(), *key);
  if (outcome == KeyAdded::added) {
    changed();
    shared_.published.key_event(call_.name(), "key-added", key->ckn, added_text(*key));
  }
  if (outcome) return *outcome;
  fail_key(call_, outcome.error());
  return std::nullopt;
}

bool ProfileKeys::begin_retirement(const Ckn& ckn, core::Retirement how, Duration timeout) const {
  const std::string why = untold(model_, call_.name(), ckn);
  const Result<void> done = model_.retire_key(call_.name(), ckn, how, timeout);
  changed();
  if (!done) fail_key(call_, done.error());
  if (done && !why.empty() && !role_of(model_.profile(call_.name()), ckn))
    shared_.published.key_event(call_.name(), "key-retired", ckn,
                                fmt::format("CKN {} is out of use: {}", to_string(ckn), why));
  return done.has_value();
}

void ProfileKeys::add() {
  const std::optional<GivenKey> given = read_given(call_);
  if (!given) return;
  const auto options = read_given_options(call_, {option::lifetime, option::source});
  if (!options || !exists()) return;
  const std::optional<KeyAdded> outcome = put(*given, std::nullopt, *options);
  if (outcome) call_.reply(word(*outcome));
}

void ProfileKeys::retire() {
  const std::optional<Ckn> ckn = read_ckn(call_);
  if (!ckn) return;
  const auto options = read_given_options(call_, {option::timeout, option::force});
  if (!options) return;
  const auto how = options->force ? core::Retirement::forced : core::Retirement::when_proved;
  if (begin_retirement(*ckn, how, options->timeout)) call_.reply();
}

void ProfileKeys::replace() {
  const std::optional<Ckn> old = read_ckn(call_);
  if (!old) return;
  const std::optional<GivenKey> given = read_given(call_);
  if (!given) return;
  const auto options = read_given_options(call_, {option::lifetime, option::source, option::timeout});
  if (!options) return;
  if (!exists()) return;
  const ProfileState state = model_.profile(call_.name());
  const std::optional<KeyRole> role = role_of(state, *old);
  const std::optional<KeyAdded> outcome = put(*given, role, *options);
  if (!outcome) return;
  // A call that is made again finds the work done.
  const bool done = !role && *outcome == KeyAdded::present;
  if (done || begin_retirement(*old, core::Retirement::patient, options->timeout)) call_.reply(word(*outcome));
}

void ProfileKeys::cancel_retire() {
  const std::optional<Ckn> ckn = read_ckn(call_);
  if (!ckn) return;
  if (const Result<void> done = model_.keep_key(call_.name(), *ckn); !done) return fail_key(call_, done.error());
  changed();
  call_.reply();
}

}  // namespace macsec::bus
