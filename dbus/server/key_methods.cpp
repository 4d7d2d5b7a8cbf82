// SPDX-License-Identifier: LGPL-2.1-or-later
// The methods of org.macsecd1.Profile that are about its keys.
#include "dbus/bus/names.hpp"
#include "dbus/server/entry.hpp"
#include "engine/config/port_pattern.hpp"

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

/// The role of a key that the profile has.
std::optional<KeyRole> role_of(const ProfileState& state, const Ckn& ckn) {
  if (!state.profile) return std::nullopt;
  const auto key = std::ranges::find(state.profile->keys, ckn, &PreSharedKey::ckn);
  return key == state.profile->keys.end() ? std::nullopt : std::optional{key->role};
}

std::string word(KeyAdded outcome) { return outcome == KeyAdded::added ? "added" : "present"; }

}  // namespace

void Server::keys_changed(const std::string& profile) {
  profile_changed(profile);
  flush();
}

/// Adds a key; answers the call where that fails.
std::optional<KeyAdded> Server::put_key(Call& call, const GivenKey& given, std::optional<KeyRole> default_role) {
  const Result<PreSharedKey> key = make_key(given, default_role, options_.profiles);
  if (!key) {
    call.fail(error::invalid_settings, key.error().message);
    return std::nullopt;
  }
  const Result<KeyAdded> outcome = model_.add_key(call.name(), *key);
  if (outcome) return *outcome;
  fail_key(call, outcome.error());
  return std::nullopt;
}

bool Server::begin_retirement(Call& call, const Ckn& ckn, core::Retirement how, Duration timeout) {
  const Result<void> done = model_.retire_key(call.name(), ckn, how, timeout);
  keys_changed(call.name());
  if (!done) fail_key(call, done.error());
  return done.has_value();
}

void Server::add_key(Call& call) {
  const std::optional<GivenKey> given = read_given(call);
  if (!given || !read_given_options(call, {option::lifetime})) return;
  if (!model_.has_profile(call.name()))
    return call.fail(error::no_such_profile, fmt::format("there is no profile {}", call.name()));
  const std::optional<KeyAdded> outcome = put_key(call, *given, std::nullopt);
  if (!outcome) return;
  keys_changed(call.name());
  call.reply(word(*outcome));
}

void Server::retire_key(Call& call) {
  const std::optional<Ckn> ckn = read_ckn(call);
  if (!ckn) return;
  const auto options = read_given_options(call, {option::timeout, option::force});
  if (!options) return;
  const auto how = options->force ? core::Retirement::forced : core::Retirement::when_proved;
  if (begin_retirement(call, *ckn, how, options->timeout)) call.reply();
}

void Server::replace_key(Call& call) {
  const std::optional<Ckn> old = read_ckn(call);
  if (!old) return;
  const std::optional<GivenKey> given = read_given(call);
  if (!given) return;
  const auto options = read_given_options(call, {option::lifetime, option::timeout});
  if (!options) return;
  if (!model_.has_profile(call.name()))
    return call.fail(error::no_such_profile, fmt::format("there is no profile {}", call.name()));
  const ProfileState state = model_.profile(call.name());
  // It would be added, and the old one stay: ports are not judged together.
  if (state.profile && is_pattern(state.profile->link.parent))
    return fail_key(call,
                    Error{ENOTSUP, fmt::format("{} has many ports: add the key, and retire the old one by force when "
                                               "no peer has it alone any more",
                                               call.name())});
  const std::optional<KeyRole> role = role_of(state, *old);
  const std::optional<KeyAdded> outcome = put_key(call, *given, role);
  if (!outcome) return;
  // A call that is made again finds the work done.
  const bool done = !role && *outcome == KeyAdded::present;
  if (done || begin_retirement(call, *old, core::Retirement::patient, options->timeout)) call.reply(word(*outcome));
}

void Server::cancel_retire(Call& call) {
  const std::optional<Ckn> ckn = read_ckn(call);
  if (!ckn) return;
  if (const Result<void> done = model_.keep_key(call.name(), *ckn); !done) return fail_key(call, done.error());
  keys_changed(call.name());
  call.reply();
}

}  // namespace macsec::bus
