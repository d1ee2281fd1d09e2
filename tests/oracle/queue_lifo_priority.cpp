// A LIFO queue gives the newest item, a priority queue the smallest, at the time at which the getter asks.
// SPDX-License-Identifier: MIT
#include "support/oracle.hpp"

using namespace oracle;

namespace {

template <class Queue>
eddy::Task<> producer(std::string name, Queue& queue) {
  for (const int item : {2, 5, 1, 4}) {
    co_await queue.put(item);
    trace(name, "put", item);
    co_await eddy::yield();
  }
}

template <class Queue>
eddy::Task<> consumer(std::string name, Queue& queue) {
  co_await eddy::yield();
  for (int i = 0; i < 4; ++i) {
    trace(name, "got", co_await queue.get());
    co_await eddy::sleep(1s);
  }
}

eddy::Task<> async_main() {
  eddy::LifoQueue<int> lifo;
  eddy::PriorityQueue<int> priority;
  const auto a = eddy::create_task(producer("lifo", lifo));
  const auto b = eddy::create_task(consumer("lifo", lifo));
  const auto c = eddy::create_task(producer("priority", priority));
  const auto d = eddy::create_task(consumer("priority", priority));
  co_await eddy::gather(a, b, c, d);
}

}  // namespace

ORACLE_MAIN(async_main)
