// ThreadPool: threads that run blocking work for a loop.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/error.hpp>
#include <eddy/base/intrusive_list.hpp>
#include <eddy/loop/fork_guard.hpp>

#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <utility>

namespace eddy::inline EDDY_ABI {

namespace detail {

// Work for a pool. It belongs to whoever submitted it, who must keep it until `run` has returned or `take_back` has said
// that it will never be called.
struct PoolJob : ListHook {
  virtual void run() noexcept = 0;
  bool queued = false;  // guarded by the pool's mutex

 protected:
  PoolJob() = default;
  ~PoolJob() = default;
};

// What the pool's threads share; it lives until the last of them has ended.
struct PoolState {
  std::mutex mutex;
  std::condition_variable work;
  std::condition_variable ended;
  IntrusiveList<PoolJob> jobs;
  std::size_t waiting = 0;  // jobs in the list
  std::size_t threads = 0;
  std::size_t idle = 0;
  std::size_t most = 0;
  bool closing = false;
  ForkGuard fork_guard;  // the threads are not in a forked child, where one may hold the mutex for ever
  void (*on_end)(void*) noexcept = nullptr;  // called when the last thread has ended after `closing`
  void* on_end_argument = nullptr;

  void serve(std::unique_lock<std::mutex>& lock) {
    for (;;) {
      ++idle;
      work.wait(lock, [this] { return waiting > 0 || closing; });
      --idle;
      if (waiting == 0) return;
      PoolJob* job = jobs.pop_front();
      --waiting;
      job->queued = false;
      lock.unlock();
      job->run();  // the job may be gone now
      lock.lock();
    }
  }
};

}  // namespace detail

/// Threads that run blocking functions. They are started when they are needed, up to `max_threads`, and wait for more
/// work afterwards. Jobs start in the order in which they were given.
/// Threads: may be used from several loops at a time. Source: concurrent.futures.ThreadPoolExecutor.
class ThreadPool {
 public:
  /// A pool of at most `max_threads`; by default as many as asyncio's: processors + 4, 32 at most. Errors:
  /// std::invalid_argument for zero.
  explicit ThreadPool(std::size_t max_threads = default_size()) : state_(std::make_shared<detail::PoolState>()) {
    if (max_threads == 0) throw std::invalid_argument("eddy: a ThreadPool needs at least one thread");
    state_->most = max_threads;
  }
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;
  /// Lets the jobs that were given finish and waits for the threads. Idle threads end at once, so this blocks only if a job
  /// still runs, which it does not when every `run_in_executor` was awaited.
  ~ThreadPool() {
    if (state_->fork_guard.in_child()) return;
    shutdown();
    std::unique_lock lock(state_->mutex);
    state_->ended.wait(lock, [this] { return state_->threads == 0; });
  }

  /// Takes no more jobs; those that were given are finished. Does not wait.
  void shutdown() noexcept {
    const std::lock_guard lock(state_->mutex);
    state_->closing = true;
    state_->work.notify_all();
  }
  /// The most threads that it starts.
  [[nodiscard]] std::size_t max_threads() const noexcept { return state_->most; }
  /// The threads that run now, busy or idle.
  [[nodiscard]] std::size_t thread_count() const noexcept {
    const std::lock_guard lock(state_->mutex);
    return state_->threads;
  }
  /// As many threads as asyncio's default executor has.
  [[nodiscard]] static std::size_t default_size() noexcept {
    const std::size_t processors = std::thread::hardware_concurrency();
    return processors + 4 < 32 ? processors + 4 : 32;
  }

  // What the rest of the library uses; not for programs.
  struct Internals;

 private:
  std::shared_ptr<detail::PoolState> state_;
};

struct ThreadPool::Internals {
  static const std::shared_ptr<detail::PoolState>& state(ThreadPool& pool) noexcept { return pool.state_; }

  // Queues a job, and starts a thread if none is idle. Errors: RuntimeError after shutdown and in a forked child;
  // std::system_error if there is no thread at all to run it.
  static void submit(const std::shared_ptr<detail::PoolState>& state, detail::PoolJob* job) {
    if (state->fork_guard.in_child())
      throw RuntimeError("eddy: a thread pool has no threads in a forked child; make another one there");
    const std::lock_guard lock(state->mutex);
    if (state->closing) throw RuntimeError("eddy: the thread pool was shut down and takes no more work");
    state->jobs.push_back(job);
    job->queued = true;
    ++state->waiting;
    if (state->idle >= state->waiting || state->threads == state->most) {
      state->work.notify_one();
      return;
    }
    try {
      std::thread([state] {
        std::unique_lock inner(state->mutex);
        state->serve(inner);
        --state->threads;
        if (state->threads == 0 && state->on_end != nullptr) state->on_end(state->on_end_argument);
        state->ended.notify_all();
      }).detach();
      ++state->threads;
    } catch (...) {
      if (state->threads > 0) return;  // it waits for one of those
      state->jobs.remove(job);
      job->queued = false;
      --state->waiting;
      throw;
    }
  }
  // Takes a job back that has not started.
  static bool take_back(const std::shared_ptr<detail::PoolState>& state, detail::PoolJob* job) noexcept {
    const std::lock_guard lock(state->mutex);
    if (!job->queued) return false;
    state->jobs.remove(job);
    job->queued = false;
    --state->waiting;
    return true;
  }
};

}  // namespace eddy::inline EDDY_ABI
