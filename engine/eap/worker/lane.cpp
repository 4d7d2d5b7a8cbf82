// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/eap/worker/lane.hpp"

#include <atomic>
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
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<Work> waiting;
  bool working = false;
  bool closed = false;
};

Result<std::unique_ptr<Lane>> Lane::start(const std::shared_ptr<Mailbox>& mailbox) {
  if (running >= most_threads) return fail(EAGAIN, std::to_string(most_threads) + " signatures wait for their tokens");
  auto state = std::make_shared<State>();
  ++running;
  try {
    std::thread{[state, mailbox] {
      run(state, *mailbox);
      --running;
    }}.detach();
  } catch (const std::system_error& error) {
    --running;
    return fail(error.code().value(), std::string{"cannot start a thread: "} + error.what());
  }
  return std::unique_ptr<Lane>{new Lane{std::move(state)}};
}

Lane::~Lane() {
  const std::lock_guard lock{state_->mutex};
  state_->closed = true;
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
    mailbox.put(std::move(letter));
  }
}

}  // namespace macsec::eap
