// run_test: runs a coroutine the way a test wants it: on a clock that jumps, in any order of tasks, with nothing left behind.
//
// It knows no test framework: what is wrong is thrown. test_case.hpp makes Catch2's test cases of it.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/scope_exit.hpp>
#include <eddy/base/nested_error.hpp>
#include <eddy/base/outcome.hpp>
#include <eddy/loop/event_loop.hpp>
#include <eddy/task/current_task.hpp>
#include <eddy/task/runner.hpp>
#include <eddy/task/sleep.hpp>
#include <eddy/testing/allocations.hpp>
#include <eddy/testing/disturbance.hpp>
#include <eddy/testing/fixture.hpp>
#include <eddy/testing/virtual_clock.hpp>

#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace eddy::inline EDDY_ABI::testing {

/// How `run_test` runs.
struct TestOptions {
  VirtualClock* clock = nullptr;  ///< the clock; null: a new virtual one
  bool real_time = false;         ///< waits for real instead, as descriptors, processes and threads need it
  bool may_leave_tasks = false;   ///< tasks and timers that are left when the body has ended are no failure
  std::optional<std::uint64_t> seed = std::nullopt;  ///< the order of tasks, see SeededOrder; null: the test case's
};

namespace detail {

// What reached the exception handler of the loops that this thread's test has run.
struct Reports {
  std::vector<std::string> lines;
  std::vector<std::exception_ptr> errors;  // each of them
  std::string twice;                       // an error that came a second time
};
EDDY_NOINLINE inline Reports& reports() noexcept {
  static thread_local Reports all;
  return all;
}

inline void record_report(const ExceptionContext& context) {
  const AllocationsSucceed pause;
  Reports& all = reports();
  all.lines.push_back(context.message);
  if (!context.exception) return;
  all.lines.back() += ": " + eddy::detail::describe_exception(context.exception);
  for (const std::exception_ptr& error : all.errors) {
    if (error == context.exception) all.twice = all.lines.back();
  }
  all.errors.push_back(context.exception);
}

// What a test has around it. It is not in the main task's frame, which may never end.
struct Surroundings {
  explicit Surroundings(std::uint64_t seed) : hook(seed) {}
  void start_counting() {
    hook.watch();
    const Disturbance* wanted = Disturbance::current();
    if (wanted == nullptr || wanted->fail_at == 0) return;
    faults.arm(wanted->fail_at, wanted->fail_persistently, wanted->muted ? &main_is_alone : nullptr,
               &EventLoop::Internals::scheduler(get_running_loop()));
  }
  void stop_counting() noexcept {
    hook.unwatch();
    faults.disarm();
  }

  TestHook hook;
  FixtureStack fixtures;
  FailAllocation faults;
};

// The main task. A disturbance counts from the body's first instruction to its end.
template <class F>
auto main_of(Surroundings& around, F& body) -> Task<AwaitResult<std::invoke_result_t<F&>>> {
  const eddy::detail::ScopeExit end([&around]() noexcept { around.stop_counting(); });
  around.start_counting();
  co_return co_await body();
}

// What comes after it, however it ended: its fixtures, and whoever is ready or stops already may come to his end.
inline Task<> after_main(Surroundings& around) {
  co_await around.fixtures.tear_down();
  eddy::detail::Scheduler& scheduler = EventLoop::Internals::scheduler(get_running_loop());
  for (int turns = 0; turns < 100; ++turns) {
    co_await yield();
    if (scheduler.batch.empty() && scheduler.ready.empty()) break;
  }
}

template <class T>
Outcome<T> run_to_end(Runner& runner, Task<T> main) {
  try {
    if constexpr (std::is_void_v<T>) {
      runner.run(std::move(main));
      return Outcome<T>::from_value();
    } else if constexpr (std::is_reference_v<T>) {
      return Outcome<T>::from_value(std::addressof(runner.run(std::move(main))));
    } else {
      return Outcome<T>::from_value(runner.run(std::move(main)));
    }
  } catch (...) {
    return Outcome<T>::from_exception(std::current_exception());
  }
}

// Ends what a test has left. Throws the body's error, if it has one, else what is wrong with the test.
inline void end_test(Runner& runner, Surroundings& around, const std::exception_ptr& error, bool may_leave_tasks) {
  // Who waits at a queue of the body's was left behind with it.
  const bool orphans = EventLoop::Internals::take(runner.get_loop(), eddy::detail::kOrphans);
  std::exception_ptr wrong = run_to_end(runner, after_main(around)).exception();
  if (orphans) EventLoop::Internals::give(runner.get_loop(), eddy::detail::kOrphans);
  eddy::detail::Scheduler& scheduler = EventLoop::Internals::scheduler(runner.get_loop());
  std::string left = eddy::detail::describe_strands(scheduler);
  if (left.empty() && !EventLoop::Internals::timers(runner.get_loop()).empty()) left = "\n  a callback of call_later or call_at";
  if (may_leave_tasks) runner.get_loop().set_debug(false);  // it would report them
  try {
    runner.close();
  } catch (...) {
    if (!wrong) wrong = std::current_exception();
  }
  if (wrong) {
    eddy::detail::throw_displacing(wrong, error, [](const std::exception_ptr& displaced) {
      record_report({"a test failed, and then its end did", displaced, {}});
    });
  }
  const Disturbance* wanted = Disturbance::current();
  const bool muted = wanted != nullptr && wanted->muted;
  const bool disturbed = wanted != nullptr && wanted->sweeping && (muted || wanted->happened || FailAllocation::failed());
  if (disturbed && !muted && !reports().twice.empty()) throw TestFailure("reported twice: " + reports().twice);
  if (!EventLoop::Internals::timers(runner.get_loop()).empty()) throw TestFailure("a timer is left that nobody waits for");
  if (error) std::rethrow_exception(error);
  if (disturbed) return;
  if (!left.empty() && !may_leave_tasks)
    throw TestFailure("the test left behind what was still waiting; await or cancel it, or allow it:" + left);
  std::string lines;
  for (const std::string& line : std::exchange(reports(), {}).lines) lines += "\n  " + line;
  if (!lines.empty()) throw TestFailure("reported to the exception handler, and not taken by the test:" + lines);
}

}  // namespace detail

/// The reports to the exception handler in this thread's test since the last call, as "message: what"; those that nobody
/// takes fail the test.
[[nodiscard]] inline std::vector<std::string> take_reports() { return std::exchange(detail::reports(), {}).lines; }

/// Runs `body()`, a coroutine function, as a test, and gives its value. Its fixtures are torn down at the end.
///
/// Errors: what the body throws; DeadlockError at once if nothing can ever wake the test again, with the list of who waits
/// where; TestFailure for tasks or timers that are left behind and for reports that were not taken.
/// Source: pytest-asyncio, trio.testing.
template <class F>
auto run_test(F&& body, TestOptions options = {}) -> AwaitResult<std::invoke_result_t<F&>> {
  detail::reports() = {};  // of a test that failed
  VirtualClock clock;
  RunOptions run_options;
  if (!options.real_time) run_options.clock = options.clock != nullptr ? options.clock : &clock;
  const detail::Disturbance* wanted = detail::Disturbance::current();
  detail::Surroundings around(options.seed.value_or(wanted != nullptr ? wanted->seed : 0));
  Runner runner(run_options);
  runner.get_loop().set_exception_handler(&detail::record_report);
  EventLoop::Internals::scheduler(runner.get_loop()).batch_hook = &around.hook;
  auto outcome = detail::run_to_end(runner, detail::main_of(around, body));
  detail::end_test(runner, around, outcome.exception(), options.may_leave_tasks);
  return std::move(outcome).value();
}

}  // namespace eddy::inline EDDY_ABI::testing
