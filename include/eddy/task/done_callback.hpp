// Done callbacks: functions that stand in the wait list of a task or a future, among those who await it.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/callback.hpp>
#include <eddy/loop/close_hooks.hpp>
#include <eddy/loop/event_loop.hpp>
#include <eddy/loop/wait_queue.hpp>

#include <cstdint>
#include <utility>

namespace eddy::inline EDDY_ABI {

/// Names a callback that `add_done_callback` added, for `remove_done_callback`.
enum class DoneCallbackId : std::uint64_t {};

namespace detail {

// A future may outlive the loop whose callbacks wait for it, so the loop destroys those that are left when it closes.
struct DoneCallback final : CallbackNode, WaitNode, CloseHook {
  DoneCallback(Callback<void()> function, DoneCallbackId name) : CallbackNode(&run_it), fn(std::move(function)), id(name) {}

  static void run_it(CallbackNode* node) {
    auto* self = static_cast<DoneCallback*>(node);
    EventLoop& event_loop = get_running_loop();
    if (self->queue != nullptr) EventLoop::Internals::close_hooks(event_loop).remove(self);
    Scheduler& scheduler = EventLoop::Internals::scheduler(event_loop);
    scheduler.callback_context = &self->context;
    try {
      self->fn();
    } catch (...) {
      report(&event_loop, "a done callback threw an exception", std::current_exception());
    }
    scheduler.callback_context = nullptr;
    delete self;
  }

  void wait_in(WaitQueue& waited_for, EventLoop& event_loop) noexcept {
    queue = &waited_for;
    queue->add(this, static_cast<CallbackNode*>(this), &EventLoop::Internals::scheduler(event_loop));
    EventLoop::Internals::close_hooks(event_loop).push_back(this);
  }
  // Of one that waits.
  void destroy() noexcept {
    EventLoop::Internals::close_hooks(EventLoop::Internals::loop(*WaitNode::loop)).remove(this);
    detach();
  }
  void begin_close() noexcept override {}
  [[nodiscard]] bool closed() noexcept override { return true; }
  void detach() noexcept override {
    if (WaitNode::loop == nullptr) return;  // it is queued, in a loop that makes no more passes
    queue->remove(this);
    delete this;
  }

  Callback<void()> fn;
  DoneCallbackId id;
  ContextPointer context;
  WaitQueue* queue = nullptr;  // null if it has not had to wait
};

inline DoneCallbackId add_done_callback(WaitQueue& queue, bool done, Callback<void()> fn) {
  EventLoop& event_loop = get_running_loop();
  Scheduler& scheduler = EventLoop::Internals::scheduler(event_loop);
  const auto id = static_cast<DoneCallbackId>(++scheduler.done_callbacks);
  auto* callback = new DoneCallback(std::move(fn), id);
  if (const ContextPointer* context = EventLoop::Internals::context(event_loop)) callback->context = *context;
  if (done) {
    scheduler.ready.push(static_cast<CallbackNode*>(callback));
  } else {
    callback->wait_in(queue, event_loop);
  }
  return id;
}

inline DoneCallback* as_done_callback(WaitNode* node) noexcept {
  const bool is_one = (node->target->flags & kCallback) != 0 && static_cast<CallbackNode*>(node->target)->run == &DoneCallback::run_it;
  return is_one ? static_cast<DoneCallback*>(node) : nullptr;
}

// Destroys the callbacks of what never comes to its end.
inline void drop_done_callbacks(WaitQueue& queue) noexcept {
  for (WaitNode* node = queue.front(); node != nullptr;) {
    WaitNode* next = queue.after(node);
    if (DoneCallback* callback = as_done_callback(node)) callback->destroy();
    node = next;
  }
}

inline bool remove_done_callback(WaitQueue& queue, DoneCallbackId id) noexcept {
  for (WaitNode* node = queue.front(); node != nullptr; node = queue.after(node)) {
    DoneCallback* callback = as_done_callback(node);
    if (callback == nullptr || callback->id != id) continue;
    callback->destroy();
    return true;
  }
  return false;
}

}  // namespace detail
}  // namespace eddy::inline EDDY_ABI
