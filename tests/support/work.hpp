// Small pieces of work that many tests wait for, and how work ends, as text.
//
// SPDX-License-Identifier: MIT
#pragma once

#include "support/run.hpp"

#include <chrono>
#include <exception>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace test {

inline eddy::Task<> nap(std::chrono::nanoseconds delay) { co_await eddy::sleep(delay); }

// A nap inside of so many timeouts, one in another.
inline eddy::Task<> nap_in_timeouts(int levels, std::chrono::nanoseconds delay) {
  if (levels == 0) {
    co_await eddy::sleep(delay);
    co_return;
  }
  auto inner = nap_in_timeouts(levels - 1, delay);
  co_await eddy::timeout(2 * delay, std::move(inner));
}

template <class T>
eddy::Task<T> after(std::chrono::nanoseconds delay, T value) {
  co_await eddy::sleep(delay);
  co_return value;
}

// `T` is what it would give if it did not fail.
template <class T = void>
eddy::Task<T> fail_after(std::chrono::nanoseconds delay, std::string what) {
  co_await eddy::sleep(delay);
  throw std::runtime_error(what);
}

inline eddy::Task<> throw_error(std::string what) {
  throw std::runtime_error(what);
  co_return;
}

inline eddy::Task<> append(std::vector<std::string>& log, std::string text) {
  log.push_back(text);
  co_return;
}

inline eddy::Task<> log_after(std::vector<std::string>& log, std::string text, std::chrono::nanoseconds delay) {
  co_await eddy::sleep(delay);
  log.push_back(text);
}

// Logs when it starts, ends and is gone; with a number type it gives 1.
template <class T = void>
eddy::Task<T> logged(std::vector<std::string>& log, std::string name, std::chrono::nanoseconds delay) {
  const OnExit exit(log, name + " gone");
  log.push_back(name + " starts");
  co_await eddy::sleep(delay);
  log.push_back(name + " ends");
  if constexpr (!std::is_void_v<T>) co_return T(1);
}

// What an exception says, and those nested into it: "outer < inner".
inline std::string chain_of(const std::exception& error) {
  std::string text = error.what();
  try {
    std::rethrow_if_nested(error);
  } catch (const std::exception& nested) {
    text += " < " + chain_of(nested);
  } catch (...) {
    text += " < ?";
  }
  return text;
}

// How `work` ends: "value", "CancelledError " and the reason, or the chain of its error.
template <class A>
eddy::Task<std::string> ending(A work) {
  try {
    static_cast<void>(co_await std::move(work));
  } catch (const eddy::CancelledError& error) {
    co_return "CancelledError " + error.reason();
  } catch (const std::exception& error) {
    co_return chain_of(error);
  }
  co_return "value";
}

// The same with "TimeoutError" for one, whatever it says.
template <class A>
eddy::Task<std::string> ending_by_kind(A work) {
  try {
    static_cast<void>(co_await std::move(work));
  } catch (const eddy::TimeoutError&) {
    co_return "TimeoutError";
  } catch (const eddy::CancelledError& error) {
    co_return "CancelledError " + error.reason();
  } catch (const std::exception& error) {
    co_return chain_of(error);
  }
  co_return "value";
}

// `waits` waits for a handle, in a range or beside a task. If it is cancelled, its caller sees no exception and does not go on,
// and the handle's task is cancelled.
inline eddy::Task<> check_cancel_is_no_exception(eddy::Task<> (*waits)(eddy::TaskHandle<int> handle, bool in_range)) {
  static std::vector<std::string> log;  // the caller may outlive its test, if that is stopped
  log.clear();
  struct Caller {
    static eddy::Task<> run(eddy::Task<> (*waiting)(eddy::TaskHandle<int>, bool), eddy::TaskHandle<int> handle, bool in_range) {
      try {
        co_await waiting(handle, in_range);
      } catch (const eddy::CancelledError&) {
        log.push_back("caught");
      }
      log.push_back("went on");
    }
  };
  for (const bool in_range : {false, true}) {
    auto handle = eddy::create_task(after(std::chrono::hours(1), 1));
    auto caller = eddy::create_task(Caller::run(waits, handle, in_range));
    co_await eddy::sleep(std::chrono::seconds(1));
    caller.cancel();
    co_await eddy::sleep(std::chrono::seconds(1));
    CHECK(caller.cancelled());
    CHECK(handle.cancelled());
  }
  CHECK(log.empty());
}

}  // namespace test
