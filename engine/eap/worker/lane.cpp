// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/eap/worker/lane.hpp"

#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <sys/eventfd.h>
#include <system_error>
#include <thread>
#include <unistd.h>

namespace macsec::eap {
namespace {

std::atomic<std::size_t> running{0};

}  // namespace

Result<std::shared_ptr<Mailbox>> Mailbox::open() {
  FileDescriptor event{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  if (!event) return fail(errno, std::string{"cannot create an event descriptor: "} + std::strerror(errno));
  return std::shared_ptr<Mailbox>{new Mailbox{std::move(event)}};
}

void Mailbox::put(Letter letter) {
  const std::lock_guard lock{mutex_};
  letters_.push_back(std::move(letter));
  const std::uint64_t one = 1;
  static_cast<void>(::write(event_.get(), &one, sizeof one) == sizeof one);
}

void Mailbox::deliver() {
  std::vector<Letter> letters;
  {
    const std::lock_guard lock{mutex_};
    std::uint64_t count = 0;
    static_cast<void>(::read(event_.get(), &count, sizeof count) == sizeof count);
    letters.swap(letters_);
  }
  for (Letter& letter : letters) letter();
}

struct Lane::State {
  explicit State(std::shared_ptr<LaneGroup> of) noexcept : group{std::move(of)} {}

  std::shared_ptr<LaneGroup> group;
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<Work> waiting;
  bool working = false;
  bool closed = false;
};

Result<std::unique_ptr<Lane>> Lane::start(const std::shared_ptr<Mailbox>& mailbox,
                                          const std::shared_ptr<LaneGroup>& group) {
  if (group->hangs())
    return fail(EAGAIN,
                "the token that holds the private key does not answer: " + std::to_string(LaneGroup::most_hanging) +
                    " signatures that were given up still wait for it");
  if (group->running_ >= LaneGroup::most)
    return fail(EAGAIN, std::to_string(LaneGroup::most) + " signatures wait for the token that holds the private key");
  if (running >= most_threads) return fail(EAGAIN, std::to_string(most_threads) + " signatures wait for their tokens");
  auto state = std::make_shared<State>(group);
  ++running;
  ++group->running_;
  try {
    std::thread{[state, mailbox] {
      run(state, *mailbox);
      --state->group->running_;
      --running;
    }}.detach();
  } catch (const std::system_error& error) {
    --group->running_;
    --running;
    return fail(error.code().value(), std::string{"cannot start a thread: "} + error.what());
  }
  return std::unique_ptr<Lane>{new Lane{std::move(state)}};
}

Lane::~Lane() {
  const std::lock_guard lock{state_->mutex};
  state_->closed = true;
  if (state_->working) ++state_->group->hanging_;
  state_->waiting.clear();
  state_->changed.notify_one();
}

bool Lane::add(Work work) {
  const std::lock_guard lock{state_->mutex};
  if (state_->waiting.size() >= most_waiting) return false;
  state_->waiting.push_back(std::move(work));
  state_->changed.notify_one();
  return true;
}

bool Lane::busy() const {
  const std::lock_guard lock{state_->mutex};
  return state_->working || !state_->waiting.empty();
}

std::size_t Lane::threads() noexcept { return running; }

void Lane::run(const std::shared_ptr<State>& state, Mailbox& mailbox) {
  std::unique_lock lock{state->mutex};
  for (;;) {
    state->changed.wait(lock, [&state] { return state->closed || !state->waiting.empty(); });
    if (state->closed) return;
    Work work = std::move(state->waiting.front());
    state->waiting.pop_front();
    state->working = true;
    lock.unlock();
    Mailbox::Letter letter = work();
    work = {};  // what it held may be wiped before anybody looks for it
    lock.lock();
    state->working = false;
    if (state->closed) --state->group->hanging_;
    mailbox.put(std::move(letter));
  }
}

}  // namespace macsec::eap
