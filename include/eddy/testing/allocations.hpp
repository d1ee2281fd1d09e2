// Allocations of a thread: counted, and let fail, by an `operator new` that a test program puts in the place of its own.
//
// A program that wants this writes EDDY_TESTING_OPERATOR_NEW in one of its source files, outside of every namespace.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/config.hpp>

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <new>

namespace eddy::inline EDDY_ABI::testing {

namespace detail {

struct AllocationState {
  std::size_t until_failure = 0;  // the allocation with this number fails; 0: none does
  bool persistent = false;        // those after it fail as well
  bool failed = false;            // one has failed
  int paused = 0;                 // scopes in which none fails
  bool (*may_fail)(const void*) = nullptr;  // if there is one: it must agree
  const void* context = nullptr;
};
inline thread_local constinit AllocationState allocation_state{};
// Not inlined: clang 14 keeps the address of a thread_local across a suspension.
EDDY_NOINLINE inline AllocationState& this_threads_allocations() noexcept { return allocation_state; }

inline std::atomic<std::size_t> allocation_count{0};
inline std::atomic<bool> allocations_are_counted{false};

// The replaced operator's body; null if the allocation is to fail.
inline void* allocate(std::size_t size) noexcept {
  allocation_count.fetch_add(1, std::memory_order_relaxed);
  AllocationState& state = this_threads_allocations();
  if (state.until_failure != 0 && state.paused == 0 && (state.may_fail == nullptr || state.may_fail(state.context))) {
    if (--state.until_failure == 0) {
      state.failed = true;
      if (state.persistent) state.until_failure = 1;
      return nullptr;
    }
  }
  return std::malloc(size == 0 ? 1 : size);
}

}  // namespace detail

/// How often this program has called `operator new`, in all threads. Needs EDDY_TESTING_OPERATOR_NEW.
[[nodiscard]] inline std::size_t allocations() noexcept { return detail::allocation_count.load(std::memory_order_relaxed); }
/// True in a program that has EDDY_TESTING_OPERATOR_NEW.
[[nodiscard]] inline bool allocations_are_counted() noexcept { return detail::allocations_are_counted; }

/// While it lives, no allocation of this thread is let fail and none is counted as one that may: for what the test itself
/// allocates.
class AllocationsSucceed {
 public:
  AllocationsSucceed() noexcept { ++detail::this_threads_allocations().paused; }
  ~AllocationsSucceed() { --detail::this_threads_allocations().paused; }
  AllocationsSucceed(const AllocationsSucceed&) = delete;
  AllocationsSucceed& operator=(const AllocationsSucceed&) = delete;
};

namespace detail {

// Lets the allocation with some number fail, at most to the end of the scope, also inside of a check.
class FailAllocation {
 public:
  FailAllocation() noexcept : outer_pauses_(this_threads_allocations().paused) {}
  ~FailAllocation() { disarm(); }
  void arm(std::size_t number, bool persistent, bool (*may_fail)(const void*) = nullptr, const void* context = nullptr) noexcept {
    this_threads_allocations() = {number, persistent, false, 0, may_fail, context};
  }
  void disarm() noexcept {
    this_threads_allocations().until_failure = 0;
    this_threads_allocations().paused = outer_pauses_;
  }
  FailAllocation(const FailAllocation&) = delete;
  FailAllocation& operator=(const FailAllocation&) = delete;
  // Whether the last one to be let fail has come.
  [[nodiscard]] static bool failed() noexcept { return this_threads_allocations().failed; }

 private:
  int outer_pauses_;
};

}  // namespace detail
}  // namespace eddy::inline EDDY_ABI::testing

/// Replaces the program's `operator new`, so that `allocations` counts and `for_each_allocation` can let them fail.
#define EDDY_TESTING_OPERATOR_NEW                                                                        \
  void* operator new(std::size_t size) {                                                                 \
    if (void* memory = ::eddy::testing::detail::allocate(size)) return memory;                          \
    throw std::bad_alloc();                                                                              \
  }                                                                                                      \
  void* operator new(std::size_t size, const std::nothrow_t&) noexcept {                                 \
    return ::eddy::testing::detail::allocate(size);                                                     \
  }                                                                                                      \
  void operator delete(void* memory) noexcept { std::free(memory); }                                     \
  void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }                        \
  namespace {                                                                                            \
  [[maybe_unused]] const bool eddy_testing_counts = (::eddy::testing::detail::allocations_are_counted = true); \
  }
