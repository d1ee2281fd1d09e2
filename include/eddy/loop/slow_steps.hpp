// SlowSteps: in debug mode, looks for steps of tasks and for callbacks that keep the loop from everything else too long, and
// has it remembered why tasks are stopped. It also tells of a loop that stands still.
//
// While debug mode is on it is the loop's batch hook, unless a test has its own, so the loop's own way of running a batch
// knows nothing of it. It reads real time, whatever clock the loop has.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/time.hpp>
#include <eddy/loop/descriptor_callbacks.hpp>
#include <eddy/loop/exception_handler.hpp>
#include <eddy/loop/handle.hpp>
#include <eddy/loop/scheduler.hpp>

#include <chrono>
#include <cstdio>
#include <new>
#include <string>
#include <utility>

namespace eddy::inline EDDY_ABI::detail {

std::string name_of(Frame* root);                                          // in task/misuse.hpp
Frame* task_of(Frame* root) noexcept;                                      // there, too
void note_unwinding(Frame* root) noexcept;                                 // in task/cancellation.hpp
std::string await_chain(Frame* root);                                      // in task/current_task.hpp
std::string place_of(Frame* root);                                         // there, too
std::string describe_strands(Scheduler& scheduler);                        // there, too
void call_handler(EventLoop& loop, const ExceptionContext& context) noexcept;  // in event_loop.hpp

inline std::string place_of(Location where) { return std::string(where.file()) + ':' + std::to_string(where.line()); }

template <class = void>
class SlowSteps final : public StepWatch, public BatchHook {
 public:
  explicit SlowSteps(EventLoop& loop) noexcept : loop_(loop) {}
  SlowSteps(const SlowSteps&) = delete;
  SlowSteps& operator=(const SlowSteps&) = delete;

  void watch(Scheduler& scheduler, bool on) noexcept {
    scheduler_ = &scheduler;
    StepWatch** last = &scheduler.step_watch;
    while (*last != nullptr && *last != this) last = (*last)->inner();
    *last = on ? this : nullptr;
    begun_ = std::chrono::steady_clock::now();  // it may be told of the end of a step that is under way
    if (on && scheduler.batch_hook == nullptr) scheduler.batch_hook = this;
    // Other watches, if there are any, go on to be told of what runs.
    if (!on && scheduler.batch_hook == this && scheduler.step_watch == nullptr) scheduler.batch_hook = nullptr;
  }

  // Tasks wait that nothing in the loop can wake. A loop that only serves other threads has none.
  EDDY_COLD void report_standstill() noexcept {
    try {
      const std::string tasks = describe_strands(*scheduler_);
      if (tasks.empty()) return;
      call_handler(loop_, {"nothing in this loop can wake these tasks, only another thread's call could" + tasks, nullptr, {}});
    } catch (const std::bad_alloc&) {
    }
  }

  Duration limit = std::chrono::milliseconds(100);

 private:
  std::uint32_t run_batch(Scheduler& scheduler) override {
    std::uint32_t ran = 0;
    while (ReadyNode* node = scheduler.batch.pop()) {
      ++ran;
      scheduler.run_node(node);
      while (ReadyNode* follower = scheduler.next.pop()) scheduler.run_node(follower);
    }
    return ran;
  }
  void strand_begins() noexcept override {
    if (scheduler_->current->state == State::unwind) [[unlikely]] note_unwinding(scheduler_->current);
    begun_ = std::chrono::steady_clock::now();
  }
  void strand_ran(Frame* root) noexcept override {
    if (root->state == State::stopping) [[unlikely]] note_unwinding(root);
    if (const Duration took = since_begun(); took >= limit) [[unlikely]] report_strand(root, took);
  }
  // What is known of the callback is asked before: it may be gone once it has run.
  void callback_begins(CallbackNode* node) noexcept override {
    const bool scheduled = node->run == &ScheduledCallback::run_it;
    where_ = scheduled ? static_cast<ScheduledCallback*>(node)->where : Location();
    descriptor_ = DescriptorCallbacks::descriptor_of(node);
    begun_ = std::chrono::steady_clock::now();
  }
  void callback_ran() noexcept override {
    if (const Duration took = since_begun(); took >= limit) [[unlikely]] report_callback(took);
  }
  [[nodiscard]] Duration since_begun() const noexcept { return std::chrono::steady_clock::now() - begun_; }

  // Without memory for a report there is none.
  EDDY_COLD void report_strand(Frame* root, Duration took) noexcept {
    try {
      Frame* task = task_of(root);
      std::string text = (task == nullptr ? "executing a cleanup" : "executing a task") + took_text(took);
      if (root->done()) text += "; it has ended";
      if (root->state < State::running) text += "; now it " + await_chain(root);
      call_handler(loop_, {std::move(text), nullptr, task == nullptr ? std::string() : name_of(task)});
    } catch (const std::bad_alloc&) {
    }
  }
  EDDY_COLD void report_callback(Duration took) noexcept {
    try {
      std::string text = "executing a callback";
      if (descriptor_ >= 0) text += " of add_reader or add_writer for descriptor " + std::to_string(descriptor_);
      text += took_text(took);
      if (where_.file() != nullptr) text += "; it was scheduled at " + place_of(where_);
      call_handler(loop_, {std::move(text), nullptr, {}});
    } catch (const std::bad_alloc&) {
    }
  }
  EDDY_COLD static std::string took_text(Duration took) {
    char text[64];
    std::snprintf(text, sizeof text, " took %.3f seconds", std::chrono::duration<double>(took).count());
    return text;
  }

  EventLoop& loop_;
  Scheduler* scheduler_ = nullptr;  // its part, once it was watched
  std::chrono::steady_clock::time_point begun_;
  Location where_{};
  int descriptor_ = -1;
};

}  // namespace eddy::inline EDDY_ABI::detail
