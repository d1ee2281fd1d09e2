// Context: the values of all ContextVars in one task, as a counted map that is copied on write; and what a thread works for.
//
// A child starts with its parent's context for the price of a pointer; the first `set` after that copies the map.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/config.hpp>
#include <eddy/base/fwd.hpp>
#include <eddy/base/replace.hpp>

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace eddy::inline EDDY_ABI::detail {

// A counted pointer for use on one thread: T has a member `references` that starts at zero.
template <class T>
class LocalPointer {
 public:
  LocalPointer() noexcept = default;
  explicit LocalPointer(T* object) noexcept : object_(object) { take(); }
  LocalPointer(const LocalPointer& other) noexcept : object_(other.object_) { take(); }
  LocalPointer(LocalPointer&& other) noexcept : object_(replace(other.object_, nullptr)) {}
  LocalPointer& operator=(LocalPointer other) noexcept {
    other.object_ = replace(object_, other.object_);
    return *this;
  }
  ~LocalPointer() {
    if (object_ != nullptr && --object_->references == 0) delete object_;
  }

  [[nodiscard]] T* get() const noexcept { return object_; }
  T* operator->() const noexcept { return object_; }
  T& operator*() const noexcept { return *object_; }
  [[nodiscard]] explicit operator bool() const noexcept { return object_ != nullptr; }

 private:
  void take() noexcept {
    if (object_ != nullptr) ++object_->references;
  }
  T* object_ = nullptr;
};

struct ContextValue {
  std::uint32_t references = 0;
  ContextValue() = default;
  ContextValue(const ContextValue&) = delete;
  ContextValue& operator=(const ContextValue&) = delete;
  virtual ~ContextValue() = default;
};

struct Context {
  struct Entry {
    const void* variable;
    LocalPointer<ContextValue> value;
  };
  std::uint32_t references = 0;
  std::vector<Entry> entries;

  [[nodiscard]] ContextValue* find(const void* variable) const noexcept {
    for (const auto& entry : entries) {
      if (entry.variable == variable) return entry.value.get();
    }
    return nullptr;
  }
};

using ContextPointer = LocalPointer<Context>;

// What a thread works for: the loop that runs in it or, in a pool's thread, the job's task, whose values it may read.
struct ThreadSlot {
  EventLoop* loop = nullptr;
  const ContextPointer* job_context = nullptr;
};
inline thread_local constinit ThreadSlot thread_slot{};
// Not inlined: clang 14 keeps the address of a thread_local across a suspension.
EDDY_NOINLINE inline EventLoop*& running_loop_slot() noexcept { return thread_slot.loop; }
EDDY_NOINLINE inline const ContextPointer*& job_context_slot() noexcept { return thread_slot.job_context; }

}  // namespace eddy::inline EDDY_ABI::detail
