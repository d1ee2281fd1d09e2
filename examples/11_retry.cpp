// Calls that fail are made again, each after a longer delay.
//
// `eddy::retry(policy, function, arguments...)` is the loop with `try`, `except` and `asyncio.sleep` that Python
// programs write: here the delay is a second and doubles each time. Such a loop, written in haste, also sleeps after its
// last failure, before it throws; there is nothing left to wait for, and neither `retry` nor the Python program beside
// this one does. A hook is called before each delay. Which calls fail is a fixed list, so that every run is the same.
//
// SPDX-License-Identifier: MIT

#include <eddy/eddy.hpp>

#include <fmt/format.h>

#include <chrono>
#include <functional>
#include <queue>
#include <stdexcept>
#include <string>

using namespace std::chrono_literals;

struct ConnectionError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct Response {
  std::string status;
};

/// One `true` for each call that fails.
using CallsThatFail = std::queue<bool>;

eddy::Task<Response> unreliable_api_call(CallsThatFail& calls_that_fail) {
  co_await eddy::sleep(100ms);
  const bool fails = calls_that_fail.front();
  calls_that_fail.pop();
  if (fails) {
    throw ConnectionError("API unavailable");
  }
  co_return Response{"ok"};
}

void print_failure(const eddy::RetryAttempt& failed) {
  const std::chrono::duration<double> wait_time = failed.delay;
  fmt::print("Attempt {} failed, retrying in {:.1f}s...\n", failed.attempt, wait_time.count());
}

eddy::Task<> async_main() {
  CallsThatFail first_calls{{true, true, false}};
  const Response response = co_await eddy::retry({.max_attempts = 5, .delay = 1s}, eddy::RetryHooks(print_failure),
                                                 unreliable_api_call, std::ref(first_calls));
  fmt::print("{{'status': '{}'}}\n", response.status);

  CallsThatFail later_calls{{true, true}};
  try {
    co_await eddy::retry({.max_attempts = 2, .delay = 1s}, eddy::RetryHooks(print_failure), unreliable_api_call,
                         std::ref(later_calls));
  } catch (const ConnectionError& error) {
    fmt::print("Failed: {}\n", error.what());
  }
}

int main() { eddy::run(async_main()); }
