// Cancelling: batches of sleeping tasks, from their spawn to their end.
//
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

#include <chrono>
#include <vector>

#include "bare.hpp"
#include "bench.hpp"

namespace {

using bench::Load;
using namespace std::chrono_literals;

namespace ours {

eddy::Task<> sleeper() { co_await eddy::sleep(1h); }

eddy::Task<> cancel_all(std::size_t width, std::size_t rounds) {
  std::vector<eddy::TaskHandle<>> handles;
  handles.reserve(width);
  for (std::size_t i = 0; i < rounds; ++i) {
    for (std::size_t j = 0; j < width; ++j) handles.push_back(eddy::create_task(sleeper()));
    co_await eddy::yield();
    for (auto& handle : handles) handle.cancel();
    co_await eddy::yield();
    for (auto& handle : handles) {
      if (!handle.cancelled()) std::abort();
    }
    handles.clear();
  }
}

}  // namespace ours

namespace by_hand {

using bench::bare::Job;
using bench::bare::WheelNode;

struct Sleep {
  WheelNode& slot;
  WheelNode*& sleeping;  // how the canceller finds it
  WheelNode node;
  Sleep(WheelNode& list, WheelNode*& where) noexcept : slot(list), sleeping(where) {}
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> handle) noexcept {
    node.handle = handle;
    node.link(slot);
    sleeping = &node;
  }
  void await_resume() const noexcept {}
};

Job sleeper(WheelNode& slot, WheelNode*& sleeping) { co_await Sleep(slot, sleeping); }

void cancel_all(const Load& load) {
  WheelNode slot;
  std::vector<WheelNode*> sleeping(load.width);
  for (std::size_t i = 0; i < load.rounds(); ++i) {
    for (std::size_t j = 0; j < load.width; ++j) spawn(sleeper(slot, sleeping[j]));
    bench::bare::run_ready();
    for (WheelNode* node : sleeping) {
      node->unlink();
      node->handle.destroy();
    }
  }
}

}  // namespace by_hand

}  // namespace

void bench::add_cancel_workloads(Workloads& all) {
  all.push_back({.name = "cancel", .operation = "a task that is created, sleeps, is cancelled and has ended",
                 .operations = 2'000'000, .width = 1000,
                 .run = [](const Load& load) { eddy::run(ours::cancel_all(load.width, load.rounds())); },
                 .floor = by_hand::cancel_all, .known_floor = 8.7});
}
