// thrown_text_of: what an exception says that a call or an awaitable throws.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/task/task.hpp>

#include <exception>
#include <string>
#include <utility>

namespace test {

// The text of the E that `call()` throws; of another exception it says so.
template <class E = std::exception, class F>
std::string thrown_text_of(F&& call) {
  try {
    std::forward<F>(call)();
  } catch (const std::exception& error) {
    return dynamic_cast<const E*>(&error) != nullptr ? error.what() : std::string("another type: ") + error.what();
  }
  return "nothing was thrown";
}

// The same for what awaiting `awaitable` throws.
template <class E = std::exception, class A>
eddy::Task<std::string> awaited_thrown_text_of(A awaitable) {
  try {
    (void)co_await std::move(awaitable);
  } catch (const std::exception& error) {
    co_return dynamic_cast<const E*>(&error) != nullptr ? error.what() : std::string("another type: ") + error.what();
  }
  co_return "nothing was thrown";
}

}  // namespace test
