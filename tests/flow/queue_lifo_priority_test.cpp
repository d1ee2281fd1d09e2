// LifoQueue and PriorityQueue: their order, and what a woken getter takes.
//
// SPDX-License-Identifier: MIT
#include <eddy/flow/queue.hpp>

#include "support/run.hpp"

#include <memory>
#include <random>

using namespace test;

namespace {

using Ints = std::vector<int>;

template <class Q>
eddy::Task<> get_into(Q& queue, Ints& got) {
  const int item = co_await queue.get();
  got.push_back(item);
}

template <class Q>
eddy::Task<> put_one(Q& queue, int item) {
  co_await queue.put(item);
}

struct Job {
  Job(int how_urgent, int number_in_sequence) : priority(how_urgent), number(number_in_sequence) {}
  int priority;
  int number;
  bool operator<(const Job& other) const { return priority < other.priority; }
};

struct LargestFirst {
  bool operator()(int a, int b) const { return a > b; }
};

// Refuses to compare while `*refuse` is set.
struct Moody {
  const bool* refuse;
  bool operator()(int a, int b) const {
    if (*refuse) throw std::runtime_error("cannot compare");
    return a < b;
  }
};
using MoodyQueue = eddy::PriorityQueue<int, Moody>;

}  // namespace

EDDY_TEST_CASE("a LifoQueue gives the item that was put last first", "[c266]") {
  eddy::LifoQueue<int> queue;
  for (int i = 0; i < 5; ++i) co_await queue.put(i);
  Ints got;
  while (!queue.empty()) co_await get_into(queue, got);
  CHECK(got == Ints{4, 3, 2, 1, 0});
}

EDDY_TEST_CASE("a PriorityQueue gives the smallest item first", "[c266]") {
  eddy::PriorityQueue<int> queue;
  for (const int i : {5, 3, 8, 1, 9, 2, 7, 0, 6, 4}) co_await queue.put(i);
  Ints got;
  while (!queue.empty()) co_await get_into(queue, got);
  CHECK(got == Ints{0, 1, 2, 3, 4, 5, 6, 7, 8, 9});
}

TEST_CASE("a PriorityQueue with another comparison gives what that puts first", "[c266]") {
  eddy::PriorityQueue<int, LargestFirst> queue;
  for (const int i : {2, 3, 1}) queue.put_nowait(i);
  CHECK(queue.get_nowait() == 3);
  CHECK(queue.get_nowait() == 2);
  CHECK(queue.get_nowait() == 1);
}

TEST_CASE("a PriorityQueue gives equal items in the order in which they were put", "[c266]") {
  std::mt19937 random(7);
  eddy::PriorityQueue<Job> queue;
  std::vector<int> last(4, -1);
  int next = 0;
  auto get_one = [&] {
    const Job job = queue.get_nowait();
    CHECK(last[static_cast<std::size_t>(job.priority)] < job.number);
    last[static_cast<std::size_t>(job.priority)] = job.number;
  };
  for (int round = 0; round < 500; ++round) {
    queue.put_nowait(Job(static_cast<int>(random() % 4), next++));
    if (random() % 3 == 0) get_one();
  }
  while (!queue.empty()) get_one();
}

TEST_CASE("a PriorityQueue gives random items sorted", "[c266]") {
  std::mt19937 random(1);
  for (std::size_t count = 0; count < 70; ++count) {
    eddy::PriorityQueue<int> queue;
    for (std::size_t i = 0; i < count; ++i) queue.put_nowait(static_cast<int>(random() % 50));
    int last = -1;
    for (std::size_t i = 0; i < count; ++i) {
      const int item = queue.get_nowait();
      CHECK(last <= item);
      last = item;
    }
    CHECK(queue.empty());
  }
}

EDDY_TEST_CASE("a LifoQueue and a PriorityQueue make putters wait at maxsize, oldest first", "[c267][order]") {
  eddy::LifoQueue<int> lifo(1);
  eddy::PriorityQueue<int> priority(1);
  std::vector<eddy::TaskHandle<>> tasks;
  for (const int i : {3, 2, 1}) {
    tasks.push_back(eddy::create_task(put_one(lifo, i)));
    tasks.push_back(eddy::create_task(put_one(priority, i)));
  }
  co_await test::settle();
  Ints got;
  for (int i = 0; i < 3; ++i) {
    CHECK(lifo.full());
    CHECK(priority.full());
    got.push_back(lifo.get_nowait());
    got.push_back(priority.get_nowait());
  }
  CHECK(got == Ints{3, 3, 2, 2, 1, 1});
  for (auto& task : tasks) co_await task;
}

EDDY_TEST_CASE("a woken getter takes the last or the best item at the time it runs", "[c280]") {
  eddy::LifoQueue<int> lifo;
  eddy::PriorityQueue<int> priority;
  Ints from_lifo, from_priority;
  auto a = eddy::create_task(get_into(lifo, from_lifo));
  auto b = eddy::create_task(get_into(priority, from_priority));
  co_await eddy::yield();
  for (const int i : {2, 1, 3}) {
    lifo.put_nowait(i);
    priority.put_nowait(i);
  }
  CHECK(lifo.get_nowait() == 3);
  CHECK(priority.get_nowait() == 1);
  co_await a;
  co_await b;
  CHECK(from_lifo == Ints{1});
  CHECK(from_priority == Ints{2});
  CHECK(lifo.get_nowait() == 2);
  CHECK(priority.get_nowait() == 3);
}

EDDY_TEST_CASE("a getter of a LifoQueue or PriorityQueue that is cancelled after it was woken gets its item",
               "[c270][order]") {
  eddy::LifoQueue<int> lifo;
  eddy::PriorityQueue<int> priority;
  Ints got;
  auto a = eddy::create_task(get_into(lifo, got));
  auto b = eddy::create_task(get_into(priority, got));
  co_await test::settle();
  lifo.put_nowait(1);
  priority.put_nowait(2);
  a.cancel();
  b.cancel();
  co_await test::settle();
  CHECK(got == Ints{1, 2});
  CHECK(lifo.qsize() + priority.qsize() == 0);
}

EDDY_TEST_CASE("a comparison that throws in put or get loses no item", "[c287]") {
  bool refuse = false;
  MoodyQueue queue(0, Moody{&refuse});
  for (const int i : {4, 2, 5, 1}) queue.put_nowait(i);
  refuse = true;
  CHECK_THROWS_WITH(queue.put_nowait(3), "cannot compare");
  CHECK_THROWS_WITH(queue.get_nowait(), "cannot compare");
  CHECK(queue.qsize() == 4);
  refuse = false;
  queue.put_nowait(3);
  Ints got;
  while (!queue.empty()) co_await get_into(queue, got);
  CHECK(got == Ints{1, 2, 3, 4, 5});
}

EDDY_TEST_CASE("a comparison that throws for a waiting putter reaches that putter", "[c287]") {
  bool refuse = false;
  MoodyQueue queue(2, Moody{&refuse});
  queue.put_nowait(1);
  queue.put_nowait(3);
  auto a = eddy::create_task(put_one(queue, 2));
  auto b = eddy::create_task(put_one(queue, 4));
  co_await test::settle();
  refuse = true;  // to get one of two takes no comparison, to let one in does
  CHECK(queue.get_nowait() == 1);
  refuse = false;
  co_await test::settle();
  CHECK_THROWS_WITH(a.result(), "cannot compare");
  CHECK_THROWS_WITH(b.result(), "cannot compare");
  CHECK(queue.get_nowait() == 3);
  CHECK(queue.empty());
}

EDDY_TEST_CASE("a comparison that throws for a woken getter leaves the item to the next getter", "[c287][order]") {
  bool refuse = false;
  MoodyQueue queue(0, Moody{&refuse});
  Ints got;
  auto a = eddy::create_task(
      [](MoodyQueue& q, bool& flag, Ints& items) -> eddy::Task<> {
        try {
          co_await get_into(q, items);
        } catch (const std::runtime_error&) {
          items.push_back(-1);
          flag = false;
        }
      },
      std::ref(queue), std::ref(refuse), std::ref(got));
  auto b = eddy::create_task(get_into(queue, got));
  auto c = eddy::create_task(get_into(queue, got));
  co_await test::settle();
  for (const int i : {3, 2, 1}) queue.put_nowait(i);
  refuse = true;
  co_await test::settle();
  co_await test::settle();
  CHECK(got == Ints{-1, 1, 2});
  CHECK(queue.get_nowait() == 3);
  CHECK(queue.empty());
  CHECK(a.done());
  CHECK(b.done());
  CHECK(c.done());
}

EDDY_TEST_CASE("a comparison that throws in an immediate shutdown leaves the queue whole", "[c287]") {
  bool refuse = false;
  MoodyQueue queue(0, Moody{&refuse});
  Ints got;
  auto a = eddy::create_task(get_into(queue, got));
  auto b = eddy::create_task(get_into(queue, got));
  co_await test::settle();
  for (const int i : {4, 2, 5, 1, 3}) queue.put_nowait(i);
  refuse = true;
  CHECK_THROWS_WITH(queue.shutdown(true), "cannot compare");
  refuse = false;
  CHECK(queue.qsize() == 5);
  queue.shutdown(true);
  CHECK(queue.qsize() == 2);
  co_await a;
  co_await b;
  CHECK(got == Ints{1, 2});
}

EDDY_LOOP_TEST_CASE("a PriorityQueue takes items that can only be moved, compared by what they point to", "[c287]") {
  struct ByValue {
    bool operator()(const std::unique_ptr<int>& a, const std::unique_ptr<int>& b) const { return *a < *b; }
  };
  run_virtual([]() -> eddy::Task<> {
    eddy::PriorityQueue<std::unique_ptr<int>, ByValue> queue;
    for (const int i : {3, 1, 2}) co_await queue.put(std::make_unique<int>(i));
    Ints got;
    while (!queue.empty()) {
      const auto item = co_await queue.get();
      got.push_back(*item);
    }
    CHECK(got == Ints{1, 2, 3});
  });
}

TEST_CASE("SmallestFirst is what a PriorityQueue compares by unless told otherwise") {
  STATIC_REQUIRE(std::is_same_v<eddy::PriorityQueue<int>, eddy::PriorityQueue<int, eddy::SmallestFirst>>);
  CHECK(eddy::SmallestFirst()(1, 2));
  CHECK_FALSE(eddy::SmallestFirst()(2, 2));
}
