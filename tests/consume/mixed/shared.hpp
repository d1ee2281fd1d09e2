// What two units of a program share, which may be built differently.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/eddy.hpp>

// No type of eddy's is passed: each unit uses its own.
int run_second(int value);

// A type of eddy's is passed: as the result, as an argument, and as an object.
eddy::Task<int> made_by_second(int value);
void given_to_second(eddy::Semaphore& semaphore);
extern eddy::Event object_of_second;

// The same program in each unit: children, a queue, a timer, a cancel, and an exception that is caught.
inline eddy::Task<int> twice(int value) {
  co_await eddy::sleep(std::chrono::milliseconds(1));
  co_return 2 * value;
}
inline eddy::Task<int> work(int value) {
  eddy::Queue<int> queue(1);
  auto producer = eddy::create_task([](eddy::Queue<int>& items, int first) -> eddy::Task<> {
    for (int i = 0; i < 3; ++i) co_await items.put(first + i);
  }(queue, value));
  auto stopped = eddy::create_task(twice(0));
  int sum = 0;
  for (int i = 0; i < 3; ++i) {
    const int item = co_await queue.get();
    sum += item;
  }
  stopped.cancel();
  try {
    co_await stopped;
  } catch (const eddy::CancelledError&) {
    ++sum;
  }
  const auto [a, b] = co_await eddy::gather(twice(sum), twice(1));
  co_await producer;
  co_return a + b;
}
