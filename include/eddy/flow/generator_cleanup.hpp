// on_close: cleanup that a generator registers, and that runs, masked from cancellation, when the generator ends.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/callback.hpp>
#include <eddy/base/nested_error.hpp>
#include <eddy/loop/context.hpp>
#include <eddy/task/child_group.hpp>
#include <eddy/task/create_task.hpp>
#include <eddy/task/current_task.hpp>

#include <coroutine>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

namespace eddy::inline EDDY_ABI {

namespace detail {

[[noreturn]] EDDY_COLD inline void die(const char* sentence) noexcept {
  std::fprintf(stderr, "%s\n", sentence);
  std::terminate();
}

// What follows are templates of the type of a cleanup, which is always Callback<Task<>()>, so that only who has a generator
// compiles them.

// Runs the cleanups, the last registered first. All run; the first error is thrown at the end.
template <class Cleanup>
Task<> run_cleanups(std::vector<Cleanup> cleanups) {
  std::exception_ptr error;
  while (!cleanups.empty()) {
    try {
      Task<> cleanup = cleanups.back()();
      co_await std::move(cleanup);
    } catch (...) {
      if (!error) error = std::current_exception();
    }
    cleanups.pop_back();
  }
  if (error) std::rethrow_exception(error);
}

// Runs cleanups as a strand that a cancel of the waiting task does not reach.
template <class Cleanup>
class CleanupGroup : public ChildGroup {
 public:
  CleanupGroup() = default;

  // Parks `frame` until the cleanups have run.
  void run_before(Frame* frame, std::vector<Cleanup> cleanups) {
    child_.emplace(run_cleanups(std::move(cleanups)));
    parent = frame;
    park_masked(frame, this);
    start_child(child_->frame(), false);
  }
  [[nodiscard]] std::exception_ptr take_error() {
    return child_ && !child_->has_value() ? child_->take_error() : nullptr;
  }

 protected:
  ~CleanupGroup() = default;

 private:
  void child_done(Frame* child) noexcept override {
    child_ended(child);
    resume_parent();
  }
  [[nodiscard]] const char* waits_for() const noexcept override { return "a generator's cleanup"; }
  std::optional<ChildSlot<typename std::invoke_result_t<Cleanup&>::value_type>> child_;
};

// Runs cleanups on the loop, for a generator that was dropped or stopped. The end of `run` waits for it.
template <class Cleanup>
void run_cleanups_on_loop(std::vector<Cleanup> cleanups) noexcept {
  EventLoop* loop = running_loop_slot();
  if (loop == nullptr) return;
  try {
    // Nobody could close one that goes because its task is stopped.
    if (loop->get_debug() && !current_task().unwinding())
      report(loop, "a generator with cleanup or running tasks was dropped before its end; close it with aclose()", nullptr);
    Task<> task = run_cleanups(std::move(cleanups));
    start_strand(*loop, TaskAccess::release(task));
  } catch (...) {
    report(loop, "the cleanup of a dropped generator could not be started", std::current_exception());
  }
}

// The cleanups of one generator; nothing is allocated until there is one.
template <class Cleanup = Callback<Task<>()>>
class GeneratorCleanups {
 public:
  GeneratorCleanups() noexcept = default;
  GeneratorCleanups(GeneratorCleanups&&) noexcept = default;
  GeneratorCleanups& operator=(GeneratorCleanups&&) noexcept = default;
  ~GeneratorCleanups() {
    if (state_ && !state_->list.empty()) run_cleanups_on_loop(std::move(state_->list));
  }

  [[nodiscard]] bool empty() const noexcept { return !state_ || state_->list.empty(); }
  void add(Cleanup cleanup) {
    if (!state_) state_ = LocalPointer<State>(new State);
    state_->list.push_back(std::move(cleanup));
  }
  // There are some.
  std::vector<Cleanup> take() { return std::exchange(state_->list, {}); }
  // Parks the consumer until the cleanups have run. If they cannot even be started, that becomes their error.
  void run_before(Frame* consumer) noexcept {
    try {
      state_->group.run_before(consumer, take());
    } catch (...) {
      state_->error = std::current_exception();
      consumer->root->leaf = consumer;
      consumer->root->loop->ready.push(static_cast<ReadyNode*>(consumer->root));
      consumer->root->state = detail::State::ready;
    }
  }
  // Throws the cleanups' error, with `displaced` nested into it.
  void throw_error(const std::exception_ptr& displaced) {
    if (!state_) return;
    std::exception_ptr error = state_->error ? std::exchange(state_->error, nullptr) : state_->group.take_error();
    if (error) {
      throw_displacing(std::move(error), displaced, [](std::exception_ptr lost) {
        report(running_loop_slot(), "a generator's cleanup failed after its body had failed with this", std::move(lost));
      });
    }
  }

 private:
  struct Group final : CleanupGroup<Cleanup> {};
  struct State {
    std::uint32_t references = 0;
    std::vector<Cleanup> list;
    Group group;
    std::exception_ptr error;
  };
  LocalPointer<State> state_;
};

// For `co_await generator.aclose()`.
template <class Cleanup = Callback<Task<>()>>
class [[nodiscard("aclose does nothing until it is awaited: co_await it")]] CleanupAwaiter final : public CleanupGroup<Cleanup> {
 public:
  using Cleanups = GeneratorCleanups<Cleanup>;
  explicit CleanupAwaiter(Cleanups cleanups) noexcept : cleanups_(std::move(cleanups)) {}
  CleanupAwaiter(CleanupAwaiter&& other) noexcept : CleanupGroup<Cleanup>(), cleanups_(std::move(other.cleanups_)) {}
  [[nodiscard]] bool await_ready() const noexcept { return cleanups_.empty(); }
  template <class P>
  EDDY_SUSPEND void await_suspend(std::coroutine_handle<P> handle) {
    this->run_before(frame_of(handle), cleanups_.take());
  }
  void await_resume() {
    if (std::exception_ptr error = this->take_error()) std::rethrow_exception(std::move(error));
  }

 private:
  Cleanups cleanups_;
};

template <class Cleanup = Callback<Task<>()>>
class [[nodiscard("nothing is registered until this is awaited: co_await it")]] OnClose {
 public:
  using EddyAwaiter = void;
  explicit OnClose(Cleanup cleanup) noexcept : cleanup_(std::move(cleanup)) {}
  OnClose(OnClose&&) noexcept = default;
  ~OnClose() = default;
  [[nodiscard]] bool await_ready() const noexcept { return false; }
  template <class P>
  bool await_suspend(std::coroutine_handle<P> handle) {
    static_assert(requires(P& promise) { promise.cleanups; }, "eddy: on_close can only be awaited in the body of an AsyncGenerator");
    handle.promise().cleanups.add(std::move(cleanup_));
    return false;
  }
  void await_resume() const noexcept {}

 private:
  Cleanup cleanup_;
};

}  // namespace detail

/// Inside a generator's body: registers a function that returns a Task, to be run when the generator ends, the last
/// registered first: after its end or error before `next()` completes, in `aclose()`, and on the loop if the generator
/// was dropped or stopped. It runs when the body's locals are gone already, so it must own what it uses. Completes at once.
///
/// Cancellation: does not reach the cleanup; `run` waits for it.
/// Errors: thrown by `next()` or `aclose()`, else reported: in debug mode a cleanup that runs on the loop is reported also when it
/// does not fail, since nobody waited for the end of the generator. Complexity: constant, one allocation.
/// Source: contextlib.aclosing and an `async with` in the generator.
template <class F>
  requires std::is_invocable_r_v<Task<>, std::decay_t<F>&>
detail::OnClose<> on_close(F&& cleanup) {
  detail::check_callable<F>();
  return detail::OnClose<>(std::forward<F>(cleanup));
}

}  // namespace eddy::inline EDDY_ABI
