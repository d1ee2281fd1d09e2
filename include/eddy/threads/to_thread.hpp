// to_thread and run_in_executor: blocking functions run in a pool's thread while the loop goes on.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/callable.hpp>
#include <eddy/base/outcome.hpp>
#include <eddy/loop/event_loop.hpp>
#include <eddy/loop/frame.hpp>
#include <eddy/loop/scheduler.hpp>
#include <eddy/task/context_var.hpp>
#include <eddy/threads/default_executor.hpp>
#include <eddy/threads/thread_pool.hpp>

#include <chrono>
#include <coroutine>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <tuple>
#include <type_traits>
#include <utility>

#if !defined(__cpp_lib_jthread)
#error "eddy: this standard library keeps std::stop_token back: with libc++ before 20 add -fexperimental-library"
#endif

namespace eddy::inline EDDY_ABI {

namespace detail {

template <class F, class... Args>
inline constexpr bool takes_stop_token = std::is_invocable_v<F&&, std::stop_token, Args&&...>;

template <class F, class... Args>
struct JobResult {
  using Type = std::invoke_result_t<F&&, Args&&...>;
};
template <class F, class... Args>
  requires takes_stop_token<F, Args...>
struct JobResult<F, Args...> {
  using Type = std::invoke_result_t<F&&, std::stop_token, Args&&...>;
};

struct NoStop {
  static void request_stop() noexcept {}
};

// The function, its arguments and its outcome live in the awaiting frame; waiting allocates nothing.
template <class F, class... Args>
class [[nodiscard("nothing runs until this is awaited: co_await it")]] JobAwaiter final : public Suspension, PoolJob, PostNode {
 public:
  using Result = typename JobResult<F, Args...>::Type;

  template <class G, class... As>
  explicit JobAwaiter(ThreadPool* pool, G&& fn, As&&... args)
      : pool_(pool), fn_(std::forward<G>(fn)), args_(std::forward<As>(args)...) {}
  JobAwaiter(JobAwaiter&& other) noexcept : pool_(other.pool_), fn_(std::move(other.fn_)), args_(std::move(other.args_)) {}

  [[nodiscard]] bool await_ready() const noexcept { return false; }
  template <class P>
  EDDY_SUSPEND void await_suspend(std::coroutine_handle<P> handle) {
    Frame* frame = frame_of(handle);
    if (!park(frame, static_cast<Suspension*>(this))) return;
    root_ = frame->root;
    if (const ContextPointer* context = pool_ == nullptr ? context_of(root_) : nullptr) context_ = *context;
    EventLoop& loop = EventLoop::Internals::loop(*root_->loop);
    try {
      state_ = pool_ == nullptr ? DefaultExecutor::of(loop) : ThreadPool::Internals::state(*pool_);
      waker_.emplace(EventLoop::Internals::waker(loop));
      holds_ = &EventLoop::Internals::holds(loop);
      PostNode::run = &JobAwaiter::on_posted;
      ThreadPool::Internals::submit(state_, this);
      ++*holds_;
    } catch (...) {
      root_->state = State::running;
      throw;
    }
  }
  Result await_resume() { return std::move(*outcome_).value(); }

 private:
  // In the pool's thread. Once posted, the job may be gone.
  void run() noexcept override {
    const bool timed = (*waker_)->times_jobs();
    times_.thread = timed ? this_thread_mark() : nullptr;
    if (timed) times_.begun = now();
    job_context_slot() = &context_;
    try {
      if constexpr (takes_stop_token<F, Args...>) {
        call([this](Args&... args) -> Result { return std::invoke(std::move(fn_), stop_.get_token(), std::move(args)...); });
      } else {
        call([this](Args&... args) -> Result { return std::invoke(std::move(fn_), std::move(args)...); });
      }
    } catch (...) {
      outcome_.emplace(Outcome<Result>::from_exception(std::current_exception()));
    }
    job_context_slot() = nullptr;
    if (timed) times_.ended = now();
    const WakerPointer waker = *waker_;
    waker->post(static_cast<PostNode*>(this));  // refused only when the loop has given the job up
  }
  static std::int64_t now() noexcept {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch()).count();
  }
  template <class Call>
  void call(Call call_with) {
    if constexpr (std::is_void_v<Result>) {
      std::apply(call_with, args_);
      outcome_.emplace(Outcome<Result>::from_value());
    } else if constexpr (std::is_reference_v<Result>) {
      outcome_.emplace(Outcome<Result>::from_value(std::addressof(std::apply(call_with, args_))));
    } else {
      outcome_.emplace(Outcome<Result>::from_value(std::apply(call_with, args_)));
    }
  }
  static void on_posted(PostNode* node) {
    auto* self = static_cast<JobAwaiter*>(node);
    --*self->holds_;
    self->root_->loop->wake(self->root_);
  }
  // A job that waits for its thread is taken back; one that runs is waited for, since it may refer to the caller's locals.
  CancelResult try_cancel(bool) noexcept override {
    if (ThreadPool::Internals::take_back(state_, this)) {
      --*holds_;
      return CancelResult::stopped;
    }
    stop_.request_stop();
    return CancelResult::later;
  }
  [[nodiscard]] const char* waits_for() const noexcept override { return "a thread pool's job"; }
  [[nodiscard]] const JobTimes* job_times() const noexcept override {
    return outcome_.has_value() && times_.thread != nullptr ? &times_ : nullptr;
  }

  ThreadPool* pool_;
  F fn_;
  std::tuple<Args...> args_;
  Frame* root_ = nullptr;
  std::size_t* holds_ = nullptr;
  std::shared_ptr<PoolState> state_;
  std::optional<WakerPointer> waker_;
  ContextPointer context_;  // counted by the loop's thread; the job only reads what it points to
  [[no_unique_address]] std::conditional_t<takes_stop_token<F, Args...>, std::stop_source, NoStop> stop_;
  std::optional<Outcome<Result>> outcome_;
  JobTimes times_;  // written by the pool's thread, if it has run
};

template <class F, class... Args>
auto make_job(ThreadPool* pool, F&& fn, Args&&... args) {
  using Fn = std::decay_t<F>;
  static_assert(std::is_invocable_v<Fn&&, std::decay_t<Args>&&...> || takes_stop_token<Fn, std::decay_t<Args>...>,
                "eddy: this function cannot be called with these arguments in another thread (give the function, not what it "
                "returned): it gets copies of them, so an argument that it takes by non-const reference must be given as std::ref");
  if constexpr (std::is_invocable_v<Fn&&, std::decay_t<Args>&&...>)
    static_assert(!is_task<std::invoke_result_t<Fn&&, std::decay_t<Args>&&...>>,
                  "eddy: to_thread is for plain functions, and this coroutine would never run: co_await it");
  check_callable<F>();
  if constexpr (std::is_invocable_v<Fn&&, std::decay_t<Args>&&...> || takes_stop_token<Fn, std::decay_t<Args>...>)
    return JobAwaiter<Fn, std::decay_t<Args>...>(pool, std::forward<F>(fn), std::forward<Args>(args)...);
}

}  // namespace detail

/// Runs `fn(args…)` in a thread of the loop's own pool and completes with what it returns or throws. The function and
/// copies of the arguments are kept until then. If `fn` takes a std::stop_token first, it is given one, and a cancel
/// requests a stop on it. `fn` reads the ContextVars of the task.
///
/// Cancellation: a job that has not started never does; one that runs is waited for (it may refer to the caller's
/// locals), and if it gives a value or an error, that is delivered. Errors: std::system_error if no thread can be
/// started. Threads: everything that `fn` touches must be safe to touch from another thread.
/// Source: asyncio.to_thread, which abandons the thread when cancelled.
template <class F, class... Args>
auto to_thread(F&& fn, Args&&... args) {
  return detail::make_job(nullptr, std::forward<F>(fn), std::forward<Args>(args)...);
}
/// The same in a pool of one's own, which must outlive the job. Errors: RuntimeError if it was shut down.
/// Source: loop.run_in_executor.
template <class F, class... Args>
auto run_in_executor(ThreadPool& pool, F&& fn, Args&&... args) {
  return detail::make_job(&pool, std::forward<F>(fn), std::forward<Args>(args)...);
}

}  // namespace eddy::inline EDDY_ABI
