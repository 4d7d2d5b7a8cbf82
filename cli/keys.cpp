// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/keys.hpp"

#include "cli/sealed_key.hpp"
#include "engine/base/text.hpp"

#include <algorithm>
#include <cerrno>
#include <list>
#include <poll.h>

namespace macsec::cli {
namespace {

using namespace std::chrono_literals;

/// Between two looks at a key.
void pause() { ::poll(nullptr, 0, 200); }

/// The time a call that waits without end gives a retirement before it asks again.
constexpr Duration one_try = 30s;
/// From a refusal to the next time it is asked: each is in the journal.
constexpr Duration between_tries = 1s;

std::optional<bus::ProfileInfo> look(Context& context, const std::string& path) {
  const auto properties = context.ask<bus::Value>(
      [&](const bus::Client& daemon) { return daemon.properties(path, bus::interface::profile); });
  if (!properties) return std::nullopt;
  return bus::to_profile(path, properties->dict());
}

/// One key on its way out of use.
class Departure {
 public:
  Departure(Context& context, Outcomes& outcomes, Leaving key, std::optional<Time> until)
      : context_{context},
        outcomes_{outcomes},
        profile_{std::move(key.profile)},
        ckn_{std::move(key.ckn)},
        until_{until} {
    if (const bus::KeyInfo* const info = find_key(profile_.info, ckn_)) {
      credential_ = info->credential;
      left_out_ = info->left_out;
    }
  }

  /// One look at it, and what follows; nothing where that was not the last.
  std::optional<Exit> step() {
    if (!draining_ && Context::now() >= again_at_)
      if (const Exit begun = begin(); begun != Exit::ok) return begun;
    if (draining_)
      if (const auto ended = watch()) return ended;
    if (until_ && Context::now() >= *until_ && !draining_) return late();
    return std::nullopt;
  }

 private:
  [[nodiscard]] Duration left() const { return until_ ? std::max(*until_ - Context::now(), Duration{0}) : one_try; }

  /// Asks the daemon to begin; what only time can bring is asked for again.
  Exit begin() {
    const bus::Client* const daemon = context_.client();
    if (daemon == nullptr) return context_.status;
    const auto done = daemon->call(daemon->retire_key(
        profile_.path, ckn_, std::min(left(), Duration{bus::longest_retirement}), context_.options.force));
    draining_ = done.has_value();
    unwritten_ = false;
    const bool waiting = !done && done.error().name == bus::error::not_ready;
    if (waiting) {
      blocker_ = done.error().text;
      again_at_ = Context::now() + between_tries;
    }
    return done || waiting ? Exit::ok : context_.complain(done.error());
  }

  /// Whether the key is gone; one that stays after all is no more draining.
  std::optional<Exit> watch() {
    const auto now = look(context_, profile_.path);
    if (!now) return context_.status;
    const bus::KeyInfo* const key = find_key(*now, ckn_);
    if (key == nullptr || key->retired_at) return gone(key);
    blocker_ = key->blocker;
    left_out_ = key->left_out;
    // Out of use, and still in the profile: its file is about to say so, or could not be written, which the next call tells.
    const bool unwritten = key->state == "retired";
    draining_ = key->state == "draining" || (unwritten && !std::exchange(unwritten_, unwritten));
    return std::nullopt;
  }

  Exit gone(const bus::KeyInfo* key) {
    outcomes_.tell(profile_.info.name, ckn_, "retired");
    if (!context_.options.force) warn_left_out(context_, ckn_, left_out_);
    if (key != nullptr && !key->still_in.empty())
      context_.warn(fmt::format("its secret still stands in {}: remove it there", key->still_in));
    forget_sealed(context_, profile_.info.name, ckn_, credential_);
    return Exit::ok;
  }

  Exit late() {
    return context_.complain(Exit::timeout,
                             fmt::format("key {} of {} is not retired, both keys stay: {}", ckn_, profile_.info.name,
                                         blocker_.empty() ? "not proved in time" : blocker_));
  }

  Context& context_;
  Outcomes& outcomes_;
  Context::Profile profile_;
  std::string ckn_;
  std::string credential_;
  std::vector<std::string> left_out_;
  std::optional<Time> until_;
  Time again_at_{};
  bool draining_ = false;
  bool unwritten_ = false;  ///< as of the last look
  std::string blocker_;
};

}  // namespace

std::optional<Context::Profile> find_profile(Context& context, const std::string& name) {
  auto found = context.profiles(std::span{&name, 1});
  if (!found) return std::nullopt;
  if (found->size() == 1) return std::move(found->front());
  context.complain(Exit::usage, fmt::format("{} means {} profiles, one is wanted", name, found->size()));
  return std::nullopt;
}

std::optional<std::string> read_ckn(Context& context, std::string_view digits) {
  if (const auto ckn = Ckn::from_hex(digits)) return to_string(*ckn);
  context.complain(Exit::usage,
                   fmt::format("CKN {} is not accepted: 2 to 64 hexadecimal digits, two an octet", digits));
  return std::nullopt;
}

const bus::KeyInfo* find_key(const bus::ProfileInfo& profile, std::string_view ckn) noexcept {
  const auto found = std::ranges::find(profile.keys, ckn, &bus::KeyInfo::ckn);
  return found == profile.keys.end() ? nullptr : &*found;
}

bus::Value outcome_row(const std::string& profile, const std::string& ckn, std::string_view outcome) {
  return bus::Value{
      bus::Value::Data{bus::Value::Dict{{"Profile", bus::Value{bus::Value::Data{profile}}},
                                        {"Ckn", bus::Value{bus::Value::Data{ckn}}},
                                        {"Outcome", bus::Value{bus::Value::Data{std::string{outcome}}}}}}};
}

void print_outcome(Context& context, const std::string& profile, const std::string& ckn, std::string_view outcome) {
  context.print("{}: {} {}\n", profile, ckn, outcome);
}

void warn_left_out(Context& context, const std::string& ckn, const std::vector<std::string>& ports) {
  if (!ports.empty())
    context.warn(
        fmt::format("{} without carrier proved nothing: who is connected there later needs another key than {}",
                    fmt::join(ports, ", "), ckn));
}

void Outcomes::tell(const std::string& profile, const std::string& ckn, std::string_view outcome) {
  if (context_.json())
    rows_.push_back(outcome_row(profile, ckn, outcome));
  else
    print_outcome(context_, profile, ckn, outcome);
}

void Outcomes::finish() {
  if (!rows_.empty()) context_.print_json(bus::Value{bus::Value::Data{std::move(rows_)}});
}

std::optional<std::string> add_key(Context& context, const Context::Profile& profile, const bus::SettingsSection& key,
                                   const bus::KeyKeeping& keeping) {
  return context.ask<std::string>(
      [&](const bus::Client& daemon) { return daemon.add_key(profile.path, key, keeping); });
}

void forget_sealed(Context& context, const std::string& profile, const std::string& ckn,
                   const std::string& credential) {
  const std::string ours = std::string{credential_prefix} + credential_name(profile, ckn);
  if (!credential.empty() && credential != ours)
    return context.warn(
        fmt::format("the secret of {} still stands in the credential {} of macsecd.service: remove it from there", ckn,
                    credential));
  // Of another host nothing can be removed from here.
  const Result<bool> removed = context.options.host.empty() ? remove_sealed(profile, ckn) : fail(EREMOTE, {});
  if (removed || credential.empty()) return;
  context.warn(
      fmt::format("the encrypted secret of {} still stands in {}, and each start of the service decrypts it: remove "
                  "it there as root",
                  ckn, sealed_path(profile, ckn)));
}

Exit retire_keys(Context& context, Outcomes& outcomes, std::vector<Leaving> keys, std::optional<Duration> patience) {
  const std::optional<Time> until = patience ? std::optional{Context::now() + *patience} : std::nullopt;
  std::list<Departure> under_way;
  for (Leaving& key : keys) under_way.emplace_back(context, outcomes, std::move(key), until);
  Exit first = Exit::ok;
  for (;;) {
    std::erase_if(under_way, [&](Departure& each) {
      const std::optional<Exit> ended = each.step();
      if (ended && first == Exit::ok) first = *ended;
      return ended.has_value();
    });
    if (under_way.empty()) return first;
    context.flush(false);
    pause();
  }
}

}  // namespace macsec::cli
