// SPDX-License-Identifier: LGPL-2.1-or-later
#include "dbus/daemon/profiles.hpp"

#include <cerrno>
#include <set>
#include <utility>

namespace macsec::daemon {

void Profiles::follow() { static_cast<void>(take(hooks_.run(store_.wanted(), store_.spare(), store_.idle()))); }

Profiles::Problems Profiles::take(std::vector<Obstacle> obstacles) {
  Problems problems;
  for (Obstacle& obstacle : obstacles) {
    RunningProblem& all =
        problems.try_emplace(obstacle.profile, RunningProblem{.text = {}, .error = false}).first->second;
    all.text += (all.text.empty() ? "" : "; ") + obstacle.text;
    all.error = all.error || obstacle.error;
  }
  for (const auto& [profile, problem] : problems) tell(running_problems_, profile, problem);
  Problems before = std::exchange(running_problems_, std::move(problems));
  publish_problems();
  return before;
}

void Profiles::set_obstacles(std::vector<Obstacle> obstacles) {
  const Problems before = take(std::move(obstacles));
  const auto differs = [](const Problems& here, const std::string& profile, const RunningProblem& problem) {
    const auto at = here.find(profile);
    return at == here.end() || at->second != problem;
  };
  for (const auto& [profile, problem] : before)
    if (differs(running_problems_, profile, problem)) hooks_.changed(profile);
  for (const auto& [profile, problem] : running_problems_)
    if (!before.contains(profile)) hooks_.changed(profile);
}

void Profiles::changed(const std::vector<std::string>& names) {
  if (names.empty()) return;
  follow();
  for (const std::string& name : names) hooks_.changed(name);
}

void Profiles::tell(const Problems& known, const std::string& profile, const RunningProblem& problem) {
  if (const auto before = known.find(profile); before != known.end() && before->second == problem) return;
  hooks_.obstacle({profile, problem.text, problem.error});
}

void Profiles::publish_problems() {
  Problems all = spare_problems_;
  for (const auto& [profile, problem] : running_problems_) all.insert_or_assign(profile, problem);
  store_.set_running_problems(std::move(all));
}

void Profiles::set_spare_problem(const std::string& profile, const std::string& problem) {
  if (problem.empty()) {
    spare_problems_.erase(profile);
  } else {
    const RunningProblem told{.text = problem};
    tell(spare_problems_, profile, told);
    spare_problems_.insert_or_assign(profile, told);
  }
  publish_problems();
  hooks_.changed(profile);
}

void Profiles::load(ProfileStore::Tell tell) {
  const std::vector<std::string> before = store_.names();
  store_.load(tell, hooks_.bad_file);
  std::set<std::string> names{before.begin(), before.end()};
  for (std::string& name : store_.names()) names.insert(std::move(name));
  follow();
  for (const std::string& name : names) hooks_.changed(name);
}

Result<void> Profiles::reload() {
  running_problems_.clear();  // an operator asked: whatever still holds is told again
  load(ProfileStore::Tell::everything);
  std::string errors = store_.errors();
  for (const auto& [profile, problem] : running_problems_) {
    const std::string file = store_.state(profile).origin;
    if (problem.error && file.starts_with('/')) errors += (errors.empty() ? "" : "; ") + file + ": " + problem.text;
  }
  if (errors.empty()) return {};
  return fail(EINVAL, std::move(errors));
}

Result<void> Profiles::put(ProfilePointer profile, bus::ClientProfile client) {
  const std::string name = profile->name;
  auto done = store_.put(std::move(profile), std::move(client));
  if (done) changed({name});
  return done;
}

Result<void> Profiles::put_broken(const std::string& name, bus::ClientProfile client) {
  auto done = store_.put_broken(name, std::move(client));
  if (done) changed({name});
  return done;
}

Result<void> Profiles::write(const Profile& profile) {
  auto done = store_.write(profile);
  if (done) load(ProfileStore::Tell::news);
  return done;
}

Result<void> Profiles::remove(const std::string& name) {
  const bool file = store_.is_file(name);
  auto done = store_.remove(name);
  // A file in another directory may come to light, and one that was removed in part is what it is now. What a client
  // kept in memory hides no file.
  if (file)
    load(ProfileStore::Tell::news);
  else if (done)
    changed({name});
  return done;
}

Result<void> Profiles::set_enabled(const std::string& name, bool enabled) {
  auto done = store_.set_enabled(name, enabled);
  if (done) changed({name});
  return done;
}

Result<bus::KeyAdded> Profiles::add_key(const std::string& name, const PreSharedKey& key) {
  auto done = store_.add_key(name, key);
  if (done != bus::KeyAdded::added) return done;
  if (key.origin.memory)
    changed({name});
  else
    load(ProfileStore::Tell::news);
  return done;
}

Result<void> Profiles::retire_key(const std::string& name, const Ckn& ckn) {
  auto done = store_.retire_key(name, ckn);
  if (done) load(ProfileStore::Tell::news);
  return done;
}

Result<void> Profiles::set_problems(const std::string& name, std::vector<bus::Problem> problems) {
  auto done = store_.set_problems(name, std::move(problems));
  if (done) hooks_.changed(name);
  return done;
}

}  // namespace macsec::daemon
