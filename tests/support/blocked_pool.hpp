// BlockedPool: all threads of the loop's pool wait at a gate, so that other jobs wait for a thread.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/threads.hpp>

#include "support/gate.hpp"
#include "support/run.hpp"

#include <atomic>
#include <cstddef>
#include <memory>
#include <stop_token>
#include <vector>

namespace test {

class BlockedPool {
public:
  BlockedPool() = default;
  BlockedPool(const BlockedPool&) = delete;
  BlockedPool& operator=(const BlockedPool&) = delete;
  ~BlockedPool() { state_->gate.open(); }
  // Completes when every thread waits.
  eddy::Task<> block() {
    const std::size_t threads = eddy::ThreadPool::default_size();
    for (std::size_t i = 0; i < threads; ++i) tasks_.push_back(eddy::create_task(wait_in_thread(state_)));
    while (state_->waiting < threads) co_await eddy::yield();
  }
  // Completes when every thread has gone on.
  eddy::Task<> open() {
    state_->gate.open();
    for (auto& task : tasks_) co_await task;
    tasks_.clear();
  }

private:
  struct State {
    Gate gate;
    std::atomic<std::size_t> waiting = 0;
  };
  static void wait(const std::stop_token& stop, const std::shared_ptr<State>& state) {
    const std::stop_callback open_for_a_cancel(stop, [&] { state->gate.open(); });
    ++state->waiting;
    state->gate.wait();
  }
  static eddy::Task<> wait_in_thread(std::shared_ptr<State> state) {
    co_await eddy::to_thread(&BlockedPool::wait, state);
  }

  std::shared_ptr<State> state_ = std::make_shared<State>();
  std::vector<eddy::TaskHandle<>> tasks_;
};

}  // namespace test
