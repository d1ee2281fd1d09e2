// Trace: a picture of what a loop did and when, as a file that speedscope, Perfetto and Chrome open.
//
// It looks on while it lives, as one of the loop's watches. Without one the loop runs as ever: it costs nothing.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/outcome.hpp>
#include <eddy/base/time.hpp>
#include <eddy/debug/loop_watch.hpp>
#include <eddy/debug/trace_file.hpp>
#include <eddy/loop/descriptor_callbacks.hpp>
#include <eddy/loop/handle.hpp>
#include <eddy/task/current_task.hpp>

#include <chrono>
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
/// lock. Timers, locks and pool jobs are categories of their own ("timer", "lock", "pool job"). Callbacks have the lane "event loop". Counters tell how long
/// each pass of the loop took ("loop lag": whatever became ready had to wait for that long), and how many timers and
/// descriptors were waited for. A wait lasts until the task runs again, so it includes the time that the task stood in line.
///
/// Times are those of the loop's clock: on a virtual clock, steps take no time. Tasks started with `eager_start` are seen from
/// their second step on.
///
/// The file is valid JSON once the Trace has ended, also when its task was cancelled, and of use to viewers before. It grows
/// by about 150 bytes a step up to `max_bytes`; in memory is kept what is open now. What the system does not take is
/// reported to the exception handler at the end. A Trace must end before its loop; several may look on at a time.
/// Errors: NoRunningLoop; std::system_error if the file cannot be made. Threads: for the loop's thread.
class Trace final : detail::LoopWatch {
 public:
  template <class = void>
  explicit Trace(const std::string& path, TraceOptions options = {})
      : LoopWatch(get_running_loop()), file_(path, options.max_bytes), begun_(loop().time()), path_(path) {
    file_.add(R"({"ph":"M","pid":1,"tid":0,"name":"process_name","args":{"name":"eddy"}})", true);
    file_.add(R"({"ph":"M","pid":1,"tid":0,"name":"thread_name","args":{"name":"event loop"}})", true);
    Frame* const running = scheduler().current;
    if (running == nullptr || !running->has(eddy::detail::kTask)) return;
    strand_of(running, 0);
    first_ = current_task();
    running->suspension = nullptr;  // to see later whether it waits; meanwhile nobody asks
  }
  ~Trace() { close(); }

  /// Ends the trace and its file now; a second call does nothing. What still runs ends here in the picture.
  void close() noexcept {
    if (closed_) return;
    closed_ = true;
    guarded([this] {
      meet_strangers();
      for (auto& [root, strand] : strands_) end_strand(strand, "still running", {});
      if (file_.dropped() > 0) add_dropped();
    });
    strands_.clear();
    file_.close();
    guarded([this] {
      if (file_.error() == 0) return;
      const std::system_error error(file_.error(), std::generic_category(), path_);
      loop().call_exception_handler({"a trace could not be written to its end", std::make_exception_ptr(error), {}});
    });
  }
  /// Puts a mark with a text into the lane of the running task, or that of the loop.
  void mark(std::string_view text) {
    if (closed_) return;
    Frame* root = scheduler().current;
    begin_event("i", root == nullptr ? 0 : strand_of(root, now()).lane, text, "mark", now());
    event_ += R"(,"s":"t"})";
    file_.add(event_);
  }
  /// How many events the file has.
  [[nodiscard]] std::uint64_t events() const noexcept { return file_.events(); }
  /// How many were left out, because the file would have become too long, the system took no more, or memory was short.
  [[nodiscard]] std::uint64_t dropped() const noexcept { return file_.dropped() + lost_; }

 private:
  using Nanoseconds = std::int64_t;
  // What is open of a strand. Bodies of timeouts and the like are in the lane of their task.
  struct Strand {
    std::uint64_t lane = 0;
    bool is_task = false;
    Nanoseconds begun = 0;
    Nanoseconds since = 0;               // of the step or the wait
    const char* waits_for = nullptr;     // null while it runs, and while it is queued without a wait
    bool runs = false;
    std::string name;
    std::string holder;
  };

  [[nodiscard]] Nanoseconds now() const noexcept {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(loop().time() - begun_).count();
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

  // event_ = the beginning of an event.
  void begin_event(const char* phase, std::uint64_t lane, std::string_view name, const char* category, Nanoseconds at) {
    event_ = R"({"ph":")";
    (event_ += phase) += R"(","pid":1,"tid":)" + std::to_string(lane) + R"(,"cat":")";
    (event_ += category) += R"(","ts":)";
    detail::append_time(event_, at);
    event_ += R"(,"name":)";
    detail::append_json(event_, name);
  }
  // A life is around its slices. Those end a nanosecond early: viewers add the duration to the beginning in floating point, and
  // one that seems to end behind the beginning of the next would be taken for its parent.
  void begin_slice(std::uint64_t lane, std::string_view name, const char* category, Nanoseconds from, Nanoseconds to, bool life = false) {
    begin_event("X", lane, name, category, from);
    event_ += R"(,"dur":)";
    detail::append_time(event_, life ? to - from : to - from - 1);
    event_ += R"(,"args":{)";
    no_arguments_ = true;
  }
  void argument(std::string_view name, std::string_view value) {
    if (value.empty()) return;
    event_ += no_arguments_ ? "\"" : ",\"";
    (event_ += name) += "\":";
    detail::append_json(event_, value);
    no_arguments_ = false;
  }
  void end_slice() {
    event_ += "}}";
    file_.add(event_);
  }
  void add_counter(const char* name, std::string_view values, Nanoseconds at) {
    begin_event("C", 0, name, "loop", at);
    (event_ += R"(,"args":{)") += values;
    event_ += "}}";
    file_.add(event_);
  }
  void add_dropped() {
    begin_event("i", 0, std::to_string(file_.dropped()) + " events were left out: the file would have become too long", "mark", now());
    event_ += R"(,"s":"g"})";
    file_.add(event_, true);
  }
  static const char* category_of(std::string_view waits_for) noexcept {
    if (waits_for == "sleep") return "timer";
    if (waits_for == "a thread pool's job") return "pool job";
    return waits_for == "a lock" || waits_for == "a semaphore" || waits_for == "a condition" ? "lock" : "wait";
  }

  Strand& strand_of(Frame* root, Nanoseconds at) {
    const auto [place, is_new] = strands_.try_emplace(root);
    Strand& strand = place->second;
    if (!is_new) return strand;
    Frame* const task = eddy::detail::task_of(root);
    strand.begun = at;
    strand.name = task == nullptr ? std::string("cleanup") : eddy::detail::name_of(task);
    strand.is_task = task == root || task == nullptr;
    if (!strand.is_task) {
      strand.lane = strand_of(task, at).lane;
      return strand;
    }
    strand.lane = ++lanes_;
    event_ = R"({"ph":"M","pid":1,"tid":)" + std::to_string(strand.lane) + R"(,"name":"thread_name","args":{"name":)";
    detail::append_json(event_, strand.name);
    event_ += "}}";
    file_.add(event_);
    return strand;
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
    begin_slice(strand.lane, strand.waits_for, category_of(strand.waits_for), strand.since, at);
    if (root != nullptr) argument("at", awaits_of(root));
    argument("held by", strand.holder);
    end_slice();
    strand.waits_for = nullptr;
    strand.holder.clear();
  }
  void end_step(Strand& strand, const char* name, Nanoseconds at, std::string_view place) {
    if (!strand.runs) return;
    strand.runs = false;
    begin_slice(strand.lane, name, "step", strand.since, at);
    argument("until", place);
    end_slice();
  }
  void end_strand(Strand& strand, std::string_view how, std::string_view error) {
    const Nanoseconds at = now();
    end_step(strand, "runs", at, {});
    end_wait(strand, nullptr, at);
    if (!strand.is_task) return;
    begin_slice(strand.lane, strand.name, "task", strand.begun, at, true);
    argument("ended", how);
    argument("error", error);
    end_slice();
  }
  // Through the awaiter of a timeout and its like, up to the task's own function.
  static std::string awaits_of(Frame* root) {
    std::string text;
    for (Frame* frame = root->leaf;;) {
      text += (text.empty() ? "" : " < ") + eddy::detail::place_of(frame->location);
      if (frame != frame->root) {
        frame = frame->parent;
      } else if (!frame->has(eddy::detail::kTask) && frame->has(eddy::detail::kChild)) {
        frame = frame->owner->parent;
      } else {
        return text;
      }
    }
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
      add_counter("loop lag", value, pass_began_);
    }
    if (timers_ != timers_shown_ || descriptors_ != descriptors_shown_) {
      timers_shown_ = timers_;
      descriptors_shown_ = descriptors_;
      add_counter("waited for", R"("timers":)" + std::to_string(timers_) + R"(,"descriptors":)" + std::to_string(descriptors_), step_ended_);
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
    guarded([this] {
      meet_strangers();
      const Nanoseconds at = now();
      look_at_pass(at);
      Frame* const root = scheduler().current;
      if (root->state == State::start) strands_.erase(root);  // an end that was not told of, and the memory used again
      Strand& strand = strand_of(root, at);
      end_wait(strand, root, at);
      if (root->state == State::unwind) {
        end_strand(strand, "cancelled", root->details == nullptr ? std::string() : root->details->reason);
        strands_.erase(root);
        return;
      }
      strand.since = at;
      strand.runs = true;
    });
  }
  void strand_ran(Frame* root) noexcept override {
    LoopWatch::strand_ran(root);
    if (closed_) return;
    guarded([this, root] {
      meet_strangers();
      const Nanoseconds at = note_end_of_step();
      Strand& strand = strand_of(root, at);
      const bool parked = root->state < State::running;
      end_step(strand, "runs", at, parked ? eddy::detail::place_of(root->leaf->location) : std::string());
      if (!parked) return end(root, strand);
      if (root->state != State::suspended && root->state != State::listed && root->state != State::leaving) return;
      strand.since = at;
      strand.waits_for = root->suspension->waits_for();
      if (const Frame* holder = root->suspension->holder(); holder != nullptr) {
        const auto known = strands_.find(holder);
        if (known != strands_.end()) strand.holder = known->second.name;
      }
    });
  }
  void end(Frame* root, Strand& strand) {
    if (root->state != State::done) {
      end_strand(strand, "cancelled", root->details == nullptr ? std::string() : root->details->reason);
    } else if (root->ended == eddy::detail::Ended::exception) {
      end_strand(strand, "exception", eddy::detail::describe_exception(root->error()));
    } else {
      end_strand(strand, root->ended == eddy::detail::Ended::cancelled ? "cancelled" : "value", {});
    }
    strands_.erase(root);
  }
  // What is known of a callback is asked before: it may be gone once it has run.
  void callback_begins(eddy::detail::CallbackNode* node) noexcept override {
    LoopWatch::callback_begins(node);
    if (closed_) return;
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
    LoopWatch::callback_ran();
    if (closed_ || !in_callback_) return;
    in_callback_ = false;
    guarded([this] {
      note_end_of_step();
      begin_slice(0, "callback", "callback", callback_began_, step_ended_);
      argument("scheduled at", callback_at_);
      if (descriptor_ >= 0) argument("descriptor", std::to_string(descriptor_));
      end_slice();
    });
  }

  detail::TraceFile file_;
  TimePoint begun_;
  std::string path_;
  TaskRef first_;      // in whose step it began
  std::string event_;  // the one that is being made
  std::string callback_at_;
  std::unordered_map<const Frame*, Strand> strands_;
  std::uint64_t lanes_ = 0;
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
  bool no_arguments_ = true;
  bool in_callback_ = false;
  bool met_ = false;
  bool closed_ = false;
};

}  // namespace eddy::inline EDDY_ABI::debug
