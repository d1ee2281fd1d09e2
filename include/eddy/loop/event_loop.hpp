// EventLoop: one thread's ready queue, timers, descriptors and clock, and the pass that serves them in turn.
//
// A pass takes what other threads posted, asks the reactor (waiting for the next deadline if nothing is ready), queues the
// timers that are due, and runs what is ready now; whatever becomes ready meanwhile runs in the next pass. That is
// asyncio's order. `eddy::run` makes a loop, and most programs never name this class.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/error.hpp>
#include <eddy/base/fwd.hpp>
#include <eddy/base/time.hpp>
#include <eddy/loop/close_hooks.hpp>
#include <eddy/loop/descriptor_table.hpp>
#include <eddy/loop/exception_handler.hpp>
#include <eddy/loop/handle.hpp>
#include <eddy/loop/reactor_epoll.hpp>
#include <eddy/loop/scheduler.hpp>
#include <eddy/loop/timer_queue.hpp>
#include <eddy/loop/waker.hpp>

#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <utility>

namespace eddy::inline EDDY_ABI {

namespace detail {

inline thread_local constinit EventLoop* running_loop = nullptr;
// Not inlined: clang 14 keeps the address of a thread_local across a suspension.
EDDY_NOINLINE inline EventLoop*& running_loop_slot() noexcept { return running_loop; }

// An address that differs from thread to thread.
EDDY_NOINLINE inline const void* this_thread_mark() noexcept {
  static thread_local const char mark = 0;
  return &mark;
}

std::string name_of(Frame* root);  // in task/cancellation.hpp

// How many strands may run without a look at the descriptors while something is always ready.
inline constexpr std::uint32_t kPollEvery = 128;
// How long a virtual clock waits for descriptors that somebody waits for before it jumps.
inline constexpr Duration kDescriptorPatience = std::chrono::milliseconds(2);

}  // namespace detail

/// Keeps a virtual clock from jumping, and the deadlock report from firing, while something outside the loop (another
/// thread, a process) is going to call in. Made by `EventLoop::hold`.
class [[nodiscard]] LoopHold {
 public:
  explicit LoopHold(std::size_t& holds) noexcept : holds_(&holds) { ++holds; }
  LoopHold(LoopHold&& other) noexcept : holds_(std::exchange(other.holds_, nullptr)) {}
  LoopHold& operator=(LoopHold other) noexcept {
    std::swap(holds_, other.holds_);
    return *this;
  }
  ~LoopHold() {
    if (holds_ != nullptr) --*holds_;
  }

 private:
  std::size_t* holds_;
};

/// One thread's event loop. Threads: everything except `call_soon_threadsafe` is for the loop's own thread; with debug
/// mode on, a call from another thread throws RuntimeError. Source: asyncio's AbstractEventLoop.
class EventLoop final : detail::Scheduler {
 public:
  /// A loop that reads `clock`, or real time if it is null.
  explicit EventLoop(Clock* clock = nullptr)
      : clock_(clock), table_(*this, std::make_unique<detail::EpollReactor>(), waker_->descriptor()) {
    if (const char* flag = std::getenv("EDDY_DEBUG")) debug_ = *flag != '\0' && *flag != '0';
  }
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;
  /// Closes the loop.
  ~EventLoop() { close(); }

  /// Runs `fn` in the next pass, after everything that is ready before it. What it throws goes to the exception
  /// handler. Errors: LoopClosed. Complexity: constant, one allocation. Source: loop.call_soon.
  Handle call_soon(Callback<void()> fn) {
    check_open();
    Handle handle(schedule(std::move(fn)));
    return handle;
  }
  /// Runs `fn` once `delay` has passed; zero and less mean the next pass. Source: loop.call_later.
  template <class Rep, class Period>
  TimerHandle call_later(std::chrono::duration<Rep, Period> delay, Callback<void()> fn) {
    return call_at(saturating_add(time(), to_duration(delay)), std::move(fn));
  }
  /// Runs `fn` once the loop's clock has reached `when`; callbacks for the same time run in the order of these calls.
  /// Source: loop.call_at.
  TimerHandle call_at(TimePoint when, Callback<void()> fn) {
    check_open();
    auto* callback = make_callback(std::move(fn));
    TimerHandle handle(callback);
    callback->when = when;
    timers_.arm(&callback->timer, when);
    ++callback->count;
    return handle;
  }
  /// Runs `fn` on the loop's thread. Threads: any thread; posts from one thread run in their order. Errors:
  /// LoopClosed once the loop has closed. Source: loop.call_soon_threadsafe.
  void call_soon_threadsafe(Callback<void()> fn) {
    struct Post : detail::PostNode {
      Callback<void()> fn;
      EventLoop* loop;
    };
    auto post = std::make_unique<Post>();
    post->fn = std::move(fn);
    post->loop = this;
    post->run = [](detail::PostNode* node) {
      std::unique_ptr<Post> owned(static_cast<Post*>(node));
      owned->loop->schedule(std::move(owned->fn));
    };
    if (!waker_->post(post.get())) throw LoopClosed();
    (void)post.release();
  }

  /// The loop's time. Source: loop.time.
  [[nodiscard]] TimePoint time() const noexcept {
    return clock_ == nullptr ? TimePoint(std::chrono::steady_clock::now()) : clock_->now();
  }
  /// A future that belongs to this loop; include eddy/task/future.hpp. Source: loop.create_future.
  template <class T = void>
  Future<T> create_future();
  /// True while the loop runs its passes.
  [[nodiscard]] bool is_running() const noexcept { return running_; }
  /// True once the loop takes no more work.
  [[nodiscard]] bool is_closed() const noexcept { return closed_; }
  /// Who is told of exceptions that nobody else can take; an empty one restores the default, a line on standard error. A
  /// handler that throws is contained and the default used. Source: loop.set_exception_handler.
  void set_exception_handler(ExceptionHandler handler) noexcept { handler_ = std::move(handler); }
  /// Reports to the exception handler. Source: loop.call_exception_handler.
  void call_exception_handler(const ExceptionContext& context) noexcept {
    if (handler_) {
      try {
        handler_(context);
        return;
      } catch (...) {
        detail::print_exception_context({"the exception handler itself threw", std::current_exception(), {}});
      }
    }
    detail::print_exception_context(context);
  }
  /// Debug mode: costs time, finds misuse. Also switched on by the environment variable EDDY_DEBUG=1.
  void set_debug(bool on) noexcept { debug_ = on; }
  [[nodiscard]] bool get_debug() const noexcept { return debug_; }
  /// See LoopHold.
  [[nodiscard]] LoopHold hold() noexcept { return LoopHold(holds_); }
  /// Closes the loop: callbacks that have not run are dropped. Does nothing the second time. Errors: RuntimeError while
  /// the loop runs. Source: loop.close.
  void close();

  // What the rest of the library uses; not for programs.
  struct Internals;

 private:
  friend struct detail::ScheduledCallback;
  friend void detail::cancel_callback(detail::ScheduledCallback* callback) noexcept;

  void check_open() const {
    if (closed_) throw LoopClosed();
    check_thread();
  }
  void check_thread() const {
    if (debug_ && running_ && thread_ != detail::this_thread_mark())
      throw RuntimeError(
          "eddy: an event loop was touched from another thread; use call_soon_threadsafe or run_coroutine_threadsafe");
  }
  detail::ScheduledCallback* make_callback(Callback<void()> fn) {
    auto* callback = new detail::ScheduledCallback(std::move(fn));
    callback->loop = this;
    if (const auto* context = current_context()) callback->context = *context;
    callbacks_.push_back(callback);
    return callback;
  }
  detail::ScheduledCallback* schedule(Callback<void()> fn) {
    auto* callback = make_callback(std::move(fn));
    ++callback->count;
    ready.push(callback);
    return callback;
  }
  const detail::ContextPointer* current_context() noexcept;  // in task/context_var.hpp

  // One pass; sleeps at most until `limit`, a point of real time.
  void pass(TimePoint limit);
  void serve_posts() {
    detail::PostNode* post = waker_->take_posts();
    while (post != nullptr) {
      detail::PostNode* next_post = post->next;
      post->run(post);
      post = next_post;
    }
  }
  void wait(TimePoint limit);
  void wait_virtually(TimePoint limit);
  void sleep_for(Duration timeout) noexcept {
    if (timeout == Duration::zero() || waker_->fall_asleep()) {
      if (table_.poll(timeout)) waker_->drain_event();
      waker_->wake_up();
    }
    ran_ = 0;
  }
  void fire_timers() noexcept {
    if (timers_.empty()) return;
    const TimePoint now = time();
    while (!timers_.empty() && timers_.next_deadline() <= now) wake(timers_.pop()->target);
  }

  Clock* clock_;
  detail::TimerQueue timers_;
  detail::WakerPointer waker_;
  detail::DescriptorTable table_;
  detail::CloseHooks close_hooks_;
  detail::CloseHook* default_executor_ = nullptr;  // one of them, once it was needed
  detail::IntrusiveList<detail::ScheduledCallback> callbacks_;
  ExceptionHandler handler_;
  const void* thread_ = nullptr;
  std::size_t holds_ = 0;
  std::uint32_t ran_ = 0;  // nodes run since the descriptors were last looked at
  bool running_ = false;
  bool closed_ = false;
  bool debug_ = false;
  bool deadlocked_ = false;  // nothing can ever wake this loop again
};

/// The loop that runs in this thread. Errors: NoRunningLoop. Source: asyncio.get_running_loop.
[[nodiscard]] inline EventLoop& get_running_loop() {
  if (EventLoop* loop = detail::running_loop_slot()) return *loop;
  throw NoRunningLoop("get_running_loop()");
}

struct EventLoop::Internals {
  static detail::Scheduler& scheduler(EventLoop& loop) noexcept { return loop; }
  static EventLoop& loop(detail::Scheduler& scheduler) noexcept { return static_cast<EventLoop&>(scheduler); }
  static detail::TimerQueue& timers(EventLoop& loop) noexcept { return loop.timers_; }
  static detail::TimerQueue& timers(detail::Scheduler* scheduler) noexcept { return loop(*scheduler).timers_; }
  static detail::DescriptorTable& descriptors(EventLoop& loop) noexcept { return loop.table_; }
  static detail::WakerPointer& waker(EventLoop& loop) noexcept { return loop.waker_; }
  static detail::CloseHooks& close_hooks(EventLoop& loop) noexcept { return loop.close_hooks_; }
  static detail::CloseHook*& default_executor(EventLoop& loop) noexcept { return loop.default_executor_; }
  static std::size_t& holds(EventLoop& loop) noexcept { return loop.holds_; }
  static void check_open(EventLoop& loop) { loop.check_open(); }
  static const detail::ContextPointer* context(EventLoop& loop) noexcept { return loop.current_context(); }
  static bool& deadlocked(EventLoop& loop) noexcept { return loop.deadlocked_; }
  static void pass(EventLoop& loop, TimePoint limit) { loop.pass(limit); }

  // Makes `loop` the thread's running one, for a scope.
  class Running {
   public:
    explicit Running(EventLoop& loop) : loop_(loop) {
      EventLoop*& slot = detail::running_loop_slot();
      if (slot != nullptr)
        throw RuntimeError("eddy: run() cannot be called while an event loop runs in this thread; co_await the task instead");
      slot = &loop;
      loop.running_ = true;
      loop.thread_ = detail::this_thread_mark();
    }
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;
    ~Running() {
      loop_.running_ = false;
      detail::running_loop_slot() = nullptr;
    }

   private:
    EventLoop& loop_;
  };
};

inline void detail::drop_error(Frame* root) noexcept {
  std::exception_ptr error = std::move(root->error());
  root->error().~exception_ptr();
  const bool lost = root->ended == Ended::exception && !root->has(kRetrieved);
  root->ended = Ended::taken;
  if (!lost) return;
  try {
    const ExceptionContext context{"an exception of a task was never retrieved", std::move(error), name_of(root)};
    if (EventLoop* loop = running_loop_slot()) {
      loop->call_exception_handler(context);
    } else {
      print_exception_context(context);
    }
  } catch (...) {
    print_exception_context({});
  }
}

inline void EventLoop::pass(TimePoint limit) {
  if (waker_->has_news()) serve_posts();
  if (ready.empty()) {
    wait(limit);
  } else if (ran_ >= detail::kPollEvery && table_.waiting() > 0) {
    sleep_for(Duration::zero());
  }
  fire_timers();
  batch.take_all(ready);
  while (detail::ReadyNode* node = batch.pop()) {
    ++ran_;
    run_node(node);
  }
}

inline void EventLoop::wait(TimePoint limit) {
  if (clock_ != nullptr) return wait_virtually(limit);
  TimePoint until = limit;
  if (!timers_.empty() && timers_.next_deadline() < until) until = timers_.next_deadline();
  if (until == TimePoint::max()) {
    sleep_for(Duration(-1));
  } else {
    const Duration timeout = until - time();
    if (timeout > Duration::zero() || table_.waiting() > 0) sleep_for(timeout > Duration::zero() ? timeout : Duration::zero());
  }
  if (waker_->has_news()) serve_posts();
}

// On a clock that jumps: look at the descriptors once, wait for what holds the clock back, and only then jump.
inline void EventLoop::wait_virtually(TimePoint limit) {
  const bool has_deadline = !timers_.empty() && timers_.next_deadline() != TimePoint::max();
  const auto patience = [&](Duration longest) {
    const Duration left = limit == TimePoint::max() ? longest : limit - TimePoint(std::chrono::steady_clock::now());
    if (left < Duration::zero() && longest != Duration(-1)) return Duration::zero();
    if (longest == Duration(-1)) return limit == TimePoint::max() ? longest : (left < Duration::zero() ? Duration::zero() : left);
    return left < longest ? left : longest;
  };
  if (holds_ > 0) {
    sleep_for(patience(Duration(-1)));
  } else if (table_.waiting() > 0) {
    sleep_for(patience(has_deadline ? detail::kDescriptorPatience : Duration(-1)));
  }
  if (waker_->has_news()) serve_posts();
  if (!ready.empty() || holds_ > 0) return;
  if (has_deadline) {
    if (!clock_->jump_to(timers_.next_deadline())) sleep_for(patience(detail::kDescriptorPatience));
  } else if (table_.waiting() == 0) {
    deadlocked_ = true;
  }
}

inline void EventLoop::close() {
  if (closed_) return;
  if (running_) throw RuntimeError("eddy: a running event loop cannot be closed");
  detail::PostNode* posts = waker_->close();
  while (posts != nullptr) {  // accepted before the close: they run, as far as they only hand something over
    detail::PostNode* next_post = posts->next;
    posts->run(posts);
    posts = next_post;
  }
  closed_ = true;
  while (detail::CloseHook* hook = close_hooks_.pop_front()) hook->detach();
  while (detail::ScheduledCallback* callback = callbacks_.front()) detail::cancel_callback(callback);
}

inline void detail::cancel_callback(ScheduledCallback* callback) noexcept {
  EventLoop* loop = callback->loop;
  if (loop == nullptr) return;
  callback->loop = nullptr;
  callback->was_cancelled = true;
  loop->callbacks_.remove(callback);
  if (callback->timer.armed()) {
    loop->timers_.cancel(&callback->timer);
  } else {
    loop->unqueue(callback);
  }
  callback->fn.reset();
  callback->drop();
}

inline void detail::ScheduledCallback::run_it(CallbackNode* node) {
  auto* self = static_cast<ScheduledCallback*>(node);
  EventLoop& loop = *std::exchange(self->loop, nullptr);
  loop.callbacks_.remove(self);
  loop.callback_context = &self->context;
  try {
    self->fn();
  } catch (...) {
    loop.call_exception_handler({"a callback threw an exception", std::current_exception(), {}});
  }
  loop.callback_context = nullptr;
  self->fn.reset();
  self->drop();
}

}  // namespace eddy::inline EDDY_ABI
