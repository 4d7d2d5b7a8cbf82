// SPDX-License-Identifier: LGPL-2.1-or-later
/// A host: one core::Port, driven as the daemon drives it, over a FakeSecy that outlives it.
#pragma once

#include "engine/core/port.hpp"
#include "tests/sim/virtual_lan.hpp"

#include <array>

namespace macsec::sim {

struct HostOptions {
  ProfilePointer profile;
  std::int64_t clock_offset = 86'400'000'003;  ///< microseconds: boot time when the simulation began
  int clock_ppm = 0;
  std::uint64_t speed = 0;  ///< bit/s
  std::uint64_t seed = 1;
};

class Host final : public Station {
 public:
  Host(VirtualLan& lan, Index index, HostOptions options);

  // Station
  void on_frame(Bytes frame) override;
  void on_carrier(bool up) override;
  [[nodiscard]] Instant wake() const override { return wake_; }
  void on_wake() override;
  [[nodiscard]] bool claims_secured() const override;

  /// Somebody sets the macsec device down, or up.
  void set_device_up(bool up);
  /// Another program deletes the macsec device; its parent stays.
  void remove_device();
  /// Down and up again before anybody looks: only the kernel's count tells.
  void cycle_device();
  /// The link changes its speed.
  void set_speed(std::uint64_t speed);
  /// Something keeps the frames of key agreement from it; empty: no more.
  void set_obstacle(std::string obstacle);
  enum class Memory : std::uint8_t { kept, lost };
  /// The process starts. `memory` says whether it finds its snapshot.
  void start(Memory memory = Memory::kept);
  /// The process dies; the kernel goes on.
  void crash();
  /// Dies just before the next snapshot would be written: the kernel is ahead of what was saved, nothing left the host.
  void crash_before_saving() noexcept { doomed_ = true; }
  [[nodiscard]] bool doomed() const noexcept { return doomed_; }
  /// Takes crash_before_saving() back.
  void spare() noexcept { doomed_ = false; }
  /// Power cycle: process, snapshot and kernel are gone.
  void reboot();
  [[nodiscard]] bool running() const noexcept { return port_ != nullptr; }

  [[nodiscard]] core::Port& port() { return *port_; }
  [[nodiscard]] const core::Port& port() const { return *port_; }
  [[nodiscard]] core::PortStatus status() const { return port_->status(); }
  [[nodiscard]] core::PortState state() const { return port_->status().state; }
  /// The member's own time.
  [[nodiscard]] Time now() const { return clock_.local(world_.now); }

  // Commands: the call, then what follows from it.
  Result<void> rekey();
  Result<void> suspend(Duration span);
  Result<void> retire_key(const Ckn& ckn, Duration timeout, core::Retirement how = core::Retirement::when_proved);
  Result<void> keep_key(const Ckn& ckn);
  void set_enabled(bool enabled);
  Result<void> reauthenticate();
  Result<void> log_off();
  Result<void> terminate();
  /// Hears what the port asks of macsec-eap.
  std::function<void(core::EapCommand)> on_eap_command;
  /// macsec-eap says something; nothing where no process hears it.
  void report(core::EapReport report);
  /// macsec-eap has opened what the profile names; `asked`: for a reload.
  void take_credentials(const EapVerdict& verdict, bool asked = false);
  /// The same of the RADIUS client.
  std::function<void(core::RadiusCommand)> on_radius_command;
  void report(core::RadiusReport report);
  void reconfigure(ProfilePointer profile);
  /// Another address of the parent; told with the next change of the link.
  void take_address(const MacAddress& mac) noexcept { mac_ = mac; }
  /// The profile is another one when the process starts next.
  void edit_profile(ProfilePointer profile);
  /// The one in force.
  [[nodiscard]] const Profile& profile() const noexcept { return port_ ? port_->profile() : *options_.profile; }
  /// Sets the wall clock: `unix_seconds` is the time now.
  void set_wall_clock(std::int64_t unix_seconds);
  [[nodiscard]] std::int64_t wall_clock() const {
    return std::chrono::floor<std::chrono::seconds>(now() - wall_epoch_).count();
  }

  [[nodiscard]] std::uint64_t events(core::Event::Kind kind) const noexcept {
    return events_[static_cast<std::size_t>(kind)];
  }
  [[nodiscard]] std::uint64_t mkpdus_sent() const noexcept { return mkpdus_sent_; }
  /// Most MKPDUs sent within one second since the last question.
  unsigned take_busiest_second() noexcept { return std::exchange(busiest_second_, 0U); }
  /// What the process would find when it starts.
  [[nodiscard]] core::Snapshot& saved() noexcept { return saved_; }
  /// The last sentence of the events of this kind.
  [[nodiscard]] const std::string& said(core::Event::Kind kind) { return said_[kind]; }

 private:
  void settle();
  void take_event(const core::Event& event);
  void count_mkpdu(Bytes frame);
  void note_keys_made();
  void judge_transmit_start();
  void judge_status();
  [[nodiscard]] core::LinkState link() const;

  VirtualLan& lan_;
  HostOptions options_;
  bool device_there_ = true;
  bool device_up_ = true;
  std::uint32_t carrier_losses_ = 0;
  std::uint32_t device_losses_ = 0;
  std::string obstacle_;
  SkewedClock clock_;
  SimTrace trace_;
  std::unique_ptr<SimRandom> random_;
  std::unique_ptr<core::Port> port_;
  core::Snapshot saved_;
  core::KeptSession kept_session_;  ///< what the service manager holds
  bool saved_any_ = false;
  bool doomed_ = false;
  unsigned starts_ = 0;
  Time wall_epoch_{};

  Instant wake_ = never;
  Instant port_due_ = never;
  Instant sample_due_ = never;
  Instant last_sample_ = 0;
  Instant busy_until_ = 0;
  std::vector<std::vector<std::uint8_t>> inbox_;
  std::vector<core::Frame> outbox_;
  std::size_t keys_seen_ = 0;
  std::uint64_t judged_calls_ = 0;

  std::array<std::uint64_t, 32> events_{};
  std::map<core::Event::Kind, std::string> said_;
  std::uint64_t mkpdus_sent_ = 0;
  Instant second_began_ = 0;
  unsigned this_second_ = 0;
  unsigned busiest_second_ = 0;
};

}  // namespace macsec::sim
