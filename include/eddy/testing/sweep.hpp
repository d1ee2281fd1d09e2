// Sweeps: the same test again and again, disturbed at every place where it can be.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/error.hpp>
#include <eddy/base/exception_group.hpp>
#include <eddy/base/outcome.hpp>
#include <eddy/testing/disturbance.hpp>
#include <eddy/testing/leak_check.hpp>
#include <eddy/testing/run_test.hpp>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <new>
#include <optional>
#include <string>

namespace eddy::inline EDDY_ABI::testing {

/// How a sweep runs.
struct SweepOptions {
  std::optional<std::uint64_t> seed = std::nullopt;  ///< see TestOptions
  std::size_t limit = 100'000;  ///< more runs than this are a failure: the test does not come to an end
  bool real_time = false;       ///< see TestOptions
};

namespace detail {

// One run of a sweep. `accepts(error)` says whether it may end so, once it was disturbed; undisturbed it may not fail.
template <class F, class Accepts>
void run_disturbed(Disturbance& disturbance, F& test, const SweepOptions& options, Accepts accepts, const std::string& where) {
  const Disturbance* outer = Disturbance::current();
  disturbance.seed = options.seed.value_or(outer != nullptr ? outer->seed : 0);
  disturbance.sweeping = true;
  try {
    const LeakCheck leaks;
    const Disturbed in_force(disturbance);
    this_threads_allocations().failed = false;
    TestOptions test_options;
    test_options.real_time = options.real_time;
    try {
      run_test(test, test_options);
      disturbance.happened |= FailAllocation::failed();
    } catch (...) {
      disturbance.happened |= FailAllocation::failed();
      if (!disturbance.happened || !accepts(std::current_exception())) throw;
    }
    reports() = {};
    leaks.check();
  } catch (...) {
    std::throw_with_nested(TestFailure((disturbance.happened ? where : std::string("left alone")) + ": " +
                                       eddy::detail::describe_exception(std::current_exception())));
  }
}

inline bool is_cancelled_error(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const CancelledError&) {
    return true;
  } catch (...) {
    return false;
  }
}

// Whether the error is a failed allocation or brings one along.
inline bool is_bad_alloc(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const std::bad_alloc&) {
    return true;
  } catch (const ExceptionGroup& group) {
    for (const std::exception_ptr& one : group.exceptions()) {
      if (is_bad_alloc(one)) return true;
    }
    return false;
  } catch (const std::nested_exception& around) {
    return around.nested_ptr() && is_bad_alloc(around.nested_ptr());
  } catch (...) {
    return false;
  }
}

}  // namespace detail

/// Runs `test()`, a coroutine function, again and again, and cancels it at its first point, its second, and so on, until a
/// run ends without having been cancelled. Points are before and after each resumption of any of its tasks, so each wait
/// is cut both while it lasts and when what it waited for has come. Gives the number of points.
///
/// A run that is cancelled may give its value or end as cancelled. Errors: TestFailure, which names the point, with the
/// error nested, for any other end, a deadlock included, and for frames or descriptors that are left. `test` has to
/// start afresh each time. No loop may run in this thread: call it from an EDDY_LOOP_TEST_CASE.
template <class F>
std::size_t for_each_cancellation_point(F&& test, SweepOptions options = {}) {
  for (std::size_t number = 1; number <= options.limit; ++number) {
    detail::Disturbance disturbance;
    disturbance.cancel_at = number;
    detail::run_disturbed(disturbance, test, options, detail::is_cancelled_error, "cancelled at point " + std::to_string(number));
    if (!disturbance.happened) return number - 1;
  }
  throw TestFailure("more cancellation points than " + std::to_string(options.limit));
}

/// Runs `test()`, a coroutine function, again and again, and lets its first allocation fail, its second, and so on, until a
/// run ends with none failed; then all this again with every later allocation failing, too. Frames of tasks count. Gives
/// the number of allocations.
///
/// A run in which one failed may give its value or throw std::bad_alloc, also in an ExceptionGroup or nested. Errors:
/// TestFailure, as for for_each_cancellation_point; RuntimeError in a program without EDDY_TESTING_OPERATOR_NEW. What `test`
/// allocates for its own purposes, outside of checks, belongs into a scope with AllocationsSucceed.
template <class F>
std::size_t for_each_allocation(F&& test, SweepOptions options = {}) {
  if (!allocations_are_counted())
    throw RuntimeError("eddy: for_each_allocation needs EDDY_TESTING_OPERATOR_NEW in one source file of the program");
  std::size_t most = 0;
  for (const bool persistently : {false, true}) {
    std::size_t number = 1;
    for (;; ++number) {
      if (number > options.limit) throw TestFailure("more allocations than " + std::to_string(options.limit));
      detail::Disturbance disturbance;
      disturbance.fail_at = number;
      disturbance.fail_persistently = persistently;
      detail::run_disturbed(disturbance, test, options, detail::is_bad_alloc,
                            "with allocation " + std::to_string(number) + (persistently ? " and all later ones" : "") + " failing");
      if (!disturbance.happened) break;
    }
    most = number - 1;
  }
  return most;
}

}  // namespace eddy::inline EDDY_ABI::testing
