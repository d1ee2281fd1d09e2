// Scheduler: the part of the loop that runs strands: it starts, resumes, wakes, stops, unwinds and ends them.
//
// Three queues: `ready` (FIFO, what runs in a later pass), `next` (children that start now and parents whose last child
// has just ended: run before the pass goes on) and `cancels` (strands that a stop is being delivered to). Nothing here
// recurses: whoever wakes, stops or ends a strand only pushes it, and the driver takes it from there.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/error.hpp>
#include <eddy/loop/frame.hpp>
#include <eddy/loop/ready_queue.hpp>
#include <eddy/loop/task_details.hpp>

#include <cstdio>
#include <cstdlib>
#include <cstdint>
#include <exception>
#include <utility>

namespace eddy::inline EDDY_ABI::detail {

// Ends the error of a task that nobody can ask any more; reports it if nobody ever did. Defined in event_loop.hpp.
void drop_error(Frame* root) noexcept;
void set_missing_value(Frame* root) noexcept;  // in task/task.hpp
// The same for one that may have ended without an error.
inline void drop_outcome(Frame* root) noexcept {
  if (root->holds_error() && root->error()) [[unlikely]] drop_error(root);
}

[[noreturn]] EDDY_COLD inline void report_throwing_destructor() noexcept {
  std::fputs("eddy: a destructor threw while its task was being stopped; a destructor must not throw\n", stderr);
  std::terminate();
}

// What is put in the place of the loop's own way of running a batch, as a test's other order. It is asked once a pass.
struct BatchHook {
  // Runs what is in scheduler.batch, or puts it off. Gives the number of nodes of the batch that it ran.
  virtual std::uint32_t run_batch(Scheduler& scheduler) = 0;

 protected:
  BatchHook() = default;
  ~BatchHook() = default;
};

// What is told of each step: debug mode's, and around it those of debug/, which pass on what they are told.
struct StepWatch {
  virtual void strand_begins() noexcept = 0;
  virtual void strand_ran(Frame* root) noexcept = 0;  // it is parked, or has ended and is about to be destroyed
  virtual void callback_begins(CallbackNode* node) noexcept = 0;
  virtual void callback_ran() noexcept = 0;
  virtual void exception_leaves(Frame*, const std::exception_ptr&) noexcept {}
  [[nodiscard]] virtual StepWatch** inner() noexcept { return nullptr; }  // where it has the next

 protected:
  StepWatch() = default;
  ~StepWatch() = default;
};

// An address that differs from thread to thread.
EDDY_NOINLINE inline const void* this_thread_mark() noexcept {
  static thread_local const char mark = 0;
  return &mark;
}

struct Scheduler {
  ReadyQueue batch;  // what the current pass still has to run
  ReadyQueue ready;
  ReadyQueue next;
  ReadyQueue cancels;
  Frame* current = nullptr;               // root of the strand that runs
  const ContextPointer* callback_context = nullptr;  // of the callback that runs
  IntrusiveList<Frame> tasks;             // the strands that no group owns: tasks, and cleanups without identity
  WaitQueue orphans;                      // who waited at something that was destroyed, until the next pass
  bool delivering = false;                // `cancels` is being worked off
  bool closing = false;                   // new tasks are cancelled before their first step
  const void* guarded = nullptr;          // in debug mode, while the loop runs: the mark of its thread
  static constexpr int kMaxEagerDepth = 32;
  int eager_depth = 0;
  bool warned_of_huge_gather = false;
  bool contexts = false;                  // some task has had a context
  BatchHook* batch_hook = nullptr;        // a test's, or that of who watches
  StepWatch* step_watch = nullptr;        // for each step only a batch hook asks
  std::uint64_t named = 0;                // default names given so far
  std::uint64_t done_callbacks = 0;       // added so far

  // Runs the first step of `root` inside the call, as eager_start asks for; too deep a nesting queues it instead.
  void run_now(Frame* root) noexcept {
    if (eager_depth == kMaxEagerDepth) return ready.push(static_cast<ReadyNode*>(root));
    ++eager_depth;
    Frame* const outer = current;
    run_next(root);
    current = outer;
    --eager_depth;
  }

  // Queues a node whose wait is over.
  EDDY_INLINE void wake(ReadyNode* node) noexcept {
    if (guarded != nullptr || node->state != State::suspended) [[unlikely]] return wake_other(node);
    node->state = State::ready;
    ready.push(node);
  }
  // The last child of a group has ended: its parent goes on before anything else of this pass.
  void hand_over(Frame* root) noexcept { requeue(root, State::ready, next); }
  // A suspended strand that must not be resumed: it is unwound in its turn.
  void unwind_later(Frame* root) noexcept { requeue(root, State::unwind, ready); }
  void unwind_next(Frame* root) noexcept { requeue(root, State::unwind, next); }

  // Takes a queued callback out again.
  void unqueue(CallbackNode* node) noexcept {
    if (node->state == State::callback) ReadyQueue::remove(node, batch, ready);
  }

  // Asks a strand to stop. It is delivered by deliver_stops.
  void request_stop(Frame* root) noexcept {
    if (root->has(kStop)) return;
    root->set(kStop);
    if (root->state == State::suspended) {
      root->state = State::listed;
      cancels.push(root);
    } else if (root->state == State::start) {
      root->state = State::unwind;
    }
  }
  // Delivers the stops that were asked for; those that arise meanwhile too, one after another.
  void deliver_stops() noexcept {
    if (delivering || cancels.empty()) return;
    delivering = true;
    while (ReadyNode* node = cancels.pop()) {
      auto* root = static_cast<Frame*>(node);
      if (root->state != State::listed) {  // woken while it was listed
        ready.push(root);
        continue;
      }
      root->state = State::suspended;
      if (root->suspension->try_cancel(false) == CancelResult::stopped) unwind_later(root);
    }
    delivering = false;
  }
  void stop(Frame* root) noexcept {
    if (root->state != State::suspended || root->has(kStop) || delivering) {
      request_stop(root);
      return deliver_stops();
    }
    root->set(kStop);
    delivering = true;
    if (root->suspension->try_cancel(false) == CancelResult::stopped) unwind_later(root);
    delivering = false;
    if (!cancels.empty()) deliver_stops();
  }

  // Forgets what else the pass was to run. The frames stay as they are.
  void drop_batch() noexcept {
    while (batch.pop() != nullptr || next.pop() != nullptr) continue;
  }
  // Runs one node of the ready queue, for a batch hook.
  void run_node(ReadyNode* node) {
    if (step_watch != nullptr) {
      run_watched(node);
    } else {
      run_next(node);
    }
    current = nullptr;
  }
  // Runs what is in `batch`, and after each node all that it has handed over to. Gives the number of nodes in the batch.
  std::uint32_t run_batch() {
    struct End {
      Scheduler& scheduler;
      ~End() {
        scheduler.batch.end_taking();
        scheduler.current = nullptr;
      }
    } const end{*this};
    std::uint32_t ran = 0;
    while (ReadyNode* node = batch.take()) {
      ++ran;
      run_next(node);
      if (!next.empty()) [[unlikely]] run_followers();
    }
    return ran;
  }

 protected:
  Scheduler() = default;
  ~Scheduler() = default;

 private:
  // Wakes what `wake` cannot wake at once: apart, so that nobody who wakes saves registers for it.
  EDDY_NOINLINE void wake_other(ReadyNode* node) noexcept {
    if (guarded != nullptr) [[unlikely]] check_waker(node);
    if (node->flags & kCallback) {
      ready.push(static_cast<CallbackNode*>(node));
    } else {
      requeue(static_cast<Frame*>(node), State::ready, ready);
    }
  }
  // Most of what wakes is noexcept, and the queues are damaged already: there is nothing to go on with.
  EDDY_COLD void check_waker(const ReadyNode* node) const noexcept {
    if (guarded == this_thread_mark()) return;
    // A task: what callbacks wait for, tasks and futures, refuses other threads itself.
    const auto* root = static_cast<const Frame*>(node);
    std::fprintf(stderr, "eddy: a task that waits for %s at %s:%u was woken from another thread; use call_soon_threadsafe\n",
                 root->suspension->waits_for(), root->leaf->location.file(), root->leaf->location.line());
    std::abort();
  }
  void requeue(Frame* root, State state, ReadyQueue& queue) noexcept {
    const bool listed = root->state == State::listed;
    root->state = root->state == State::leaving ? State::unwind : state;
    if (!listed) queue.push(root);
  }

  EDDY_INLINE void run_next(ReadyNode* node) {
    if (node->state > State::ready) [[unlikely]] return run_other(node);
    current = static_cast<Frame*>(node);
    run_strand(current);
  }
  EDDY_NOINLINE void run_followers() {
    while (ReadyNode* follower = next.pop()) run_next(follower);
  }
  // A callback, or a strand that is unwound.
  EDDY_NOINLINE void run_other(ReadyNode* node) {
    if (node->state == State::callback) {
      auto* callback = static_cast<CallbackNode*>(node);
      current = nullptr;
      callback->state = State::idle;
      callback->run(callback);
    } else {
      current = static_cast<Frame*>(node);
      unwind(current);
    }
  }

  // A watch may leave in the middle of a step.
  EDDY_NOINLINE void run_watched(ReadyNode* node) {
    if (node->flags & kCallback) {
      step_watch->callback_begins(static_cast<CallbackNode*>(node));
      run_next(node);
      if (step_watch != nullptr) step_watch->callback_ran();
    } else {
      current = static_cast<Frame*>(node);
      step_watch->strand_begins();
      if (current->state == State::unwind) return unwind(current);
      run_strand(current, true);
    }
  }

  EDDY_NOINLINE void strand_left(Frame* root) noexcept {
    if (root->state != State::done) return unwind(root);
    if (root->ended == Ended::no) [[unlikely]] return finish_without_value(root);
    finish(root);
  }
  EDDY_NOINLINE EDDY_COLD void finish_without_value(Frame* root) noexcept {
    set_missing_value(root);
    finish(root);
  }
  // The driver: the one place where a strand is resumed. It is `current`.
  EDDY_INLINE void run_strand(Frame* root, bool watched = false) noexcept {
    root->state = State::running;
    for (;;) {
#if defined(EDDY_HOP_BUDGET)
      root->hops = EDDY_HOP_BUDGET;
#endif
      root->leaf->handle().resume();
      if (root->state < State::running) [[likely]] {
        if (watched && step_watch != nullptr) step_watch->strand_ran(root);
        return;
      }
      if (root->state == State::running) continue;  // its budget of hops is spent
      if (watched && step_watch != nullptr) step_watch->strand_ran(root);
      return strand_left(root);
    }
  }

  // The one place where suspended frames are destroyed: leaf first, so that no destructor runs inside another frame's.
  EDDY_NOINLINE void unwind(Frame* root) noexcept {
    root->state = State::unwinding;
    Frame* frame = root->leaf;
    while (frame != root) {
      Frame* parent = frame->parent;
      root->leaf = parent;
      frame->root = frame;  // should a destructor throw, final_suspend must not find the parent
      frame->state = State::unwinding;
      if (frame->holder != nullptr) *frame->holder = nullptr;
      destroy(frame);
      frame = parent;
    }
    ::new (static_cast<void*>(root->error_storage)) std::exception_ptr();
    root->ended = Ended::cancelled;
    finish(root);
  }

  static void destroy(Frame* frame) noexcept {
    try {
      frame->handle().destroy();
    } catch (...) {
      report_throwing_destructor();
    }
  }

  // A strand has ended: its coroutine is destroyed, then whoever waits for it is told.
  EDDY_NOINLINE void finish(Frame* root) noexcept {
    root->state = State::unwinding;
    destroy(root);
    root->state = State::done;
    root->loop = nullptr;
    if (!root->waiters.empty()) root->waiters.wake_all();
    root->clear(kHeld);
    if (root->has(kChild)) return root->owner->child_done(root);
    tasks.remove(root);
    if (root->count == 0) {
      drop_outcome(root);
      free_frame(root);
    }
  }
};

// The strand after `root` of all that the loop has: its first child, else the next beside it or beside one of its parents.
inline Frame* strand_after(Scheduler& scheduler, Frame* root) noexcept {
  if (root->state == State::suspended || root->state == State::listed) {  // who is leaving has no children
    const IntrusiveList<Frame>* children = root->suspension->children();
    if (children != nullptr && !children->empty()) return children->front();
  }
  for (;; root = root->owner->parent->root) {
    const IntrusiveList<Frame>& siblings = root->has(kChild) ? *root->owner->children() : scheduler.tasks;
    if (Frame* next = siblings.after(root)) return next;
    if (!root->has(kChild)) return nullptr;
  }
}

// Calls `visit(root)` for every strand of the loop, parents before children. `visit` must not end or start any.
template <class Visit>
void for_each_strand(Scheduler& scheduler, Visit visit) {
  for (Frame* root = scheduler.tasks.front(); root != nullptr; root = strand_after(scheduler, root)) visit(root);
}

inline void WaitQueue::wake(WaitNode* node) noexcept {
  Scheduler* loop = node->loop;
  remove(node);
  loop->wake(node->target);
}
EDDY_INLINE void WaitQueue::wake_front() noexcept {
  WaitNode* node = list_.front();
  Scheduler* loop = node->loop;
  list_.remove_front();
  node->loop = nullptr;
  loop->wake(node->target);
}
EDDY_INLINE void WaitQueue::wake_front_into(IntrusiveList<WaitNode>& woken) noexcept {
  WaitNode* node = list_.front();
  Scheduler* loop = node->loop;
  list_.remove_front();
  node->loop = nullptr;
  woken.push_back(node);  // before it is woken, so that this is the last call
  loop->wake(node->target);
}

}  // namespace eddy::inline EDDY_ABI::detail
