// RunLoop: what run and Runner share: passes until a task is done, and the end of everything that is left.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/time.hpp>
#include <eddy/loop/event_loop.hpp>
#include <eddy/loop/orphans.hpp>
#include <eddy/loop/signal_wakeup.hpp>
#include <eddy/task/current_task.hpp>

#include <chrono>
#include <exception>
#include <string>
#include <utility>

namespace eddy::inline EDDY_ABI {

/// How `run` runs.
struct RunOptions {
  Clock* clock = nullptr;                                ///< null: real time. It must outlive the call.
  Duration grace = std::chrono::seconds(5);              ///< for what is left when main has ended, in real time
  ReactorKind reactor = ReactorKind::automatic;          ///< see ReactorKind
  bool debug = false;                                    ///< switches debug mode on
  void (*on_exception)(const ExceptionContext&) = nullptr;  ///< see EventLoop::set_exception_handler
};

namespace detail {

inline constexpr const char* kStoppedTooEarly = "eddy: the loop was stopped before its main task ended";

// How the passes for a main task came to their end.
enum class PassesEnd : unsigned char {
  done,     // main has ended
  stopped,  // by EventLoop::stop, before main had
  stuck,    // main waits for ever in work that cannot be cancelled
};

// The passes of one `run`, whatever its task gives.
class RunLoop {
 public:
  RunLoop(EventLoop& loop, const RunOptions& options)
      : loop_(loop), scheduler_(EventLoop::Internals::scheduler(loop)), options_(options), running_(loop),
        signals_(*EventLoop::Internals::waker(loop)) {}

  // Until `main` has ended or the loop is stopped, after one pass at least. A SIGINT cancels main; so does a deadlock on a
  // clock that cannot wait.
  [[nodiscard]] PassesEnd until_done(Frame* main) {
    for (;;) {
      EventLoop::Internals::pass(loop_, TimePoint::max());
      if (signals_.interrupted() && !interrupted_) {
        interrupted_ = true;
        cancel_task(main, "interrupted by SIGINT");
      }
      if (main->done()) return finish_passes();
      if (!EventLoop::Internals::has_reason_to_end(loop_)) [[likely]] continue;
      wake_orphans(loop_);
      if (EventLoop::Internals::take(loop_, kStopAsked)) return PassesEnd::stopped;
      if (EventLoop::Internals::take(loop_, kDeadlocked) && !break_deadlock(main)) return PassesEnd::stuck;
    }
  }

  // Ends everything that main left behind; what does not end in time is left alone and named in the text it returns. To stop
  // the loop means nothing meanwhile.
  std::string end_leftovers() {
    if (EventLoop::Internals::in_child(loop_)) return {};  // they are the parent's
    scheduler_.closing = true;
    const std::string picture = loop_.get_debug() ? describe_strands(scheduler_) : std::string();
    bool unjoined = false;
    for (Frame* task = scheduler_.tasks.front(); task != nullptr; task = scheduler_.tasks.after(task)) {
      if (!task->has(kTask)) continue;
      mark_cancelled(task);
      unjoined = !picture.empty();
    }
    if (unjoined) loop_.call_exception_handler({"the main task ended while these were left, which are cancelled" + picture, nullptr, {}});
    scheduler_.deliver_stops();
    const TimePoint limit = saturating_add(real_now(), options_.grace);
    while (!quiet()) {
      if (scheduler_.ready.empty() && waits_are_circular()) break_waits();
      pass_unstopped(limit);  // one at least: most tasks end in it
      const bool deadlocked = EventLoop::Internals::take(loop_, kDeadlocked);
      if (quiet() || !(deadlocked || real_now() >= limit)) continue;
      if (!break_waits()) return describe_stuck();
    }
    // Pools last: a cleanup may have used them until now.
    for (CloseHook* hook = hooks().front(); hook != nullptr; hook = hooks().after(hook)) hook->begin_close();
    const TimePoint moment = saturating_add(real_now(), std::chrono::milliseconds(100));  // idle threads need one to end
    const TimePoint pool_limit = limit < moment ? moment : limit;
    // A thread or a process takes real time. On a virtual clock time passes only for what is left of the loop's own, such as the
    // closing of a pool's member.
    while (!hooks_closed()) {
      if (real_now() >= pool_limit)
        return "eddy: run() ends while a thread pool's job, a child process or the closing of a pool's member does not";
      if (scheduler_.tasks.empty() || EventLoop::Internals::take(loop_, kDeadlocked)) {
        const LoopHold hold = loop_.hold();
        pass_unstopped(pool_limit);
      } else {
        pass_unstopped(pool_limit);
      }
    }
    return {};
  }

  // The report of the deadlock, if there was one.
  [[nodiscard]] const std::string& deadlock() const noexcept { return deadlock_; }
  // What is thrown in place of the CancelledError of a main task that this loop itself has cancelled; null if it has not.
  [[nodiscard]] std::exception_ptr error_of(Frame* main) const {
    if (main->ended != Ended::cancelled) return nullptr;
    if (interrupted_) return std::make_exception_ptr(KeyboardInterrupt());
    if (!deadlock_.empty()) return std::make_exception_ptr(DeadlockError(deadlock_));
    return nullptr;
  }

 private:
  static TimePoint real_now() noexcept { return TimePoint(std::chrono::steady_clock::now()); }
  // Main has ended. As in asyncio a task that it created in its last turn still has its first one, unless the loop is to stop.
  PassesEnd finish_passes() {
    const bool stopped = EventLoop::Internals::take(loop_, kStopAsked) || EventLoop::Internals::in_child(loop_);
    if (!stopped && !scheduler_.ready.empty()) EventLoop::Internals::pass(loop_, TimePoint::max());
    EventLoop::Internals::take(loop_, kStopAsked);
    return PassesEnd::done;
  }
  // A stop that came before is over, and one that comes in this pass is with it.
  void pass_unstopped(TimePoint limit) {
    wake_orphans(loop_);  // those that are cancelled have left
    EventLoop::Internals::take(loop_, kStopAsked);
    EventLoop::Internals::pass(loop_, limit);
    EventLoop::Internals::take(loop_, kStopAsked);
  }
  CloseHooks& hooks() noexcept { return EventLoop::Internals::close_hooks(loop_); }
  bool hooks_closed() noexcept {
    for (CloseHook* hook = hooks().front(); hook != nullptr; hook = hooks().after(hook)) {
      if (!hook->closed()) return false;
    }
    return true;
  }
  [[nodiscard]] bool quiet() const noexcept { return scheduler_.tasks.empty() && scheduler_.ready.empty(); }
  // True if every strand waits for other strands, so that none will ever end by itself.
  bool waits_are_circular() {
    bool circular = !scheduler_.tasks.empty();
    for_each_strand(scheduler_, [&](Frame* root) {
      const bool waits = root->state == State::suspended || root->state == State::leaving;
      circular = circular && waits && root->suspension->waits_for_strands();
    });
    return circular;
  }
  bool break_deadlock(Frame* main) {
    if (!deadlock_.empty()) return break_waits();
    deadlock_ = "eddy: deadlock: nothing can ever run again" + describe_strands(scheduler_);
    cancel_task(main, deadlock_);
    return true;
  }
  // Tasks that await each other in a cycle are told twice: the second time they leave without waiting.
  bool break_waits() {
    bool broken = false;
    const std::string picture = loop_.get_debug() ? describe_strands(scheduler_) : std::string();
    for_each_strand(scheduler_, [&](Frame* root) {
      const bool waits = root->state == State::suspended || root->state == State::leaving;
      if (!waits || !root->has(kStop)) return;
      if (root->suspension->try_cancel(true) != CancelResult::stopped) return;
      root->state = State::suspended;
      scheduler_.unwind_later(root);
      broken = true;
    });
    if (broken && loop_.get_debug()) loop_.call_exception_handler({"tasks that awaited each other were stopped by force" + picture, nullptr, {}});
    return broken;
  }
  std::string describe_stuck() { return "eddy: run() ends while tasks do not stop" + describe_strands(scheduler_); }

  EventLoop& loop_;
  Scheduler& scheduler_;
  const RunOptions& options_;
  EventLoop::Internals::Running running_;
  SignalWakeup signals_;
  bool interrupted_ = false;
  std::string deadlock_;
};

}  // namespace detail
}  // namespace eddy::inline EDDY_ABI
