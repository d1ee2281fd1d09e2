// A producer and three consumers at the two ends of a bounded queue.
//
// `eddy::Queue` is `asyncio.Queue`. It holds ten items here: a producer that is ahead waits in `put`, a consumer that is
// ahead waits in `get`. Each consumer ends at the first item that holds nothing, an empty `std::optional` where Python
// has `None`. `join` waits until `task_done` was called for every item.
//
// SPDX-License-Identifier: MIT

#include <eddy/eddy.hpp>

#include <fmt/format.h>

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

using namespace std::chrono_literals;

constexpr int kConsumers = 3;

using Queue = eddy::Queue<std::optional<int>>;

eddy::Task<> producer(Queue& queue, std::vector<int> items) {
  for (const int item : items) {
    co_await queue.put(item);
    fmt::print("Produced: {}\n", item);
  }
  for (int i = 0; i < kConsumers; ++i) {
    co_await queue.put(std::nullopt);
  }
}

eddy::Task<> consumer(std::string name, Queue& queue) {
  while (true) {
    const std::optional<int> item = co_await queue.get();
    if (!item) {
      fmt::print("{}: No more items\n", name);
      queue.task_done();
      break;
    }

    co_await eddy::sleep(100ms);  // stands for the work
    fmt::print("{}: Consumed {}\n", name, *item);
    queue.task_done();
  }
}

eddy::Task<> async_main() {
  Queue queue{10};
  std::vector<eddy::TaskHandle<>> consumers;
  for (int i = 0; i < kConsumers; ++i) {
    consumers.push_back(eddy::create_task(consumer(fmt::format("Worker-{}", i), queue)));
  }

  std::vector<int> items;
  for (int i = 0; i < 15; ++i) {
    items.push_back(i);
  }
  co_await producer(queue, std::move(items));
  co_await queue.join();
  co_await eddy::gather(consumers);
}

int main() { eddy::run(async_main()); }
