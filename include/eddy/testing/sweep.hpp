// Sweeps: the same test again and again, disturbed at every place where it can be.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/outcome.hpp>
#include <eddy/testing/disturbance.hpp>
#include <eddy/testing/leak_check.hpp>
#include <eddy/testing/run_test.hpp>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <new>
#include <string>
#include <utility>

namespace eddy::inline EDDY_ABI::testing {

/// How a sweep runs.
struct SweepOptions {
  std::uint64_t seed = 0;        ///< the order of tasks in each run
  std::size_t limit = 100'000;   ///< more runs than this are a failure: the test does not come to an end
  bool real_time = false;        ///< see TestOptions
};

namespace detail {

// One run of a sweep. What it may end with is decided by `accept(error)`, which rethrows what it does not take.
template <class F, class Accept>
void run_disturbed(Disturbance& disturbance, F& test, bool real_time, Accept accept, const std::string& where) {
  const LeakCheck leaks;
  try {
    const Disturbed in_force(disturbance);
    disturbance.sweeping = true;
    this_threads_allocations().failed = false;
    TestOptions options;
    options.real_time = real_time;
    try {
      run_test(test, options);
    } catch (...) {
      accept(std::current_exception());
    }
    reports().clear();
    leaks.check();
  } catch (...) {
    std::throw_with_nested(TestFailure(where + ": " + eddy::detail::describe_exception(std::current_exception())));
  }
}

}  // namespace detail

/// Runs `test()`, a coroutine function, again and again, and cancels it before its first step, its second, and so on, until
/// a run ends without having been cancelled. A step is one resumption of any task of the test, so the cancel falls into
/// every moment between two turns. Gives the number of runs that were cancelled.
///
/// A run may give its value or be cancelled. Errors: TestFailure, which names the step, with the error nested, for any
/// other end, a deadlock included, and for frames or descriptors that are left. `test` has to start afresh each time.
template <class F>
std::size_t for_each_cancellation_point(F&& test, SweepOptions options = {}) {
  for (std::size_t step = 1; step <= options.limit; ++step) {
    detail::Disturbance disturbance;
    disturbance.seed = options.seed;
    disturbance.cancel_at = step;
    const auto accept = [](const std::exception_ptr& error) {
      try {
        std::rethrow_exception(error);
      } catch (const CancelledError&) {
      }
    };
    detail::run_disturbed(disturbance, test, options.real_time, accept, "cancelled before step " + std::to_string(step));
    if (!disturbance.happened) return step - 1;
  }
  throw TestFailure("more steps than " + std::to_string(options.limit));
}

/// Runs `test()`, a coroutine function, again and again, and lets its first allocation fail, its second, and so on, until a
/// run ends with none failed; then all this again with every later allocation failing, too. Frames of tasks count. Gives
/// the number of allocations.
///
/// A run may give its value or throw std::bad_alloc, also in an ExceptionGroup or nested. Errors: TestFailure, as for
/// for_each_cancellation_point; RuntimeError in a program without EDDY_TESTING_OPERATOR_NEW. What `test` itself
/// allocates for its checks belongs into a scope with AllocationsSucceed.
template <class F>
std::size_t for_each_allocation(F&& test, SweepOptions options = {}) {
  if (!allocations_are_counted())
    throw RuntimeError("eddy: for_each_allocation needs EDDY_TESTING_OPERATOR_NEW in one source file of the program");
  std::size_t most = 0;
  for (const bool persistently : {false, true}) {
    std::size_t number = 1;
    for (; number <= options.limit; ++number) {
      detail::Disturbance disturbance;
      disturbance.seed = options.seed;
      disturbance.fail_at = number;
      disturbance.fail_persistently = persistently;
      const auto accept = [](const std::exception_ptr& error) {
        if (!detail::FailAllocation::failed()) std::rethrow_exception(error);
      };
      detail::run_disturbed(disturbance, test, options.real_time, accept,
                            "with allocation " + std::to_string(number) + (persistently ? " and all later ones" : "") + " failing");
      if (!detail::FailAllocation::failed()) break;
    }
    if (number > options.limit) throw TestFailure("more allocations than " + std::to_string(options.limit));
    most = number - 1;
  }
  return most;
}

}  // namespace eddy::inline EDDY_ABI::testing
