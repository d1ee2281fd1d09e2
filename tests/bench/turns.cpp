// Turns: a thousand tasks that yield, and a thousand that share ten permits.
//
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

#include <vector>

#include "bare.hpp"
#include "bench.hpp"

namespace {

using bench::Load;

constexpr std::size_t kPermits = 10;

namespace ours {

eddy::Task<> yield_often(std::size_t turns) {
  for (std::size_t i = 0; i < turns; ++i) co_await eddy::yield();
}

eddy::Task<> enter_often(eddy::Semaphore& permits, std::size_t turns) {
  for (std::size_t i = 0; i < turns; ++i) {
    auto permit = co_await permits.scoped();
    co_await eddy::yield();
  }
}

eddy::Task<> yielders(std::size_t width, std::size_t turns) {
  std::vector<eddy::Task<>> tasks;
  tasks.reserve(width);
  for (std::size_t i = 0; i < width; ++i) tasks.push_back(yield_often(turns));
  co_await eddy::gather(std::move(tasks));
}

eddy::Task<> enterers(std::size_t width, std::size_t turns) {
  eddy::Semaphore permits(kPermits);
  std::vector<eddy::Task<>> tasks;
  tasks.reserve(width);
  for (std::size_t i = 0; i < width; ++i) tasks.push_back(enter_often(permits, turns));
  co_await eddy::gather(std::move(tasks));
}

}  // namespace ours

namespace by_hand {

using bench::bare::Fifo;
using bench::bare::Job;
using bench::bare::Node;
using bench::bare::Yield;

Job yield_often(std::size_t turns) {
  for (std::size_t i = 0; i < turns; ++i) co_await Yield{};
}

struct Semaphore {
  std::size_t permits = kPermits;
  Fifo waiters;
  void release() noexcept {
    if (Node* waiter = waiters.pop()) {
      bench::bare::ready.push(waiter);  // the permit is handed over
    } else {
      ++permits;
    }
  }
};

struct Acquire {
  Semaphore& semaphore;
  Node node = {};
  bool await_ready() const noexcept {
    if (semaphore.permits == 0) return false;
    --semaphore.permits;
    return true;
  }
  void await_suspend(std::coroutine_handle<> handle) noexcept {
    node.handle = handle;
    semaphore.waiters.push(&node);
  }
  void await_resume() const noexcept {}
};

Job enter_often(Semaphore& semaphore, std::size_t turns) {
  for (std::size_t i = 0; i < turns; ++i) {
    co_await Acquire{semaphore};
    co_await Yield{};
    semaphore.release();
  }
}

void yielders(const Load& load) {
  for (std::size_t i = 0; i < load.width; ++i) spawn(yield_often(load.rounds()));
  bench::bare::run_ready();
}

void enterers(const Load& load) {
  Semaphore semaphore;
  for (std::size_t i = 0; i < load.width; ++i) spawn(enter_often(semaphore, load.rounds()));
  bench::bare::run_ready();
}

}  // namespace by_hand

}  // namespace

void bench::add_turn_workloads(Workloads& all) {
  all.push_back({.name = "yield", .operation = "one task's yield, all tasks in turn", .operations = 10'000'000, .width = 1000,
                 .run = [](const Load& load) { eddy::run(ours::yielders(load.width, load.rounds())); },
                 .floor = by_hand::yielders, .known_floor = 3.8});
  all.push_back({.name = "semaphore", .operation = "a permit acquired, kept for a turn and released", .operations = 4'000'000,
                 .width = 1000, .run = [](const Load& load) { eddy::run(ours::enterers(load.width, load.rounds())); },
                 .floor = by_hand::enterers, .known_floor = 8.3});
}
