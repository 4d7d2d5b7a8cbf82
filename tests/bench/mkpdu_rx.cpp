// SPDX-License-Identifier: LGPL-2.1-or-later
/// What a received MKPDU costs, beside OpenSSL's bare AES-CMAC over the octets its ICV covers. Two ports agree on a
/// SAK, then one of them is fed the other's hellos, each with a new MN: everything from the frame to the next
/// timeout is counted. Prints the median of the runs as JSON, for the key server or the other, whichever is slower.
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <numeric>

#include "engine/base/handle.hpp"
#include "engine/core/port.hpp"
#include "tests/sim/fake_secy.hpp"
#include "tests/sim/sim_random.hpp"

namespace {

using namespace macsec;
using namespace std::chrono_literals;

constexpr std::size_t frames_per_batch = 500;
constexpr std::size_t batches = 201;

[[noreturn]] void give_up(const char* why) {
  std::fprintf(stderr, "bench-mkpdu-rx: %s\n", why);
  std::exit(1);
}

struct NoTrace final : Trace {
  void record(const TraceRecord& /*record*/) override {}
};

std::vector<std::uint8_t> counting(std::uint8_t first, std::size_t size) {
  std::vector<std::uint8_t> out(size);
  std::iota(out.begin(), out.end(), first);
  return out;
}

const std::vector<std::uint8_t> cak_octets = counting(0x10, 16);
const std::vector<std::uint8_t> ckn_octets = counting(0x60, 16);

ProfilePointer profile(std::uint8_t priority) {
  auto made = std::make_shared<Profile>();
  made->name = made->link.parent = made->link.interface = "bench";
  made->mka.priority = priority;
  made->keys.push_back(
      {.ckn = *Ckn::from(ckn_octets), .cak = Secret<32>{cak_octets}, .not_before = {}, .not_after = {}});
  return made;
}

crypto::IcvKey icv_key() {
  const auto ick = crypto::derive_ick(crypto::Cak{cak_octets}, *Ckn::from(ckn_octets));
  if (!ick) give_up("no ICK");
  auto key = crypto::IcvKey::from(*ick);
  if (!key) give_up("no ICV key");
  return std::move(*key);
}

class Member {
 public:
  Member(sim::World& world, std::uint8_t number, std::uint8_t priority)
      : mac_{{2, 0, 0, 0, 0, number}},
        random_{number},
        secy_{world, number, Sci::of(mac_, 1)},
        port_{profile(priority), secy_, random_, trace_} {
    port_.on_link({.present = true, .carrier = true, .mac = mac_, .sci = Sci::of(mac_, 1), .speed = 1'000'000'000}, {});
  }

  core::Port& port() noexcept { return port_; }
  /// What the event loop does after each call: the frames are the caller's.
  void drain(std::vector<core::Frame>& frames) {
    while (auto frame = port_.poll_transmit()) frames.push_back(std::move(*frame));
    while (port_.poll_event()) {
    }
  }

 private:
  MacAddress mac_;
  NoTrace trace_;
  sim::SimRandom random_;
  sim::FakeSecy secy_;
  core::Port port_;
};

/// Two members on a wire without delay.
class Link {
 public:
  /// The port measured is the key server or not.
  explicit Link(bool server) : ours_{world_, 1, server ? std::uint8_t{1} : std::uint8_t{9}}, peer_{world_, 2, 5} {}

  void run_until(Time end) {
    exchange();
    while (true) {
      const auto one = ours_.port().next_timeout();
      const auto other = peer_.port().next_timeout();
      const Time next = std::min(one.value_or(end), other.value_or(end));
      if (next >= end) break;
      now_ = std::max(now_, next);
      ours_.port().on_timeout(now_);
      peer_.port().on_timeout(now_);
      exchange();
    }
    now_ = end;
  }
  core::Port& ours() noexcept { return ours_.port(); }
  Member& measured() noexcept { return ours_; }
  [[nodiscard]] const core::Frame& last_from_peer() const noexcept { return last_from_peer_; }
  [[nodiscard]] Time now() const noexcept { return now_; }

 private:
  void exchange() {
    std::vector<core::Frame> from_us;
    std::vector<core::Frame> from_peer;
    do {
      from_us.clear();
      from_peer.clear();
      ours_.drain(from_us);
      peer_.drain(from_peer);
      if (!from_peer.empty()) last_from_peer_ = from_peer.back();
      for (const core::Frame& frame : from_us) peer_.port().on_frame(frame, now_);
      for (const core::Frame& frame : from_peer) ours_.port().on_frame(frame, now_);
    } while (!from_us.empty() || !from_peer.empty());
  }

  sim::World world_;
  Member ours_;
  Member peer_;
  Time now_;
  core::Frame last_from_peer_;
};

/// Copies of one MKPDU with MNs that count up, each with its ICV.
class Hellos {
 public:
  explicit Hellos(core::Frame frame) : frame_{std::move(frame)} {}

  void refill(std::vector<core::Frame>& out) {
    constexpr std::size_t mn_at = ethernet_header_size + eapol_header_size + 24;
    out.resize(frames_per_batch, frame_);
    for (core::Frame& frame : out) {
      Reader last{Bytes{frame_}.subspan(mn_at)};
      Writer{MutableBytes{frame_}.subspan(mn_at)}.u32(last.u32() + 1);
      const auto icv = key_.compute(Bytes{frame_}.first(frame_.size() - icv_size));
      if (!icv) give_up("no ICV");
      std::copy(icv->begin(), icv->end(), frame_.end() - static_cast<std::ptrdiff_t>(icv_size));
      frame = frame_;
    }
  }

 private:
  core::Frame frame_;
  crypto::IcvKey key_ = icv_key();
};

/// The library's own CMAC, keyed once.
class BareCmac {
 public:
  BareCmac() {
    const auto ick = crypto::derive_ick(crypto::Cak{cak_octets}, *Ckn::from(ckn_octets));
    char cipher[] = "AES-128-CBC";
    const std::array parameters{OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_CIPHER, cipher, 0),
                                OSSL_PARAM_construct_end()};
    if (!ick || !context_ || EVP_MAC_init(context_.get(), ick->expose().data(), ick->size(), parameters.data()) != 1)
      give_up("no AES-CMAC");
  }
  void operator()(Bytes data) {
    std::array<std::uint8_t, icv_size> icv{};
    std::size_t size = 0;
    if (EVP_MAC_init(context_.get(), nullptr, 0, nullptr) != 1 ||
        EVP_MAC_update(context_.get(), data.data(), data.size()) != 1 ||
        EVP_MAC_final(context_.get(), icv.data(), &size, icv.size()) != 1)
      give_up("AES-CMAC failed");
  }

 private:
  std::unique_ptr<EVP_MAC, Releases<EVP_MAC_free>> mac_{EVP_MAC_fetch(nullptr, "CMAC", nullptr)};
  std::unique_ptr<EVP_MAC_CTX, Releases<EVP_MAC_CTX_free>> context_{EVP_MAC_CTX_new(mac_.get())};
};

double per_second(const std::function<void()>& batch) {
  const auto begin = std::chrono::steady_clock::now();
  batch();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  return static_cast<double>(frames_per_batch) / took.count();
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

struct Figures {
  double cmac = 0;
  double port = 0;
  std::size_t frame_size = 0;
  [[nodiscard]] double share() const noexcept { return port / cmac; }
};

Figures measure(bool server) {
  Link link{server};
  link.run_until(Time{10s});
  if (link.ours().status().state != core::PortState::secured || link.ours().status().is_key_server != server)
    give_up("the ports did not secure their link");
  Hellos hellos{link.last_from_peer()};
  BareCmac cmac;
  Time now = link.now();
  std::vector<core::Frame> frames;
  std::vector<core::Frame> sent;
  std::vector<double> cmac_rates;
  std::vector<double> port_rates;
  const std::uint64_t before = link.ours().status().counters.mkpdu_rx;
  for (std::size_t i = 0; i < batches; ++i) {
    hellos.refill(frames);
    cmac_rates.push_back(per_second([&] {
      for (const core::Frame& frame : frames) cmac(Bytes{frame}.first(frame.size() - icv_size));
    }));
    port_rates.push_back(per_second([&] {
      for (const core::Frame& frame : frames) {
        // So fast that no hello falls due between: those are not what is measured.
        link.ours().on_frame(frame, now += 1us);
        link.measured().drain(sent);
        static_cast<void>(link.ours().next_timeout());
      }
    }));
  }
  if (link.ours().status().counters.mkpdu_rx - before != batches * frames_per_batch)
    give_up("the port did not accept every MKPDU");
  return {.cmac = median(cmac_rates), .port = median(port_rates), .frame_size = link.last_from_peer().size()};
}

}  // namespace

int main() {
  const Figures server = measure(true);
  const Figures other = measure(false);
  const Figures& slower = server.share() < other.share() ? server : other;
  std::printf("{\"cmac_per_second\": %.0f, \"port_per_second\": %.0f, \"share\": %.3f, \"frame_size\": %zu}\n",
              slower.cmac, slower.port, slower.share(), slower.frame_size);
}
