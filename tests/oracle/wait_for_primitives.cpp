// wait_for around a queue, a semaphore and an event: who timed out has left the wait list, and the next one is served.
// SPDX-License-Identifier: MIT
#include "support/oracle.hpp"

#include <utility>
#include <vector>

using namespace oracle;

namespace {

eddy::Task<> waiter(std::string name, eddy::Task<std::string> task, std::chrono::milliseconds limit) {
  try {
    const std::string result = co_await eddy::wait_for(std::move(task), limit);
    trace(name, "is served", result);
  } catch (const eddy::TimeoutError&) {
    trace(name, "timed out");
  }
}

eddy::Task<std::string> get(eddy::Queue<int>& queue) { co_return "with " + std::to_string(co_await queue.get()); }

eddy::Task<std::string> acquire(eddy::Semaphore& semaphore) {
  co_await semaphore.acquire();
  co_return "with a permit";
}

eddy::Task<std::string> wait(eddy::Event& event) {
  co_await event.wait();
  co_return "by the event";
}

eddy::Task<> async_main() {
  eddy::Queue<int> queue;
  eddy::Semaphore semaphore(0);
  eddy::Event event;

  const std::chrono::seconds limits[]{1s, 3s, 9s};
  std::vector<eddy::TaskHandle<>> tasks;
  for (std::size_t i = 0; i < 3; ++i) {
    tasks.push_back(eddy::create_task(waiter("queue " + std::to_string(i), get(queue), limits[i])));
  }
  for (std::size_t i = 0; i < 3; ++i) {
    tasks.push_back(eddy::create_task(waiter("semaphore " + std::to_string(i), acquire(semaphore), limits[i] + 100ms)));
  }
  for (std::size_t i = 0; i < 3; ++i) {
    tasks.push_back(eddy::create_task(waiter("event " + std::to_string(i), wait(event), limits[i] + 200ms)));
  }
  co_await eddy::sleep(2s);
  trace("serve one of each");
  event.set();
  semaphore.release();
  queue.put_nowait(1);
  co_await eddy::gather(tasks);
  trace("left:", queue.qsize(), semaphore.locked());
}

}  // namespace

ORACLE_MAIN(async_main)
