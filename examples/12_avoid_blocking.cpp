// Nothing may block the loop.
//
// All coroutines share one thread. One that sleeps or computes without awaiting stops every other one, timers included.
// To wait, await: `eddy::sleep`, not `std::this_thread::sleep_for`. To compute or to call a blocking function, move it
// to a thread and await its result: `eddy::to_thread(function, arguments...)` uses the loop's own pool, as
// `asyncio.to_thread` and `loop.run_in_executor(None, ...)` do; `eddy::run_in_executor(pool, ...)` uses a pool of
// yours.
//
// SPDX-License-Identifier: MIT

#include <eddy/eddy.hpp>
#include <eddy/threads.hpp>

#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <thread>

using namespace std::chrono_literals;

/// Never do this: the loop stands still for a second. Nobody calls it.
eddy::Task<> bad_blocking() {
  std::this_thread::sleep_for(1s);
  co_return;
}

/// The right way: other coroutines run meanwhile.
eddy::Task<> good_nonblocking() { co_await eddy::sleep(1s); }

std::int64_t sum_below(std::int64_t end) {
  std::int64_t sum = 0;
  for (std::int64_t i = 0; i < end; ++i) {
    sum += i;
  }
  return sum;
}

/// Arithmetic belongs on another thread; the loop is free until the sum is there.
eddy::Task<std::int64_t> cpu_bound() { co_return co_await eddy::to_thread(sum_below, 10'000'000); }

eddy::Task<> async_main() {
  co_await good_nonblocking();
  const std::int64_t sum = co_await cpu_bound();
  fmt::print("{}\n", sum);
}

int main() { eddy::run(async_main()); }
