// wait: waits for running tasks, all or the first, and tells which are done. It cancels nothing.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/time.hpp>
#include <eddy/combine/gather.hpp>
#include <eddy/task/sleep.hpp>
#include <eddy/task/watcher.hpp>

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <type_traits>
#include <utility>
#include <vector>

namespace eddy::inline EDDY_ABI {

/// When `wait` returns. Source: asyncio's FIRST_COMPLETED, FIRST_EXCEPTION, ALL_COMPLETED.
enum class ReturnWhen : unsigned char {
  first_completed,  ///< as soon as one is done
  first_exception,  ///< as soon as one has failed (a cancelled one has not), or all are done
  all_completed,    ///< when all are done
};

/// What `wait` gives: the same handles, each once, in the order in which they were given.
template <class T>
class WaitResult {
 public:
  WaitResult(std::vector<TaskHandle<T>> done_handles, std::vector<TaskHandle<T>> pending_handles)
      : done(std::move(done_handles)), pending(std::move(pending_handles)) {}
  std::vector<TaskHandle<T>> done;     ///< of those that have ended, whichever way
  std::vector<TaskHandle<T>> pending;  ///< of those that still run
};

namespace detail {

class WaitGroup : public Suspension {
 protected:
  WaitGroup(ReturnWhen when, TimeLimit limit) noexcept : when_(when), limit_(limit), expiry_(this) {}
  ~WaitGroup() = default;

  [[nodiscard]] bool enough(std::size_t done, bool failed, std::size_t all) const noexcept {
    return done == all || (when_ == ReturnWhen::first_completed && done > 0) || (when_ == ReturnWhen::first_exception && failed);
  }
  // Parks the caller; for a limit that has passed it only yields. False if nothing may be watched.
  bool begin(Frame* frame) {
    root_ = frame->root;
    if (limit_.passed()) {
      yield_turn(frame);
      return false;
    }
    if (!park(frame, this)) return false;
    if (limit_.limited()) {
      EventLoop& event_loop = EventLoop::Internals::loop(*root_->loop);
      timer_.target = &expiry_;
      try {
        EventLoop::Internals::timers(event_loop).arm(&timer_, saturating_add(event_loop.time(), limit_.duration()));
      } catch (...) {
        root_->state = State::running;
        throw;
      }
    }
    return true;
  }
  void told(bool failed) noexcept {
    ++done_;
    if (enough(done_, failed, total_)) finish();
  }
  void count(std::size_t done, std::size_t total) noexcept {
    done_ = done;
    total_ = total;
  }
  [[nodiscard]] Scheduler& loop() const noexcept { return *root_->loop; }
  virtual void leave_all() noexcept = 0;

 private:
  struct Expiry : CallbackNode {
    explicit Expiry(WaitGroup* group) noexcept : CallbackNode(&Expiry::run_it), wait(group) {}
    static void run_it(CallbackNode* node) { static_cast<Expiry*>(node)->wait->finish(); }
    WaitGroup* wait;
  };
  void unlink() noexcept {
    leave_all();
    if (timer_.armed()) EventLoop::Internals::timers(&loop()).cancel(&timer_);
    loop().unqueue(&expiry_);
  }
  void finish() noexcept {
    unlink();
    loop().wake(root_);
  }
  CancelResult try_cancel(bool) noexcept override {
    unlink();
    return CancelResult::stopped;
  }
  [[nodiscard]] const char* waits_for() const noexcept override { return "tasks"; }

  ReturnWhen when_;
  TimeLimit limit_;
  Frame* root_ = nullptr;
  TimerNode timer_;
  Expiry expiry_;
  std::size_t done_ = 0;
  std::size_t total_ = 0;
};

template <class T>
class [[nodiscard("wait does nothing until it is awaited: co_await it")]] WaitAwaiter final : public WaitGroup {
 public:
  WaitAwaiter(std::vector<HandleSlot<T>> slots, ReturnWhen when, TimeLimit limit)
      : WaitGroup(when, limit), when_(when), limit_(limit), slots_(std::move(slots)) {}
  WaitAwaiter(WaitAwaiter&& other) noexcept
      : WaitGroup(other.when_, other.limit_), when_(other.when_), limit_(other.limit_), slots_(std::move(other.slots_)) {}

  [[nodiscard]] bool await_ready() {
    std::size_t done = 0;
    bool failed = false;
    for (const auto& slot : slots_) {
      if (!slot.done()) continue;
      ++done;
      failed = failed || slot.failed();
    }
    count(done, slots_.size());
    return enough(done, failed, slots_.size());
  }
  template <class P>
  EDDY_SUSPEND void await_suspend(std::coroutine_handle<P> handle) {
    Frame* frame = frame_of(handle);
    for (const auto& slot : slots_) slot.check_not_own(frame);
    if (!begin(frame)) return;
    for (auto& slot : slots_) {
      if (slot.done()) continue;
      slot.watch(slot.queue(), loop(), static_cast<WaitGroup*>(this), [](void* group, Watcher* watcher) {
        static_cast<WaitAwaiter*>(static_cast<WaitGroup*>(group))->told(static_cast<HandleSlot<T>*>(watcher)->failed());
      });
    }
  }
  WaitResult<T> await_resume() {
    std::vector<TaskHandle<T>> done;
    std::vector<TaskHandle<T>> pending;
    for (auto& slot : slots_) (slot.done() ? done : pending).push_back(slot.handle());
    return WaitResult<T>(std::move(done), std::move(pending));
  }

 private:
  using WaitGroup::told;
  void leave_all() noexcept override {
    for (auto& slot : slots_) slot.leave();
  }
  ReturnWhen when_;
  TimeLimit limit_;
  std::vector<HandleSlot<T>> slots_;
};

// What a task is marked with while duplicates are looked for: a bit of its count that no number of handles reaches.
inline constexpr std::uint32_t kSeen = std::uint32_t{1} << 31;

// Leaves each task once, the first time. No code but this runs while tasks are marked.
template <class T>
void drop_duplicates(std::vector<HandleSlot<T>>& slots) {
  std::vector<HandleSlot<T>> distinct;
  const auto task = [](const HandleSlot<T>& slot) { return slot.handle().valid() ? HandleAccess::frame(slot.handle()) : nullptr; };
  std::size_t duplicates = 0;
  for (const auto& slot : slots) {
    Frame* frame = task(slot);
    if (frame == nullptr) continue;  // refused when it is asked whether it is done
    duplicates += (frame->count & kSeen) != 0;
    frame->count |= kSeen;
  }
  for (const auto& slot : slots) {
    if (Frame* frame = task(slot)) frame->count &= ~kSeen;
  }
  if (duplicates == 0) return;
  distinct.reserve(slots.size() - duplicates);
  for (auto& slot : slots) {
    Frame* frame = task(slot);
    if (frame != nullptr && (frame->count & kSeen) != 0) continue;
    if (frame != nullptr) frame->count |= kSeen;
    distinct.push_back(std::move(slot));
  }
  for (const auto& slot : distinct) {
    if (Frame* frame = task(slot)) frame->count &= ~kSeen;
  }
  slots = std::move(distinct);
}

// The handles of a range, each once.
template <class R>
auto distinct_handles(R&& range, const char* empty) {
  static_assert(requires { std::begin(range); }, "eddy: this takes a range of handles, such as a std::vector of them");
  using Element = std::remove_cvref_t<decltype(*std::begin(range))>;
  static_assert(is_handle<Element>,
                "eddy: this leaves tasks running, so it takes handles of running tasks: write create_task(…) for each Task");
  std::vector<SlotOf<Element>> slots;
  if constexpr (requires { std::size(range); }) slots.reserve(std::size(range));
  for (auto& element : range) slots.push_back(make_slot(element));
  if (slots.empty()) throw std::invalid_argument(empty);
  drop_duplicates(slots);
  return slots;
}

}  // namespace detail

/// Waits for running tasks and completes with those that are done and those that are not; neither errors nor the end of
/// `limit` are thrown. Everything that is done by then is among the done ones, not only the first. If enough is done
/// already it does not suspend; a limit of zero or less looks after one turn.
///
/// Cancellation: stops waiting; the tasks run on. Errors: std::invalid_argument if there are no handles.
/// Threads: for the loop's thread.
/// Complexity: linear in the handles. Source: asyncio.wait.
template <class R>
auto wait(R&& handles, ReturnWhen when = ReturnWhen::all_completed, TimeLimit limit = std::nullopt) {
  auto slots = detail::distinct_handles(std::forward<R>(handles), "eddy: wait needs at least one handle");
  using T = typename decltype(slots)::value_type::value_type;
  return detail::WaitAwaiter<T>(std::move(slots), when, limit);
}
template <class T, class... More>
auto wait(const TaskHandle<T>&, const TaskHandle<More>&...) {
  static_assert(detail::always_false<T>, "eddy: wait takes a range: name it first: std::vector handles{a, b}; co_await eddy::wait(handles);");
}
template <class Called = void>
auto wait(detail::BracedList, ReturnWhen = ReturnWhen::all_completed, TimeLimit = std::nullopt) {
  static_assert(!std::is_void_v<Called>, "eddy: wait takes a range: name it first: std::vector handles{a, b}; co_await eddy::wait(handles);");
}

}  // namespace eddy::inline EDDY_ABI
