// Queues of 64 items: one producer and one consumer, four and four.
//
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

#include <vector>

#include "bare.hpp"
#include "bench.hpp"

namespace {

using bench::Load;

constexpr std::size_t kBound = 64;

namespace ours {

eddy::Task<> produce(eddy::Queue<std::size_t>& queue, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) co_await queue.put(i);
}

eddy::Task<> consume(eddy::Queue<std::size_t>& queue, std::size_t count) {
  std::size_t sum = 0;
  for (std::size_t i = 0; i < count; ++i) sum += co_await queue.get();
  bench::keep(sum);
}

eddy::Task<> pass_on(std::size_t count, std::size_t pairs) {
  eddy::Queue<std::size_t> queue(kBound);
  std::vector<eddy::Task<>> tasks;
  for (std::size_t i = 0; i < pairs; ++i) tasks.push_back(produce(queue, count / pairs));
  for (std::size_t i = 0; i < pairs; ++i) tasks.push_back(consume(queue, count / pairs));
  co_await eddy::gather(std::move(tasks));
}

}  // namespace ours

namespace by_hand {

using bench::bare::Fifo;
using bench::bare::Job;
using bench::bare::Node;
using bench::bare::ready;

struct Queue {
  std::size_t items[kBound];
  std::size_t head = 0;
  std::size_t tail = 0;
  Fifo getters;
  Fifo putters;
  [[nodiscard]] bool empty() const noexcept { return head == tail; }
  [[nodiscard]] bool full() const noexcept { return tail - head == kBound; }
};

// Waits once; woken, it looks again.
struct Wait {
  Fifo& waiters;
  Node node = {};
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> handle) noexcept {
    node.handle = handle;
    waiters.push(&node);
  }
  void await_resume() const noexcept {}
};

Job produce(Queue& queue, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    while (queue.full()) {
      Wait wait{queue.putters};
      co_await wait;
    }
    queue.items[queue.tail++ % kBound] = i;
    if (!queue.getters.empty()) ready.push(queue.getters.pop());
  }
}

Job consume(Queue& queue, std::size_t count) {
  std::size_t sum = 0;
  for (std::size_t i = 0; i < count; ++i) {
    while (queue.empty()) {
      Wait wait{queue.getters};
      co_await wait;
    }
    sum += queue.items[queue.head++ % kBound];
    if (!queue.putters.empty()) ready.push(queue.putters.pop());
  }
  bench::keep(sum);
}

void pass_on(std::size_t count, std::size_t pairs) {
  Queue queue;
  for (std::size_t i = 0; i < pairs; ++i) spawn(produce(queue, count / pairs));
  for (std::size_t i = 0; i < pairs; ++i) spawn(consume(queue, count / pairs));
  bench::bare::run_ready();
}

}  // namespace by_hand

}  // namespace

void bench::add_queue_workloads(Workloads& all) {
  all.push_back({.name = "queue_1_1", .operation = "an item from one producer to one consumer", .operations = 10'000'000,
                 .run = [](const Load& load) { eddy::run(ours::pass_on(load.operations, 1)); },
                 .floor = [](const Load& load) { by_hand::pass_on(load.operations, 1); }, .known_floor = 2.3, .grows = false});
  all.push_back({.name = "queue_4_4", .operation = "an item from one of four producers to one of four consumers",
                 .operations = 10'000'000, .run = [](const Load& load) { eddy::run(ours::pass_on(load.operations, 4)); },
                 .floor = [](const Load& load) { by_hand::pass_on(load.operations, 4); }, .known_floor = 2.3, .grows = false});
  all.push_back({.name = "queue_many", .operation = "an item through a queue with many producers and consumers",
                 .operations = 4'000'000, .width = 1000,
                 .run = [](const Load& load) { eddy::run(ours::pass_on(load.rounds() * load.width, load.width / 2)); },
                 .floor = [](const Load& load) { by_hand::pass_on(load.rounds() * load.width, load.width / 2); }});
}
