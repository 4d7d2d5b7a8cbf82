// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/keys.hpp"

#include "engine/base/text.hpp"

#include <algorithm>
#include <poll.h>

namespace macsec::cli {
namespace {

using namespace std::chrono_literals;

/// Between two looks at a key.
void pause() { ::poll(nullptr, 0, 200); }

/// The time a call that waits without end gives a retirement before it asks again.
constexpr Duration one_try = 30s;

std::optional<bus::ProfileInfo> look(Context& context, const std::string& path) {
  const auto properties = context.ask<bus::Value>(
      [&](const bus::Client& daemon) { return daemon.properties(path, bus::interface::profile); });
  if (!properties) return std::nullopt;
  return bus::to_profile(path, properties->dict());
}

/// One key on its way out of use.
class Departure {
 public:
  Departure(Context& context, const Context::Profile& profile, const std::string& ckn, std::optional<Duration> patience)
      : context_{context}, profile_{profile}, ckn_{ckn} {
    if (patience) until_ = Context::now() + *patience;
  }

  Exit run() {
    for (;;) {
      const auto begun = begin();
      if (begun != Exit::ok) return begun;
      if (!waiting_) {
        if (const auto ended = watch()) return *ended;
      }
      if (until_ && Context::now() >= *until_) return late();
      pause();
    }
  }

 private:
  [[nodiscard]] Duration left() const { return until_ ? std::max(*until_ - Context::now(), Duration{0}) : one_try; }

  /// Asks the daemon to begin; what only time can bring leaves `waiting_` set.
  Exit begin() {
    const bus::Client* const daemon = context_.client();
    if (daemon == nullptr) return context_.status;
    const auto done = daemon->call(daemon->retire_key(
        profile_.path, ckn_, std::min(left(), Duration{bus::longest_retirement}), context_.options.force));
    waiting_ = !done && done.error().name == bus::error::not_ready;
    if (waiting_) blocker_ = done.error().text;
    return done || waiting_ ? Exit::ok : context_.complain(done.error());
  }

  /// Until the key is gone, or stays after all.
  std::optional<Exit> watch() {
    for (;;) {
      const auto now = look(context_, profile_.path);
      if (!now) return context_.status;
      const bus::KeyInfo* const key = find_key(*now, ckn_);
      if (key == nullptr || key->retired_at) return gone(key);
      blocker_ = key->blocker;
      if (key->state != "draining" && key->state != "retired") return std::nullopt;
      pause();
    }
  }

  Exit gone(const bus::KeyInfo* key) {
    print_outcome(context_, profile_.info.name, ckn_, "retired");
    if (key != nullptr && !key->still_in.empty())
      context_.warn(fmt::format("its secret still stands in {}: remove it there", key->still_in));
    return Exit::ok;
  }

  Exit late() {
    return context_.complain(Exit::timeout,
                             fmt::format("key {} of {} is not retired, both keys stay: {}", ckn_, profile_.info.name,
                                         blocker_.empty() ? "not proved in time" : blocker_));
  }

  Context& context_;
  const Context::Profile& profile_;
  const std::string& ckn_;
  std::optional<Time> until_;
  bool waiting_ = false;
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

const bus::KeyInfo* find_key(const bus::ProfileInfo& profile, std::string_view ckn) noexcept {
  const auto found = std::ranges::find(profile.keys, ckn, &bus::KeyInfo::ckn);
  return found == profile.keys.end() ? nullptr : &*found;
}

void print_outcome(Context& context, const std::string& profile, const std::string& ckn, std::string_view outcome) {
  if (context.json())
    context.print_json(bus::Value{
        bus::Value::Data{bus::Value::Dict{{"Profile", bus::Value{bus::Value::Data{profile}}},
                                          {"Ckn", bus::Value{bus::Value::Data{ckn}}},
                                          {"Outcome", bus::Value{bus::Value::Data{std::string{outcome}}}}}}});
  else
    context.print("{}: {} {}\n", profile, ckn, outcome);
}

Exit add_key(Context& context, const Context::Profile& profile, const bus::SettingsSection& key,
             const bus::KeyKeeping& keeping) {
  const auto outcome =
      context.ask<std::string>([&](const bus::Client& daemon) { return daemon.add_key(profile.path, key, keeping); });
  if (!outcome) return context.status;
  const auto ckn = std::ranges::find(key.texts, "Ckn", [](const auto& text) { return text.first; });
  print_outcome(context, profile.info.name, ckn->second, *outcome);
  return Exit::ok;
}

Exit retire_key(Context& context, const Context::Profile& profile, const std::string& ckn,
                std::optional<Duration> patience) {
  return Departure{context, profile, ckn, patience}.run();
}

}  // namespace macsec::cli
