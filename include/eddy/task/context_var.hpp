// ContextVar<T>: a value that a task has for itself and hands on to the tasks it creates.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/error.hpp>
#include <eddy/loop/context.hpp>
#include <eddy/loop/event_loop.hpp>
#include <eddy/task/cancellation.hpp>

#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

namespace eddy::inline EDDY_ABI {

namespace detail {

// The context of the task or callback that runs; null if it has none. A child of a group that has set nothing itself
// reads its parent's: the parent waits, so it cannot change meanwhile.
inline const ContextPointer* context_of(Frame* root) noexcept {
  while (root != nullptr) {
    if (root->details != nullptr && root->details->context) return &root->details->context;
    root = root->has(kChild) ? root->owner->parent->root : nullptr;
  }
  return nullptr;
}

// The running task's own context, made its own if it is shared.
template <class Copied = Context>
Context& writable_context() {
  EventLoop& loop = get_running_loop();
  Frame* task = running_task(loop);
  if (task == nullptr) throw RuntimeError("eddy: a ContextVar can be set in a task only");
  TaskDetails& details = details_of(task);
  if (!details.context || details.context->references > 1) {
    LocalPointer<Copied> copy(new Copied);
    if (const LocalPointer<Copied>* inherited = context_of(task)) copy->entries = (*inherited)->entries;
    details.context = std::move(copy);
    EventLoop::Internals::scheduler(loop).contexts = true;
  }
  return *details.context;
}

}  // namespace detail

inline const detail::ContextPointer* EventLoop::current_context() noexcept {
  if (current != nullptr) return contexts ? detail::context_of(current) : nullptr;
  return callback_context != nullptr && *callback_context ? callback_context : nullptr;
}

/// A variable whose value belongs to the running task. A new task starts with a copy of its creator's values; what it
/// sets is not seen by the creator. Callbacks given to `call_soon` and the like see the values of where they were made.
/// A function in `to_thread` reads the values of the task that awaits it; one in `run_in_executor` reads the defaults.
/// Identity is the object's address: make it static, and let it outlive its loop's tasks.
///
/// Complexity: get is linear in the number of variables that the task has set; creating a task costs nothing
/// more. Source: contextvars.ContextVar.
template <class T>
class ContextVar {
 public:
  /// A variable without a default: `get` throws until it is set.
  explicit ContextVar(std::string name) : name_(std::move(name)) {}
  ContextVar(std::string name, T default_value) : name_(std::move(name)), default_(std::move(default_value)) {}
  ContextVar(const ContextVar&) = delete;
  ContextVar& operator=(const ContextVar&) = delete;

  /// What `set` returns, for `reset`.
  class Token {
    friend class ContextVar;
    detail::LocalPointer<detail::ContextValue> old_;
  };

  /// The name it was given.
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  /// The value here and now, else the default. Errors: std::out_of_range if there is neither.
  [[nodiscard]] const T& get() const {
    if (const T* value = find()) return *value;
    if (default_) return *default_;
    throw std::out_of_range("eddy: the context variable '" + name_ + "' has no value here and no default");
  }
  /// The value here and now, else `fallback`.
  [[nodiscard]] T get(T fallback) const {
    const T* value = find();
    return value != nullptr ? *value : std::move(fallback);
  }
  /// Sets the value for this task and those it creates from now on. Errors: NoRunningLoop; RuntimeError outside a task.
  Token set(T value) {
    detail::Context& context = detail::writable_context<>();
    detail::LocalPointer<detail::ContextValue> boxed(new Box(std::move(value)));
    Token token;
    for (auto& entry : context.entries) {
      if (entry.variable != this) continue;
      token.old_ = std::move(entry.value);
      entry.value = std::move(boxed);
      return token;
    }
    context.entries.push_back({this, std::move(boxed)});
    return token;
  }
  /// Puts back what was there before the `set` that gave `token`.
  void reset(const Token& token) {
    detail::Context& context = detail::writable_context<>();
    for (auto& entry : context.entries) {
      if (entry.variable == this) entry.value = token.old_;
    }
  }

 private:
  struct Box final : detail::ContextValue {
    explicit Box(T initial) : value(std::move(initial)) {}
    T value;
  };
  const T* find() const {
    EventLoop* loop = detail::running_loop_slot();
    const detail::ContextPointer* context = loop == nullptr ? detail::job_context_slot() : EventLoop::Internals::context(*loop);
    const detail::ContextValue* value = context == nullptr || !*context ? nullptr : (*context)->find(this);
    return value == nullptr ? nullptr : &static_cast<const Box*>(value)->value;
  }

  std::string name_;
  std::optional<T> default_;
};

}  // namespace eddy::inline EDDY_ABI
