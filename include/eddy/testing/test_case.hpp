// EDDY_TEST_CASE: a test case of Catch2 whose body is a coroutine.
//
//     EDDY_TEST_CASE("a retry waits longer each time", "[retry]") {
//       co_await …;
//       CHECK(…);
//     }
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/testing/checks.hpp>
#include <eddy/testing/leak_check.hpp>
#include <eddy/testing/run_test.hpp>
#include <eddy/testing/sweep.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <string>

namespace eddy::inline EDDY_ABI::testing::detail {

// How many test cases were run in several orders, and how many in FIFO order only.
struct CaseCounts {
  std::size_t seeded = 0;
  std::size_t fifo_only = 0;
  std::uint64_t orders = 0;  // of each seeded one
  static CaseCounts& get() noexcept {
    static CaseCounts counts;
    return counts;
  }
};

inline bool has_tag(const std::string& tags, const char* tag) { return tags.find(tag) != std::string::npos; }

// What the environment asks for; zero means nothing.
inline std::uint64_t number_in_environment(const char* name) {
  const char* text = std::getenv(name);
  if (text == nullptr || *text == '\0') return 0;
  char* end = nullptr;
  const std::uint64_t number = std::strtoull(text, &end, 10);
  if (*end != '\0') throw TestFailure("the environment variable " + std::string(name) + " is no number: " + text);
  return number;
}

// One run of a test's function, between two looks at what is left.
template <class F>
void run_once(Disturbance& disturbance, F& test) {
  const LeakCheck leaks;
  const Disturbed in_force(disturbance);
  reports() = {};
  try {
    test();
  } catch (...) {  // what a task died of is often why the test waited in vain
    for (const std::string& report : take_reports()) UNSCOPED_INFO("reported to the exception handler: " << report);
    throw;
  }
  leaks.check();
}

// The sweeps that a test program may be asked to do with all its tests: for crashes, hangs and leaks; checks are not judged.
// These tests were not written for it, and their tasks and callbacks refer to each other's locals: so tasks that the main
// task does not own are stopped before it, callbacks run before it is, and allocations fail only while there are none.
template <class F>
void sweep(const std::string& kind, F& test) {
  const bool allocations = kind == "allocations";
  if (!allocations && kind != "cancellations") throw TestFailure("EDDY_SWEEP is neither cancellations nor allocations: " + kind);
  const std::uint64_t limit = number_in_environment("EDDY_SWEEP_LIMIT");
  for (const bool persistently : {false, true}) {
    if (persistently && !allocations) break;
    // One by one at first, then ever farther apart, so that a test of many steps does not take for ever.
    for (std::size_t number = 1; limit == 0 || number <= limit; number += 1 + number / 64) {
      Disturbance disturbance;
      disturbance.sweeping = disturbance.muted = true;
      (allocations ? disturbance.fail_at : disturbance.cancel_at) = number;
      disturbance.fail_persistently = persistently;
      this_threads_allocations().failed = false;
      INFO("EDDY_SWEEP=" << kind << ", at " << number << (persistently ? " and later" : ""));
      const LeakCheck leaks;
      {
        const Disturbed in_force(disturbance);
        try {
          test();
        } catch (const DeadlockError&) {
          throw;
        } catch (...) {  // how else the test ends does not matter here
        }
      }
      reports() = {};
      leaks.check();
      if (!(allocations ? FailAllocation::failed() : disturbance.happened)) break;
    }
  }
}

// Runs a test case as the environment asks for: once in FIFO order; with EDDY_SEED=n once in that order; else with EDDY_SEEDS=n
// in the orders 1 to n, but in FIFO order only if it asserts the order of the ready queue; with EDDY_SWEEP=cancellations or
// allocations, swept.
template <class F>
void run_case(const std::string& tags, F test) {
  const bool fifo_only = has_tag(tags, "[order]");
  const char* kind = std::getenv("EDDY_SWEEP");
  if (kind != nullptr) return sweep(kind, test);
  std::uint64_t seed = fifo_only ? 0 : number_in_environment("EDDY_SEED");
  const std::uint64_t seeds = fifo_only || seed != 0 ? 0 : number_in_environment("EDDY_SEEDS");
  if (seeds > 0) seed = 1;
  CaseCounts& counts = CaseCounts::get();
  ++(fifo_only ? counts.fifo_only : counts.seeded);
  if (!fifo_only) counts.orders = seeds;
  for (; seed <= seeds || seeds == 0; ++seed) {
    Disturbance disturbance;
    disturbance.seed = seed;
    INFO("EDDY_SEED=" << seed);
    run_once(disturbance, test);
    if (seeds == 0) break;
  }
}

template <class F>
void run_coroutine_case(const std::string& tags, F body) {
  TestOptions options;
  options.real_time = has_tag(tags, "[real]") || has_tag(tags, "[socket]");
  options.may_leave_tasks = has_tag(tags, "[leaves_tasks]");
  run_case(tags, [&] { run_test(body, options); });
}

inline std::string tags_of(const Catch::NameAndTags& both) { return std::string(both.tags); }

}  // namespace eddy::inline EDDY_ABI::testing::detail

namespace eddy::inline EDDY_ABI::testing {

/// A line for the end of a test program that was run with EDDY_SEEDS: how many test cases ran in how many orders, and how
/// many in FIFO order only. Empty if none ran in several.
[[nodiscard]] inline std::string describe_orders() {
  const detail::CaseCounts& counts = detail::CaseCounts::get();
  if (counts.orders == 0) return {};
  return std::to_string(counts.seeded) + " test cases in " + std::to_string(counts.orders) + " orders of tasks each, " +
         std::to_string(counts.fifo_only) + " in FIFO order only";
}

}  // namespace eddy::inline EDDY_ABI::testing

/// A test case whose body is a coroutine: `EDDY_TEST_CASE("a sentence", "[tag]") { co_await …; }`.
///
/// It runs on a virtual clock; with the tag [real], and with [socket] for those that use descriptors, on the real one. It
/// fails with whatever a check or an exception in any of its tasks says, at once if nothing can ever wake it again, and if
/// it leaves tasks, timers, frames, descriptors or unread reports behind ([leaves_tasks] allows the first two).
///
/// The environment variable EDDY_SEEDS=200 runs it in 200 orders of tasks; a failure prints the seed, and EDDY_SEED=n
/// runs that order again. Tests that assert the order of what is ready carry [order] and run in FIFO order only.
#define EDDY_TEST_CASE(...) EDDY_TESTING_CASE_(EDDY_TESTING_JOIN_(eddy_test_, __COUNTER__), __VA_ARGS__)
/// The same for a body that is no coroutine and calls `run_test` itself, as often as it likes.
#define EDDY_LOOP_TEST_CASE(...) EDDY_TESTING_LOOP_CASE_(EDDY_TESTING_JOIN_(eddy_test_, __COUNTER__), __VA_ARGS__)

#define EDDY_TESTING_JOIN_(a, b) EDDY_TESTING_JOIN2_(a, b)
#define EDDY_TESTING_JOIN2_(a, b) a##b
#define EDDY_TESTING_CASE_(function, ...)                                                                              \
  static ::eddy::Task<> function();                                                                                   \
  TEST_CASE(__VA_ARGS__) {                                                                                            \
    ::eddy::testing::detail::run_coroutine_case(::eddy::testing::detail::tags_of({__VA_ARGS__}), function);           \
  }                                                                                                                   \
  static ::eddy::Task<> function()
#define EDDY_TESTING_LOOP_CASE_(function, ...)                                                                         \
  static void function();                                                                                             \
  TEST_CASE(__VA_ARGS__) {                                                                                            \
    ::eddy::testing::detail::run_case(::eddy::testing::detail::tags_of({__VA_ARGS__}), function);                     \
  }                                                                                                                   \
  static void function()
