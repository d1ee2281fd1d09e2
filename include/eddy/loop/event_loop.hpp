// EventLoop: one thread's event loop as programs see it: callbacks, timers, descriptors, signals, and its own life.
//
// `eddy::run` makes one, and most programs never name this class. What a pass does is in loop_core.hpp.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/error.hpp>
#include <eddy/base/fwd.hpp>
#include <eddy/base/replace.hpp>
#include <eddy/base/scope_exit.hpp>
#include <eddy/base/time.hpp>
#include <eddy/loop/close_hooks.hpp>
#include <eddy/loop/context.hpp>
#include <eddy/loop/descriptor_callbacks.hpp>
#include <eddy/loop/descriptor_table.hpp>
#include <eddy/loop/exception_handler.hpp>
#include <eddy/loop/handle.hpp>
#include <eddy/loop/loop_core.hpp>
#include <eddy/loop/loop_hold.hpp>
#include <eddy/loop/scheduler.hpp>
#include <eddy/loop/signal_handlers.hpp>
#include <eddy/loop/slow_steps.hpp>
#include <eddy/loop/timer_queue.hpp>
#include <eddy/loop/waker.hpp>

#include <cstdlib>
#include <exception>
#include <string>
#include <utility>

namespace eddy::inline EDDY_ABI {

/// One thread's event loop. Threads: everything except `call_soon_threadsafe` is for the loop's own thread; with debug
/// mode on, a call from another thread throws RuntimeError, and one that wakes a task (`Event::set`, `Queue::put_nowait`)
/// stops the program with a sentence. Source: asyncio's AbstractEventLoop.
class EventLoop final : detail::LoopCore {
 public:
  /// A loop that reads `clock`, or real time if it is null. Errors: std::invalid_argument for a wrong EDDY_REACTOR.
  template <class = void>
  explicit EventLoop(Clock* clock = nullptr, ReactorKind reactor = ReactorKind::automatic)
      : LoopCore(clock, reactor), slow_steps_(*this) {
    if (const char* flag = std::getenv("EDDY_DEBUG")) set_debug(*flag != '\0' && *flag != '0');
  }
  EventLoop(const EventLoop&) = delete;  // a loop stays where it is: write auto& loop = get_running_loop()
  EventLoop& operator=(const EventLoop&) = delete;
  /// Closes the loop.
  ~EventLoop() {
    close();
    // What was left alone can still be asked, but no longer be cancelled.
    detail::for_each_strand(*this, [](detail::Frame* root) { root->loop = nullptr; });
  }

  /// Runs `fn` in the next pass, after everything that is ready before it. What it throws goes to the exception
  /// handler. `where` is the caller's place, for reports of debug mode; it is left out, here and below. Errors: LoopClosed.
  /// Complexity: constant, one allocation. Source: loop.call_soon.
  Handle call_soon(Callback<void()> fn, detail::Location where = detail::Location::here()) {
    check_open();
    Handle handle(schedule(std::move(fn), where));
    return handle;
  }
  /// Runs `fn` once `delay` has passed; zero and less mean the next pass. Source: loop.call_later.
  template <class Rep, class Period>
  TimerHandle call_later(std::chrono::duration<Rep, Period> delay, Callback<void()> fn,
                         detail::Location where = detail::Location::here()) {
    return call_at(saturating_add(time(), to_duration(delay)), std::move(fn), where);
  }
  template <detail::BareNumber Number>
  auto call_later(Number, const Callback<void()>&) { return detail::refuse_bare_number<Number>(); }
  /// Runs `fn` once the loop's clock has reached `when`; callbacks for the same time run in the order of these calls.
  /// Source: loop.call_at.
  TimerHandle call_at(TimePoint when, Callback<void()> fn, detail::Location where = detail::Location::here()) {
    check_open();
    auto* callback = make_callback(std::move(fn), where);
    TimerHandle handle(callback);
    callback->when = when;
    timers_.arm(&callback->timer, when);
    ++callback->count;
    return handle;
  }
  /// Runs `fn` on the loop's thread; called there, while the loop runs, it is as `call_soon`. Threads: any thread; posts
  /// from one thread run in their order. Errors: LoopClosed once the loop has closed. Source: loop.call_soon_threadsafe.
  void call_soon_threadsafe(Callback<void()> fn, detail::Location where = detail::Location::here());

  /// Calls `fn()` whenever `fd` is readable, until `remove_reader`; a second call for the same descriptor replaces the
  /// first. What `fn` throws goes to the exception handler, and it is called again. The descriptor stays the caller's:
  /// remove the reader before closing it. Errors: LoopClosed; BusyResourceError while a task waits for it;
  /// std::system_error if it cannot be waited for. Source: loop.add_reader.
  void add_reader(int fd, Callback<void()> fn) { add_watch(fd, detail::Interest::read, std::move(fn)); }
  /// The same for writing.
  void add_writer(int fd, Callback<void()> fn) { add_watch(fd, detail::Interest::write, std::move(fn)); }
  /// Ends `add_reader`, also when the callback is queued already; false if there was none.
  bool remove_reader(int fd) noexcept { return remove_watch(fd, detail::Interest::read); }
  /// Ends `add_writer`, in the same way.
  bool remove_writer(int fd) noexcept { return remove_watch(fd, detail::Interest::write); }
  /// Calls `fn()` from the loop when the signal comes; several that come before it runs are one. A second call for the
  /// same signal replaces the first. While it is set, SIGINT no longer cancels `run`. Threads: the handler itself only
  /// wakes the loop. Errors: RuntimeError if another loop or a SignalReceiver handles the signal; std::system_error for one
  /// that cannot be handled (EINVAL). Source: loop.add_signal_handler.
  void add_signal_handler(int signal, Callback<void()> fn) {
    check_open();
    signals_.add(signal, std::move(fn));
  }
  /// Ends it and restores what was before; false if there was none. Source: loop.remove_signal_handler.
  bool remove_signal_handler(int signal) noexcept { return signals_.remove(signal); }

  /// Runs the loop until `stop`. If `stop` was called before, it runs one pass. Errors: RuntimeError while a loop runs in
  /// this thread; LoopClosed; DeadlockError on a virtual clock. Include eddy/task/runner.hpp. Source: loop.run_forever.
  void run_forever();
  /// Runs the loop until the Task, TaskHandle or Future is done and gives its result; what else runs stays for the next time.
  /// Include eddy/task/runner.hpp. Errors: as run_forever's, and RuntimeError if `stop` came first, also before this call.
  /// Source: loop.run_until_complete.
  template <class A>
  auto run_until_complete(A awaitable);
  /// Ends what runs the loop, `eddy::run` included, after the current pass; the next one if the loop does not run.
  /// Source: loop.stop.
  void stop() noexcept { ask_to_stop(); }

  /// The loop's time. Source: loop.time.
  [[nodiscard]] TimePoint time() const noexcept { return now(); }
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
        detail::report(nullptr, "the exception handler itself threw", std::current_exception());
      }
    }
    detail::print_exception_context(context);
  }
  /// Debug mode: costs time, finds misuse. Also switched on by the environment variable EDDY_DEBUG=1.
  void set_debug(bool on) noexcept {
    debug_ = on;
    guard();
    slow_steps_.watch(*this, on);
  }
  /// True in debug mode.
  [[nodiscard]] bool get_debug() const noexcept { return debug_; }
  /// How long, in real time on any clock, a callback or a task may run without suspending before debug mode reports it to
  /// the exception handler, with the line at which it waits now or was scheduled. At first 100 milliseconds; zero reports
  /// everything. Source: loop.slow_callback_duration.
  template <class Rep, class Period>
  void set_slow_callback_duration(std::chrono::duration<Rep, Period> duration) {
    slow_steps_.limit = to_duration(duration);
  }
  /// The same, to be read.
  [[nodiscard]] Duration slow_callback_duration() const noexcept { return slow_steps_.limit; }
  /// How long, in real time, tasks may wait that nothing in the loop can wake, until debug mode reports them, once; another
  /// thread may wake them still. At first 3 seconds; zero reports at once. On a virtual clock that is a DeadlockError.
  template <class Rep, class Period>
  void set_standstill_duration(std::chrono::duration<Rep, Period> duration) {
    standstill_limit_ = to_duration(duration);
  }
  /// What the loop has done so far. Threads: the loop's. Complexity: constant. Source: tokio's RuntimeMetrics.
  [[nodiscard]] LoopStatistics statistics() const noexcept { return collect_statistics(); }
  /// See LoopHold.
  [[nodiscard]] LoopHold hold() noexcept { return LoopHold(holds_); }
  /// Closes the loop: posts that were accepted run, tasks that are left are stopped as far as they stop without waiting,
  /// timers are dropped. Does nothing the second time. Errors: RuntimeError while the loop runs. Source: loop.close.
  void close();

  struct Internals;  // what the rest of the library uses; not for programs

 private:
  friend struct detail::ScheduledCallback;
  friend void detail::cancel_callback(detail::ScheduledCallback* callback) noexcept;

  void check_open() const {
    if (closed_) [[unlikely]] detail::throw_loop_closed();
    check_thread();
  }
  void check_thread() const {
    if (guarded != nullptr && guarded != detail::this_thread_mark()) [[unlikely]] detail::throw_foreign_thread();
  }
  void guard() noexcept { guarded = debug_ && running_ ? thread_ : nullptr; }
  detail::ScheduledCallback* make_callback(Callback<void()> fn, detail::Location where) {
    auto* callback = new detail::ScheduledCallback(std::move(fn), where);
    callback->loop = this;
    if (const auto* context = current_context()) callback->context = *context;
    callbacks_.push_back(callback);
    return callback;
  }
  detail::ScheduledCallback* schedule(Callback<void()> fn, detail::Location where) {
    auto* callback = make_callback(std::move(fn), where);
    ++callback->count;
    ready.push(callback);
    return callback;
  }
  const detail::ContextPointer* current_context() noexcept;  // in task/context_var.hpp

  void add_watch(int fd, detail::Interest interest, Callback<void()> fn) {
    check_open();
    watches_.add(fd, interest, std::move(fn));
  }
  bool remove_watch(int fd, detail::Interest interest) noexcept { return watches_.remove(fd, interest); }

  void on_signal() override { signals_.dispatch(); }
  [[nodiscard]] bool awaits_signals() const noexcept override { return !signals_.empty(); }
  void on_standstill() noexcept override { slow_steps_.report_standstill(); }

  detail::DescriptorCallbacks watches_{*this, *this, table_};
  detail::SignalHandlers signals_{*this, *waker_};
  detail::SlowSteps<> slow_steps_;
  detail::CloseHooks close_hooks_;
  detail::CloseHook* default_executor_ = nullptr;  // one of them, once it was needed
  detail::IntrusiveList<detail::ScheduledCallback> callbacks_;
  ExceptionHandler handler_;
  const void* thread_ = nullptr;
  bool running_ = false;
  bool closed_ = false;
  bool debug_ = false;
};

/// The loop that runs in this thread. Errors: NoRunningLoop. Source: asyncio.get_running_loop.
[[nodiscard]] inline EventLoop& get_running_loop() {
  EventLoop* loop = detail::running_loop_slot();
  if (loop == nullptr) detail::throw_no_loop("get_running_loop()");
  return *loop;
}

struct EventLoop::Internals {
  static detail::Scheduler& scheduler(EventLoop& loop) noexcept { return loop; }
  static EventLoop& loop(detail::Scheduler& scheduler) noexcept { return static_cast<EventLoop&>(scheduler); }
  static detail::TimerQueue& timers(EventLoop& loop) noexcept { return loop.timers_; }
  static detail::TimerQueue& timers(detail::Scheduler* scheduler) noexcept { return loop(*scheduler).timers_; }
  static detail::DescriptorTable& descriptors(EventLoop& loop) noexcept { return loop.table_; }
  static detail::WakerPointer& waker(EventLoop& loop) noexcept { return loop.waker_; }
  static detail::SignalHandlers& signals(EventLoop& loop) noexcept { return loop.signals_; }
  static detail::CloseHooks& close_hooks(EventLoop& loop) noexcept { return loop.close_hooks_; }
  static detail::CloseHook*& default_executor(EventLoop& loop) noexcept { return loop.default_executor_; }
  static std::size_t& holds(EventLoop& loop) noexcept { return loop.holds_; }
  static bool has_callbacks(const detail::Scheduler& scheduler) noexcept {
    return !static_cast<const EventLoop&>(scheduler).callbacks_.empty();
  }
  static void check_open(EventLoop& loop) { loop.check_open(); }
  static void check_thread(EventLoop& loop) { loop.check_thread(); }
  static const detail::ContextPointer* context(EventLoop& loop) noexcept { return loop.current_context(); }
  // In any thread, also if the loop is gone: true in the loop's own while it runs.
  static bool runs_here(const EventLoop* loop) noexcept { return detail::running_loop_slot() == loop && loop->running_; }
  static void pass(EventLoop& loop, TimePoint limit) { loop.pass(limit); }
  static bool in_child(const EventLoop& loop) noexcept { return loop.fork_guard_.in_child(); }
  static bool has_reason_to_end(const EventLoop& loop) noexcept { return loop.reasons_to_end_ != 0; }
  static bool take(EventLoop& loop, detail::ReasonToEnd reason) noexcept { return loop.take(reason); }
  static void give(EventLoop& loop, detail::ReasonToEnd reason) noexcept { loop.give(reason); }

  // Makes `loop` the thread's running one, for a scope.
  class Running {
   public:
    explicit Running(EventLoop& loop) : loop_(loop) {
      EventLoop*& slot = detail::running_loop_slot();
      if (slot != nullptr) detail::throw_nested_run(slot->fork_guard_.in_child());
      if (loop.fork_guard_.in_child()) detail::throw_in_child();
      slot = &loop;
      loop.running_ = true;
      loop.thread_ = detail::this_thread_mark();
      loop.guard();
    }
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;
    ~Running() {
      loop_.running_ = false;
      loop_.guard();
      detail::running_loop_slot() = nullptr;
    }

   private:
    EventLoop& loop_;
  };
};

inline void detail::report(EventLoop* loop, const char* message, std::exception_ptr error, Frame* task) noexcept {
  ExceptionContext context{{}, std::move(error), {}};
  try {
    context.message = message;
    if (task != nullptr) context.task = name_of(task);
    if (context.task.compare(0, 5, "Task-") == 0) context.task += ", last at " + place_of(task->location);  // it has no name
  } catch (...) {
    if (context.message.empty()) context.message = "out of memory";  // short enough to need none
  }
  if (loop != nullptr) {
    loop->call_exception_handler(context);
  } else {
    print_exception_context(context);
  }
}

EDDY_COLD inline void detail::drop_error(Frame* root) noexcept {
  std::exception_ptr error = std::move(root->error());
  root->error().~exception_ptr();
  const bool lost = root->ended == Ended::exception && !root->has(kRetrieved);
  root->ended = Ended::taken;
  if (lost) report(running_loop_slot(), "an exception of a task was never retrieved", std::move(error), root);
}

inline void detail::call_handler(EventLoop& loop, const ExceptionContext& context) noexcept {
  loop.call_exception_handler(context);
}

inline void EventLoop::call_soon_threadsafe(Callback<void()> fn, detail::Location where) {
  if (Internals::runs_here(this)) {
    schedule(std::move(fn), where);
    return;
  }
  struct Post : detail::PostNode {
    Callback<void()> fn;
    EventLoop* loop;
    detail::Location where;
  };
  auto* post = new Post;
  post->fn = std::move(fn);
  post->loop = this;
  post->where = where;
  post->run = [](detail::PostNode* node) {
    auto* accepted = static_cast<Post*>(node);
    Post taken(std::move(*accepted));
    delete accepted;
    taken.loop->schedule(std::move(taken.fn), taken.where);
  };
  if (waker_->post(post)) return;
  delete post;
  throw LoopClosed();
}

inline void EventLoop::close() {
  if (closed_) return;
  if (running_) throw RuntimeError("eddy: a running event loop cannot be closed");
  if (fork_guard_.in_child()) {  // what there is belongs to the parent: it is left alone
    while (detail::ScheduledCallback* callback = callbacks_.pop_front()) callback->loop = nullptr;
    closed_ = closing = true;
    return signals_.clear();
  }
  {
    EventLoop* const outer = detail::replace(detail::running_loop_slot(), this);
    const detail::ScopeExit restore([outer]() noexcept { detail::running_loop_slot() = outer; });
    while (detail::ScheduledCallback* callback = callbacks_.front()) detail::cancel_callback(callback);
    run_posts(waker_->close());
    closed_ = closing = true;
    for (detail::Frame* root = tasks.front(); root != nullptr; root = tasks.after(root)) request_stop(root);
    deliver_stops();
    // Nothing new is taken any more, so this ends; work that is masked and only yields is left alone.
    for (int batches = 0; !ready.empty() && batches < detail::kBatchesAtClose; ++batches) run_batch();
  }
  while (detail::CloseHook* hook = close_hooks_.pop_front()) hook->detach();
  watches_.clear();
  signals_.clear();
}

inline void detail::leave_batch_to_parent() noexcept {
  if (EventLoop* loop = running_loop_slot()) EventLoop::Internals::scheduler(*loop).drop_batch();
}

inline void detail::SignalHandlers::dispatch() {
  for (Handler* handler = handlers_.front(); handler != nullptr; handler = handlers_.after(handler)) {
    if (handled_signals.came[handler->signal].exchange(false)) loop_.call_soon([fn = handler->fn] { fn->call(); }, Location());
  }
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
  EventLoop& loop = *replace(self->loop, nullptr);
  loop.callbacks_.remove(self);
  loop.callback_context = &self->context;
  try {
    self->fn();
  } catch (...) {
    report(&loop, "a callback threw an exception", std::current_exception());
  }
  loop.callback_context = nullptr;
  self->fn.reset();
  self->drop();
}

}  // namespace eddy::inline EDDY_ABI
