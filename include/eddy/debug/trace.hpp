// Trace: a picture of what a loop did and when, as a file that speedscope, Perfetto and Chrome open.
//
// It looks on while it lives, as one of the loop's watches. Without one the loop runs as ever: it costs nothing.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/outcome.hpp>
#include <eddy/base/time.hpp>
#include <eddy/debug/loop_watch.hpp>
#include <eddy/debug/trace_events.hpp>
#include <eddy/loop/descriptor_callbacks.hpp>
#include <eddy/loop/frame.hpp>
#include <eddy/loop/handle.hpp>
#include <eddy/loop/waker.hpp>
#include <eddy/task/current_task.hpp>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <new>
#include <string>
#include <string_view>
#include <system_error>
#include <unordered_map>
#include <utility>

namespace eddy::inline EDDY_ABI::debug {

/// How a Trace writes.
struct TraceOptions {
  std::uint64_t max_bytes = 256'000'000;  ///< how long the file may get: later events are dropped, and counted
};

/// Writes a trace of the running loop, from now until `close` or its end, to a file in Chrome's trace format.
///
/// Each task has a lane: a bar for its life, with how it ended, and below it a slice for each step that it ran ("runs") and for
/// each wait, named after what it waited for ("sleep", "a lock"), with the lines of its awaits and, in debug mode, who held the
/// lock. Timers, locks and pool jobs are categories of their own ("timer", "lock", "pool job"). Callbacks have the lane "event
/// loop". Counters tell how long each pass of the loop took ("loop lag": whatever became ready had to wait for that long), and how
/// many timers and descriptors were waited for. A wait lasts until the task runs again, so it includes the time that the task
/// stood in line.
///
/// Each thread of a pool has a lane, too, with a slice for each job that it ran for a task of this loop, named after the task. The
/// wait of that task shows how long the job stood in the pool's line ("in line"). A job is told of when its task goes on.
///
/// Times are those of the loop's clock: on a virtual clock, steps and jobs take no time. A slice is a nanosecond shorter at each
/// end than the one around it. Tasks started with `eager_start` are seen from their second step on.
///
/// The file is valid JSON once the Trace has ended, also when its task was cancelled, and of use to viewers before. It grows
/// by about 150 bytes a step up to `max_bytes`; in memory is kept what is open now. What the system does not take is
/// reported to the exception handler at the end. A Trace that is still there when its loop is closed ends then; in a forked child
/// it writes nothing. Several may look on at a time.
/// Errors: NoRunningLoop; std::system_error if the file cannot be made. Threads: for the loop's thread.
class Trace final : detail::LoopWatch {
 public:
  template <class = void>
  explicit Trace(const std::string& path, TraceOptions options = {})
      : LoopWatch(get_running_loop()), events_(path, options.max_bytes), begun_(loop().time()), path_(path) {
    meet_first();
    EventLoop::Internals::waker(loop())->watch_jobs();
  }
  ~Trace() { close(); }

  /// Ends the trace and its file now; a second call does nothing. What still runs ends here in the picture.
  void close() noexcept {
    if (closed_) return;
    closed_ = true;
    if (!has_loop()) return events_.close();
    EventLoop::Internals::waker(loop())->unwatch_jobs();
    guarded([this] {
      meet_strangers();
      for (auto& [root, strand] : strands_) end_strand(strand, "still running", {});
      if (events_.file().dropped() > 0) events_.add_dropped(now());
    });
    strands_.clear();
    events_.close();
    guarded([this] {
      if (events_.file().error() == 0) return;
      const std::system_error error(events_.file().error(), std::generic_category(), path_);
      loop().call_exception_handler({"a trace could not be written to its end", std::make_exception_ptr(error), {}});
    });
  }
  /// Puts a mark with a text into the lane of the running task, or that of the loop: in callbacks, and in the first step of a
  /// task with `eager_start`.
  void mark(std::string_view text) {
    if (!closed_) events_.add_mark(lane_of_running(), text, now());
  }
  /// How many events the file has.
  [[nodiscard]] std::uint64_t events() const noexcept { return events_.file().events(); }
  /// How many were left out, because the file would have become too long, the system took no more, or memory was short.
  [[nodiscard]] std::uint64_t dropped() const noexcept { return events_.file().dropped() + lost_; }

 private:
  using Nanoseconds = std::int64_t;
  // What is open of a strand. Bodies of timeouts and the like are in the lane of their task.
  struct Strand {
    std::uint64_t lane = 0;
    Nanoseconds level = 1;               // how deep its slices are in the lane; a task's life is at 0
    bool is_task = false;
    Nanoseconds begun = 0;
    Nanoseconds since = 0;               // of the step or the wait
    const char* waits_for = nullptr;     // null while it runs, and while it is queued without a wait
    bool runs = false;
    std::string name;
    std::string holder;
  };

  [[nodiscard]] Nanoseconds now() const noexcept {
    return since_begun(loop().time());
  }
  // A clock may begin before its zero, and stand at either end of its range.
  [[nodiscard]] Nanoseconds since_begun(TimePoint time) const noexcept {
    Nanoseconds past = 0;
    const bool beyond = __builtin_sub_overflow(time.time_since_epoch().count(), begun_.time_since_epoch().count(), &past);
    return beyond ? Duration::max().count() : past;
  }
  // Without memory an event is lost, or several.
  template <class F>
  void guarded(F fn) noexcept {
    try {
      fn();
    } catch (const std::bad_alloc&) {
      ++lost_;
    }
  }

  static const char* category_of(std::string_view waits_for) noexcept {
    if (waits_for == "sleep") return "timer";
    if (waits_for == "a thread pool's job") return "pool job";
    return waits_for == "a lock" || waits_for == "a semaphore" || waits_for == "a condition" ? "lock" : "wait";
  }

  // Where the work of a timeout and its like belongs; mostly the strand around it is known.
  const Strand& strand_around(Frame* body, Nanoseconds at) {
    Frame* around = body->owner->parent->root;
    const auto known = strands_.find(around);
    if (known != strands_.end()) return known->second;
    while (!around->has(eddy::detail::kTask) && around->has(eddy::detail::kChild)) around = around->owner->parent->root;
    return strand_of(around, at);
  }
  Strand& strand_of(Frame* root, Nanoseconds at) {
    const auto [place, is_new] = strands_.try_emplace(root);
    Strand& strand = place->second;
    if (!is_new) return strand;
    strand.begun = at;
    strand.is_task = root->has(eddy::detail::kTask) || !root->has(eddy::detail::kChild);
    if (!strand.is_task) {
      const Strand& around = strand_around(root, at);
      strand.lane = around.lane;
      strand.level = around.level + 1;
      strand.name = around.name;
      return strand;
    }
    strand.name = root->has(eddy::detail::kTask) ? eddy::detail::name_of(root) : std::string("cleanup");
    strand.lane = events_.add_lane(strand.name);
    return strand;
  }
  void meet_first() {
    Frame* const running = scheduler().current;
    Frame* const task = eddy::detail::task_of(running);
    if (task == nullptr) return;
    strand_of(task, 0);
    first_ = current_task();
    if (task == running) task->suspension = nullptr;  // to see later whether it waits; meanwhile nobody asks
  }
  // A trace that begins in the middle of things, in a step of a task, is not told of the end of that step and of the waits that
  // are there already. It looks when it is told of anything for the first time; then that task may be ready again.
  void meet_strangers() {
    if (met_) return;
    met_ = true;
    eddy::detail::for_each_strand(scheduler(), [this](Frame* root) {
      if (root->state == State::start) return;
      Strand& strand = strand_of(root, 0);
      const bool waited = root->state == State::ready && eddy::detail::RefAccess::frame(first_) == root && root->suspension != nullptr;
      if (waited || root->state == State::suspended || root->state == State::leaving) strand.waits_for = root->suspension->waits_for();
    });
  }
  void end_wait(Strand& strand, Frame* root, Nanoseconds at) {
    if (strand.waits_for == nullptr) return;
    events_.begin_slice(strand.lane, strand.waits_for, category_of(strand.waits_for), strand.since, at, strand.level);
    if (root != nullptr) events_.argument("at", awaits_of(root));
    events_.argument("held by", strand.holder);
    events_.end_slice();
    const bool was_job = root != nullptr && root->suspension != nullptr && strand.waits_for == std::string_view("a thread pool's job");
    if (const eddy::detail::JobTimes* job = was_job ? root->suspension->job_times() : nullptr) add_job(strand, *job, at);
    strand.waits_for = nullptr;
    strand.holder.clear();
  }
  // A job: how long it stood in line, in the task's lane, and when it ran, in that of the thread. It has read real time.
  void add_job(const Strand& strand, const eddy::detail::JobTimes& job, Nanoseconds at) {
    const auto within = [&](std::int64_t time, Nanoseconds from) {
      const Nanoseconds past = since_begun(TimePoint(Duration(time)));
      return past < from ? from : (past > at ? at : past);
    };
    const Nanoseconds begun = within(job.begun, strand.since);
    const Nanoseconds ended = within(job.ended, begun);
    events_.begin_slice(strand.lane, "in line", "pool job", strand.since, begun, strand.level + 1);
    events_.end_slice();
    std::uint64_t& lane = threads_[job.thread];
    if (lane == 0) lane = events_.add_lane("pool thread " + std::to_string(threads_.size()));
    events_.begin_slice(lane, strand.name, "pool job", begun, ended, 1);
    events_.end_slice();
  }
  void end_step(Strand& strand, const char* name, Nanoseconds at, std::string_view place) {
    if (!strand.runs) return;
    strand.runs = false;
    events_.begin_slice(strand.lane, name, "step", strand.since, at, strand.level);
    events_.argument("until", place);
    events_.end_slice();
  }
  void end_strand(Strand& strand, std::string_view how, std::string_view error) {
    const Nanoseconds at = now();
    end_step(strand, "runs", at, {});
    end_wait(strand, nullptr, at);
    if (!strand.is_task) return;
    events_.begin_slice(strand.lane, strand.name, "task", strand.begun, at, 0);
    events_.argument("ended", how);
    events_.argument("error", error);
    events_.end_slice();
  }
  // Through the awaiter of a timeout and its like, up to the task's own function; of deep recursion the innermost part.
  static std::string awaits_of(Frame* root) {
    constexpr int kPlaces = 64;
    std::string text;
    Frame* frame = root->leaf;
    for (int places = 0; places < kPlaces; ++places) {
      text += (text.empty() ? "" : " < ") + eddy::detail::place_of(frame->location);
      if (frame != frame->root) {
        frame = frame->parent;
      } else if (!frame->has(eddy::detail::kTask) && frame->has(eddy::detail::kChild)) {
        frame = frame->owner->parent;
      } else {
        return text;
      }
    }
    return text + " < ...";
  }

  // The first step of a pass closes the one before.
  void look_at_pass(Nanoseconds at) {
    const std::uint64_t pass = loop().statistics().passes;
    if (pass == pass_) return;
    pass_ = pass;
    const Nanoseconds lag = step_ended_ - pass_began_;
    if (const Nanoseconds hundredths = lag / 10'000; hundredths != lag_shown_) {
      lag_shown_ = hundredths;
      std::string value(R"("milliseconds":)");
      detail::append_time(value, lag / 1000);  // one unit further up
      events_.add_counter("loop lag", value, pass_began_);
    }
    if (timers_ != timers_shown_ || descriptors_ != descriptors_shown_) {
      timers_shown_ = timers_;
      descriptors_shown_ = descriptors_;
      events_.add_counter("waited for", R"("timers":)" + std::to_string(timers_) + R"(,"descriptors":)" + std::to_string(descriptors_), step_ended_);
    }
    pass_began_ = step_ended_ = at;
  }
  Nanoseconds note_end_of_step() noexcept {
    const LoopStatistics statistics = loop().statistics();
    timers_ = statistics.timers;
    descriptors_ = statistics.descriptors;
    return step_ended_ = now();
  }

  void strand_begins() noexcept override {
    LoopWatch::strand_begins();
    if (closed_) return;
    ended_ = nullptr;
    guarded([this] {
      meet_strangers();
      const Nanoseconds at = now();
      look_at_pass(at);
      Frame* const root = scheduler().current;
      if (root->state == State::start) strands_.erase(root);  // an end that was not told of, and the memory used again
      Strand& strand = strand_of(root, at);
      end_wait(strand, root, at);
      if (root->state == State::unwind) {
        return end_cancelled(root, strand);
      }
      strand.since = at;
      strand.runs = true;
    });
  }
  void strand_ran(Frame* root) noexcept override {
    if (!closed_) guarded([this, root] { note_step(root); });
    LoopWatch::strand_ran(root);
  }
  void note_step(Frame* root) {
    meet_strangers();
    const Nanoseconds at = note_end_of_step();
    Strand& strand = strand_of(root, at);
    const bool parked = root->state < State::running;
    end_step(strand, "runs", at, parked ? eddy::detail::place_of(root->leaf->location) : std::string());
    if (!parked) return end(root, strand);
    strand.waits_for = nullptr;  // of an earlier wait whose end it was not told of
    if (root->state != State::suspended && root->state != State::listed && root->state != State::leaving) return;
    strand.since = at;
    strand.waits_for = root->suspension->waits_for();
    if (const eddy::detail::TaskDetails* holder = root->suspension->holder(); holder != nullptr) {
      const auto known = strands_.find(holder->frame);
      if (known != strands_.end()) strand.holder = known->second.name;
    }
  }
  void end(Frame* root, Strand& strand) {
    if (root->state != State::done) return end_cancelled(root, strand);
    if (root->ended == eddy::detail::Ended::exception) {
      end_strand(strand, "exception", eddy::detail::describe_exception(root->error()));
    } else {
      end_strand(strand, root->ended == eddy::detail::Ended::cancelled ? "cancelled" : "value", {});
    }
    forget(root, strand);
  }
  void end_cancelled(Frame* root, Strand& strand) {
    end_strand(strand, "cancelled", root->details == nullptr ? std::string() : root->details->reason);
    forget(root, strand);
  }
  // Its destructors may still put marks.
  void forget(Frame* root, const Strand& strand) noexcept {
    ended_ = root;
    ended_lane_ = strand.lane;
    strands_.erase(root);
  }
  [[nodiscard]] std::uint64_t lane_of_running() const noexcept {
    Frame* const running = scheduler().current;
    if (running != nullptr && running == ended_) return ended_lane_;
    auto known = strands_.find(running);
    if (known == strands_.end()) known = strands_.find(eddy::detail::task_of(running));
    return known == strands_.end() ? detail::TraceEvents::kLoop : known->second.lane;
  }
  // What is known of a callback is asked before: it may be gone once it has run.
  void callback_begins(eddy::detail::CallbackNode* node) noexcept override {
    LoopWatch::callback_begins(node);
    if (closed_) return;
    ended_ = nullptr;
    guarded([this, node] {
      meet_strangers();
      const Nanoseconds at = now();
      look_at_pass(at);
      callback_began_ = at;
      in_callback_ = true;
      callback_at_.clear();
      const bool scheduled = node->run == &eddy::detail::ScheduledCallback::run_it;
      const auto where = scheduled ? static_cast<eddy::detail::ScheduledCallback*>(node)->where : eddy::detail::Location();
      if (scheduled && where.file() != nullptr) callback_at_ = eddy::detail::place_of(where);
      descriptor_ = eddy::detail::DescriptorCallbacks::descriptor_of(node);
    });
  }
  void callback_ran() noexcept override {
    if (!closed_ && in_callback_) {
      in_callback_ = false;
      guarded([this] {
        note_end_of_step();
        events_.begin_slice(detail::TraceEvents::kLoop, "callback", "callback", callback_began_, step_ended_, 1);
        events_.argument("scheduled at", callback_at_);
        if (descriptor_ >= 0) events_.argument("descriptor", std::to_string(descriptor_));
        events_.end_slice();
      });
    }
    LoopWatch::callback_ran();
  }
  void loop_ends() noexcept override { close(); }

  detail::TraceEvents events_;
  TimePoint begun_;
  std::string path_;
  TaskRef first_;      // in whose step it began
  std::string callback_at_;
  std::unordered_map<const Frame*, Strand> strands_;
  std::unordered_map<const void*, std::uint64_t> threads_;  // the lanes of the pools' threads, by their marks
  const Frame* ended_ = nullptr;                            // the strand that has just ended
  std::uint64_t ended_lane_ = 0;
  std::uint64_t lost_ = 0;
  std::uint64_t pass_ = 0;
  std::size_t timers_ = 0;
  std::size_t descriptors_ = 0;
  std::size_t timers_shown_ = 0;
  std::size_t descriptors_shown_ = 0;
  Nanoseconds pass_began_ = 0;
  Nanoseconds step_ended_ = 0;
  Nanoseconds lag_shown_ = 0;
  Nanoseconds callback_began_ = 0;
  int descriptor_ = -1;
  bool in_callback_ = false;
  bool met_ = false;
  bool closed_ = false;
};

}  // namespace eddy::inline EDDY_ABI::debug
