// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/adapters/driver.hpp"

#include "engine/config/claims.hpp"

#include <algorithm>
#include <cerrno>
#include <fmt/format.h>
#include <set>
#include <utility>

namespace macsec::os {
namespace {

using namespace std::chrono_literals;

/// Whether a running session can take over `after`, or has to be built again.
bool same_link(const Profile& before, const Profile& after) {
  return before.link.parent == after.link.parent && before.link.interface == after.link.interface &&
         before.link.port == after.link.port && before.link.create == after.link.create &&
         before.static_keys.empty() == after.static_keys.empty();
}

}  // namespace

Driver::Driver(EventLoop& loop, Journal& journal, StateStore& store, std::vector<KeptFile>& inherited)
    : loop_{loop},
      journal_{journal},
      store_{store},
      records_{store,
               inherited,
               {.account = [this](const std::string& profile) { return radius_.account_of(profile); },
                .drop = [this](unsigned parent) { wires_.drop(parent); }}},
      wires_{loop,
             journal,
             {.frame = [this](unsigned ifindex, Bytes frame) { on_frame(ifindex, frame); },
              .done = [this] { flush(); },
              .sending = [this](unsigned ifindex, int error) { on_sending(ifindex, error); }}},
      eap_{loop,
           journal,
           {.report = [this](const std::string& name, core::EapReport&& report) { on_eap(name, std::move(report)); },
            .loaded = [this](const std::string& name, const EapVerdict& verdict,
                             bool asked) { on_loaded(name, verdict, asked); },
            .hear = [this](bool on) { return wires_.hear_eap(EapSide::supplicants, on); }}},
      radius_{loop,
              eap_.streams(),
              journal,
              random_,
              {.report = [this](const std::string& name,
                                core::RadiusReport&& report) { on_radius(name, std::move(report)); },
               .changed =
                   [this](const std::string& name) {
                     if (Session* const session = sessions_.find(name)) mark_changed(*session);
                   },
               .hear = [this](bool on) { return wires_.hear_eap(EapSide::authenticators, on); },
               .counters = [this](const std::string& name) { return counters(*sessions_.find(name)); }}} {}

Driver::~Driver() = default;

Result<std::unique_ptr<Driver>> Driver::open(EventLoop& loop, Journal& journal, StateStore& store,
                                             std::vector<KeptFile>& inherited) {
  std::unique_ptr<Driver> driver{new Driver{loop, journal, store, inherited}};
  if (auto started = driver->start(); !started) return std::unexpected{started.error()};
  return driver;
}

Result<void> Driver::start() {
  if (records_.has_accounts()) radius_.continue_books();
  auto kernel = MacsecKernel::open();
  if (!kernel) return std::unexpected{kernel.error()};
  kernel_ = std::move(*kernel);

  auto links = LinkMonitor::open([this](const LinkChange& change) { on_link_change(change); });
  if (!links) return std::unexpected{links.error()};
  links_ = std::move(*links);
  if (const auto read = kernel_->made().remember_in(
          store_.devices_file(), [this](unsigned ifindex) { return links_->find(ifindex) != nullptr; });
      !read)
    journal_.write(LogLevel::warning, read.error().message, message_id::damaged_state);
  devices_.emplace(loop_, *links_, sessions_, wires_, timers_,
                   Devices::Hooks{.settle = [this](Session& session) { settle(session); },
                                  .changed = [this](Session& session) { mark_changed(session); },
                                  .end_of_turn = [this] { end_turn_source_.schedule(); }});
  spares_.emplace(
      *kernel_, *links_, [this](unsigned ifindex) { return sessions_.has_device(ifindex); },
      [this](const std::string& profile, const std::string& problem) {
        if (observer_.spare) observer_.spare(profile, problem);
      });
  auto links_source = loop_.on_readable(links_->fd(), [this] {
    follow_links();
    flush();
  });
  if (!links_source) return std::unexpected{links_source.error()};
  links_source_ = std::move(*links_source);

  auto timer = loop_.timer([this] { on_timer(); });
  if (!timer) return std::unexpected{timer.error()};
  timer_source_ = std::move(*timer);

  auto end_turn_source = loop_.deferred([this] { end_turn(); });
  if (!end_turn_source) return std::unexpected{end_turn_source.error()};
  end_turn_source_ = std::move(*end_turn_source);
  return wall_clock_.watch(loop_, [this](const Result<void>& watched) {
    if (!watched) journal_.write(LogLevel::warning, watched.error().message);
    tell_wall_clock(boot_time());
    flush();
  });
}

// ---- profiles -------------------------------------------------------------------------------------------------------

std::vector<Driver::Problem> Driver::reconcile(const std::vector<ProfilePointer>& profiles,
                                               const std::vector<ProfilePointer>& spare,
                                               const std::vector<IdleProfile>& idle) {
  patterns_.configure(profiles, idle, links_->links());
  spare_profiles_ = spare;
  tell_wall_clock(boot_time());  // whether it may be believed may have changed without a step
  return follow_profiles();
}

std::vector<Driver::Problem> Driver::follow_profiles() {
  const Time now = boot_time();
  std::map<std::string, ProfilePointer, std::less<>> wanted;
  for (ProfilePointer& profile : patterns_.profiles()) wanted.emplace(profile->name, std::move(profile));

  std::vector<Session*> leaving;
  for (const auto& [name, session] : sessions_.all()) {
    const auto at = wanted.find(name);
    if (at == wanted.end() || !same_link(session->profile(), *at->second)) leaving.push_back(session.get());
  }
  std::vector<std::string> released;
  for (Session* session : leaving) {
    released.push_back(session->interface());
    remove(*session, Farewell::take_down, now);
  }

  std::vector<Problem> problems = patterns_.problems();
  // Who authenticates on a parent already is not asked to stop by one that begins to.
  Claims claims;
  std::set<std::string, std::less<>> refused;
  for (const bool first : {true, false})
    for (const auto& [name, session] : sessions_.all())
      if (session->profile().pae.has_value() == first)
        if (std::string why = claims.add(*wanted.at(name)); !why.empty()) {
          problems.push_back(PortPatterns::problem_of(*wanted.at(name), std::move(why)));
          refused.insert(name);
        }
  std::vector<ProfilePointer> fresh;
  for (const auto& [name, profile] : wanted) {
    if (Session* session = find(name); session != nullptr) {
      if (session->shared_profile() == profile || refused.contains(name)) continue;
      if (same_settings(session->profile(), *profile))
        session->profile_ = profile;  // compared by its address from now on
      else
        change(*session, profile, now);
    } else if (std::string why = claims.add(*profile); why.empty()) {
      fresh.push_back(profile);
    } else {
      problems.push_back(PortPatterns::problem_of(*profile, std::move(why)));
    }
  }
  const std::vector<ProfilePointer> kept =
      spares_->choose(spare_profiles_, claims,
                      [&problems](const auto& profile, const auto& why) { problems.push_back({profile, why}); });
  for (ProfilePointer& profile : fresh) add(std::move(profile), now);
  spares_->reconcile(kept, now, released);  // after the sessions, which may have taken their devices over
  flush();
  return problems;
}

void Driver::add(ProfilePointer profile, Time now) {
  Session& session = sessions_.add(std::make_unique<Session>(std::move(profile), *kernel_, journal_));
  devices_->attach(session, now);
  make_port(session, now);
  if (observer_.added) observer_.added(session);
}

void Driver::make_port(Session& session, Time now) {
  std::optional<core::KeptSession> kept;
  if (session.static_keys()) {
    core::PacketNumberLedger ledger{
        .reserved = [this](const std::string& key) { return store_.reserved_pn(key); },
        .reserve = [this](const std::string& key, Pn limit) { return store_.reserve_pn(key, limit); }};
    records_.forget_keys(session);
    session.port_.emplace<core::StaticPort>(session.profile_, session.secy_, std::move(ledger), session.trace_);
  } else {
    if (auto resume = records_.snapshot(session))
      session.port_.emplace<core::Port>(session.profile_, session.secy_, random_, session.trace_, std::move(*resume));
    else
      session.port_.emplace<core::Port>(session.profile_, session.secy_, random_, session.trace_);
    kept = records_.take_keys(session);
    if (kept) session.mka()->restore(*kept, now);
    session.mka()->on_wall_clock(wall_clock_epoch(), now, wall_clock_synchronised());
  }
  eap_.set(session.profile_);
  session.radius_ = radius_.set(session.profile_);
  if (kept && kept->account) radius_.resume(session.profile().name, std::move(*kept->account));
  if (const core::Port* const port = session.mka())
    radius_.follow(session.profile().name, port->has_host(), port->host_left_by());
  session.enabled_ = !patterns_.is_down(session.profile());
  session.with_port([&](auto& port) {
    if (session.enabled_ != session.profile().link.enabled) port.set_enabled(session.enabled_, now);
    port.on_link(session.link_, now);
  });
  settle(session);
}

void Driver::change(Session& session, ProfilePointer profile, Time now) {
  devices_->reconfigure(session, std::move(profile), now);
  eap_.set(session.profile_);  // before the port authenticates with it
  session.radius_ = radius_.set(session.profile_);
  session.with_port([&](auto& port) { port.reconfigure(session.profile_, now); });
  settle(session);
  mark_changed(session);
}

void Driver::remove(Session& session, Farewell farewell, Time now) {
  if (farewell == Farewell::take_down) {
    session.with_port([&](auto& port) { port.set_enabled(false, now); });
    settle(session);
    flush();
    records_.forget(session);
  } else if (auto* fixed = std::get_if<core::StaticPort>(&session.port_)) {
    fixed->prepare_absence();
  } else {
    records_.leave(session);
  }
  eap_.drop(session.profile().name);
  radius_.drop(session.profile().name, farewell == Farewell::take_down);
  devices_->release(session, farewell == Farewell::take_down);
  tell_observer();
  if (observer_.removed) observer_.removed(session);
  sampling_.set(session, std::nullopt);
  std::erase(changed_, &session);
  records_.unmark(session);
  sessions_.erase(session);
}

void Driver::stop(Farewell farewell) {
  const Time now = boot_time();
  patterns_.configure({}, {}, {});
  flush();
  std::vector<std::string> released;
  while (!sessions_.empty()) {
    Session& session = *sessions_.all().begin()->second;
    released.push_back(session.interface());
    remove(session, farewell, now);
  }
  if (farewell == Farewell::take_down) spares_->reconcile({}, now, released);
  timer_source_.disarm();
}

void Driver::finish(std::function<void()> done) { radius_.finish(std::move(done)); }

// ---- events of the loop ---------------------------------------------------------------------------------------------

void Driver::follow_links() {
  if (const auto done = links_->process(); !done) journal_.write(LogLevel::warning, done.error().message);
}

void Driver::on_link_change(const LinkChange& change) {
  const Time now = boot_time();
  if (change.kind == LinkChange::Kind::removed) {
    kernel_->made().forget(change.link.ifindex);
    kernel_->trials().forget(change.link.ifindex);
  }
  devices_->on_link_change(change, now);
  spares_->on_link_change(change, now);
  if (patterns_.on_link_change(change)) end_turn_source_.schedule();
}

void Driver::on_frame(unsigned ifindex, Bytes frame) {
  // Where a frame comes from there is carrier: what the kernel has told of it and nobody has read yet goes first.
  if (const Link* const link = links_->find(ifindex); link == nullptr || !link->carrier) follow_links();
  const Time now = boot_time();
  sessions_.on_parent(ifindex, receivers_);
  for (Session* session : receivers_)
    if (core::Port* port = session->mka()) {
      port->on_frame(frame, now);
      settle(*session);
    }
}

/// `error` is the errno of what is sent on the parent from now on, 0 where it is sent again.
void Driver::on_sending(unsigned parent, int error) {
  std::vector<Session*> senders;
  sessions_.on_parent(parent, senders);
  for (Session* session : senders) {
    if (session->mka() == nullptr || session->send_error_ == error) continue;
    session->send_error_ = error;
    if (error != 0) session->trace_.message(LogLevel::warning, session->send_problem(), message_id::cannot_send);
    mark_changed(*session);
  }
}

void Driver::on_timer() {
  const Time now = boot_time();
  armed_.reset();
  if (sampling_.take_due(now)) on_sample(now);
  // First all that is due, then the work: a deadline that is due again at once waits for the next turn.
  std::vector<Session::Alarm*> due;
  while (TimerQueue::Entry* const entry = timers_.pop_due(now)) due.push_back(static_cast<Session::Alarm*>(entry));
  for (const Session::Alarm* alarm : due) {
    Session& session = alarm->session;
    switch (alarm->what) {
      case Session::Alarm::What::protocol:
        session.with_port([&](auto& port) { port.on_timeout(now); });
        settle(session);
        break;
      case Session::Alarm::What::attach:
        devices_->attach(session, now);
        break;
      case Session::Alarm::What::reassert:
        devices_->reassert(session, now);
        break;
    }
  }
  spares_->on_timeout(now);
  records_.on_timeout(now);
  flush();
}

void Driver::on_sample(Time now) {
  const auto dump = kernel_->dump();
  if (!dump) return journal_.write(LogLevel::warning, dump.error().message);
  for (const SecyDump& secy : *dump)
    for (Session* session : sessions_.on_device(secy.ifindex)) {
      session->with_port([&](auto& port) { port.on_sample(secy.state, now); });
      settle(*session);
    }
}

void Driver::tell_wall_clock(Time now) {
  const Time epoch = wall_clock_epoch();
  const bool synchronised = wall_clock_synchronised();
  for (const auto& [name, session] : sessions_.all())
    if (core::Port* port = session->mka()) {
      port->on_wall_clock(epoch, now, synchronised);
      mark_changed(*session);
      settle(*session);
    }
}

void Driver::on_eap(const std::string& name, core::EapReport&& report) {
  const auto take = [&](core::Port& port, Time now) -> Result<void> {
    port.on_eap(std::move(report), now);
    return {};
  };
  if (Session* const session = sessions_.find(name)) static_cast<void>(command(*session, take));
}

void Driver::on_radius(const std::string& name, core::RadiusReport&& report) {
  Session* const session = sessions_.find(name);
  core::Port* const port = session == nullptr ? nullptr : session->mka();
  if (port == nullptr) return;
  port->on_radius(std::move(report), boot_time());
  settle(*session);
  flush();
}

void Driver::on_loaded(const std::string& name, const EapVerdict& verdict, bool asked) {
  Session* const session = sessions_.find(name);
  if (session == nullptr) return;
  if (verdict.problem != EapProblem::none)
    session->trace_.message(LogLevel::warning, "cannot authenticate: " + verdict.words, message_id::bad_profile);
  if (core::Port* const port = session->mka(); port != nullptr) port->on_credentials(verdict, asked, boot_time());
  settle(*session);
  flush();
}

// ---- after a call into a port ---------------------------------------------------------------------------------------

void Driver::settle(Session& session) {
  devices_->follow(session);
  if (core::Port* port = session.mka()) {
    while (const auto command = port->poll_eap()) eap_.ask(session.profile().name, *command);
    while (auto command = port->poll_radius()) radius_.ask(session.profile().name, std::move(*command));
    const std::uint64_t revision = port->supplicant_revision() + port->authenticator_revision();  // each only grows
    if (std::exchange(session.access_revision_, revision) != revision) {
      radius_.follow(session.profile().name, port->has_host(), port->host_left_by());
      mark_changed(session);
    }
    while (auto frame = port->poll_transmit())
      if (const Link* const parent = devices_->parent_of(session))
        wires_.queue(session.profile().mka.ethertype, parent->ifindex, std::move(*frame));
  }
  session.with_port([&](auto& port) {
    while (const auto event = port.poll_event()) tell(session, *event);
    timers_.set(session.protocol_alarm_, port.next_timeout());
    sampling_.set(session, port.sample_interval());
  });
}

void Driver::tell(Session& session, const core::Event& event) {
  if (event.kind == core::Event::Kind::snapshot_changed) return records_.mark(session);
  if (session.trace_.interested(event.kind)) session.trace_.event(event, session.status());
  mark_changed(session);
  if (observer_.event) untold_.emplace_back(&session, event);
}

void Driver::tell_observer() {
  for (const auto& [session, event] : std::exchange(untold_, {}))
    if (observer_.event) observer_.event(*session, event);
}

void Driver::mark_changed(Session& session) {
  if (session.changed_ || !observer_.changed) return;
  session.changed_ = true;
  changed_.push_back(&session);
  end_turn_source_.schedule();
}

void Driver::flush() {
  records_.flush();
  wires_.send();
  tell_observer();
  const std::optional<Time> next = next_deadline();
  if (next == armed_) return;
  armed_ = next;
  if (next)
    timer_source_.arm(*next);
  else
    timer_source_.disarm();
}

std::optional<Time> Driver::next_deadline() const {
  std::optional<Time> next = timers_.next();
  const auto consider = [&next](Time other) { next = next ? std::min(*next, other) : other; };
  if (const auto sample = sampling_.next()) consider(*sample);
  if (const auto spare = spares_->next_timeout()) consider(*spare);
  if (const auto left = records_.next()) consider(*left);
  return next;
}

void Driver::end_turn() {
  if (patterns_.take_changed())
    if (const auto problems = follow_profiles(); observer_.problems) observer_.problems(problems);
  devices_->reassert();
  for (Session* session : std::exchange(changed_, {})) {
    session->changed_ = false;
    if (observer_.changed) observer_.changed(*session);
  }
  flush();
}

// ---- commands -------------------------------------------------------------------------------------------------------

Session* Driver::find_interface(std::string_view interface) const noexcept {
  if (const Link* link = links_->find(interface); link != nullptr)
    if (Session* session = find_ifindex(link->ifindex); session != nullptr) return session;
  return sessions_.find_interface(std::string{interface});
}

Result<void> Driver::command(Session& session, const std::function<Result<void>(core::Port&, Time)>& what) {
  core::Port* const port = session.mka();
  if (port == nullptr) return fail(ENOTSUP, "the keys of this link are static");
  auto done = what(*port, boot_time());
  settle(session);
  flush();
  return done;
}

void Driver::set_enabled(Session& session, bool enabled) {
  session.enabled_ = enabled;
  patterns_.set_down(session.profile(), !enabled);
  session.with_port([&](auto& port) { port.set_enabled(enabled, boot_time()); });
  mark_changed(session);
  settle(session);
  flush();
}

Result<SecyCounters> Driver::counters(const Session& session) {
  if (session.ifindex() == 0) return fail(ENODEV, "the interface does not exist");
  auto found = kernel_->read(session.ifindex(), 1s);
  if (!found) return std::unexpected{found.error()};
  return found->counters;
}

}  // namespace macsec::os
