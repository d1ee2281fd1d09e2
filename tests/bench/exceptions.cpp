// An exception that passes through ten frames.
//
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

#include <coroutine>
#include <exception>
#include <stdexcept>
#include <utility>

#include "bare.hpp"
#include "bench.hpp"

namespace {

using bench::Load;

constexpr int kFrames = 10;

struct Failure : std::exception {};

namespace ours {

eddy::Task<int> fail_below(int depth) {
  if (depth == 1) throw Failure();
  co_return co_await fail_below(depth - 1);
}

eddy::Task<> catch_all(std::size_t count) {
  std::size_t caught = 0;
  for (std::size_t i = 0; i < count; ++i) {
    try {
      bench::keep(co_await fail_below(kFrames));
    } catch (const Failure&) {
      ++caught;
    }
  }
  bench::keep(caught);
}

}  // namespace ours

namespace by_hand {

// bench::bare::Task with a place for an exception.
class Task {
 public:
  struct promise_type : bench::bare::Pooled {
    std::coroutine_handle<> parent;
    std::exception_ptr error;
    int value = 0;

    Task get_return_object() noexcept { return Task(std::coroutine_handle<promise_type>::from_promise(*this)); }
    std::suspend_always initial_suspend() const noexcept { return {}; }
    struct Final {
      bool await_ready() const noexcept { return false; }
      std::coroutine_handle<> await_suspend(std::coroutine_handle<promise_type> self) const noexcept {
        return self.promise().parent;
      }
      void await_resume() const noexcept {}
    };
    Final final_suspend() const noexcept { return {}; }
    void return_value(int result) noexcept { value = result; }
    void unhandled_exception() noexcept { error = std::current_exception(); }
  };

  explicit Task(std::coroutine_handle<promise_type> handle) noexcept : handle_(handle) {}
  Task(const Task&) = delete;
  Task& operator=(const Task&) = delete;
  ~Task() { handle_.destroy(); }
  bool await_ready() const noexcept { return false; }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<> parent) const noexcept {
    handle_.promise().parent = parent;
    return handle_;
  }
  int await_resume() const {
    if (handle_.promise().error) std::rethrow_exception(std::move(handle_.promise().error));
    return handle_.promise().value;
  }

 private:
  std::coroutine_handle<promise_type> handle_;
};

Task fail_below(int depth) {
  if (depth == 1) throw Failure();
  co_return co_await fail_below(depth - 1);
}

bench::bare::Job catch_all(std::size_t count) {
  std::size_t caught = 0;
  for (std::size_t i = 0; i < count; ++i) {
    try {
      bench::keep(co_await fail_below(kFrames));
    } catch (const Failure&) {
      ++caught;
    }
  }
  bench::keep(caught);
}

}  // namespace by_hand

}  // namespace

void bench::add_exception_workloads(Workloads& all) {
  all.push_back({.name = "exceptions", .operation = "an exception thrown through ten tasks and caught", .operations = 20'000,
                 .run = [](const Load& load) { eddy::run(ours::catch_all(load.operations)); },
                 .floor =
                     [](const Load& load) {
                       bench::bare::spawn(by_hand::catch_all(load.operations));
                       bench::bare::run_ready();
                     },
                 .counted = 1000, .grows = false});
}
