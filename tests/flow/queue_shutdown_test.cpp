// Queue::shutdown: who fails, who still gets an item, and what join does.
//
// SPDX-License-Identifier: MIT
#include <eddy/flow/queue.hpp>

#include "support/run.hpp"

using namespace test;

namespace {

using Ints = std::vector<int>;
using Log = std::vector<std::string>;
using IntQueue = eddy::Queue<int>;

template <class Q>
eddy::Task<> get_logged(Q& queue, Log& log, std::string name) {
  try {
    const int item = co_await queue.get();
    log.push_back(name + " got " + std::to_string(item));
  } catch (const eddy::QueueShutDown&) {
    log.push_back(name + " refused");
  }
}

eddy::Task<> put_logged(IntQueue& queue, Log& log, std::string name, int item) {
  try {
    co_await queue.put(item);
    log.push_back(name + " put");
  } catch (const eddy::QueueShutDown&) {
    log.push_back(name + " refused");
  }
}

eddy::Task<> join_logged(IntQueue& queue, Log& log) {
  co_await queue.join();
  log.push_back("joined");
}

struct Item {
  explicit Item(int from) : number(from) {}
  int number;
  Tracked tracked;
};

}  // namespace

EDDY_TEST_CASE("after shutdown put fails, and get gives what is left and fails then", "[c277]") {
  IntQueue queue;
  queue.put_nowait(1);
  queue.put_nowait(2);
  queue.shutdown();
  CHECK_THROWS_AS(queue.put_nowait(3), eddy::QueueShutDown);
  Log log;
  co_await put_logged(queue, log, "putter", 3);
  co_await get_logged(queue, log, "getter");
  CHECK(queue.get_nowait() == 2);
  co_await get_logged(queue, log, "getter");
  CHECK_THROWS_AS(queue.get_nowait(), eddy::QueueShutDown);
  CHECK(log == Log{"putter refused", "getter got 1", "getter refused"});
}

TEST_CASE("shutdown of a full queue is told as a shutdown, not as full or empty", "[c277]") {
  IntQueue queue(1);
  queue.put_nowait(1);
  queue.shutdown();
  CHECK(queue.full());
  CHECK(queue.maxsize() == 1);
  CHECK_THROWS_WITH(queue.put_nowait(2), "eddy: the queue was shut down");
  CHECK(queue.get_nowait() == 1);
  CHECK_FALSE(queue.full());
  CHECK_THROWS_AS(queue.put_nowait(2), eddy::QueueShutDown);
  CHECK_THROWS_AS(queue.get_nowait(), eddy::QueueShutDown);
}

EDDY_TEST_CASE("shutdown wakes every getter that waits, in their turns", "[c279][order]") {
  IntQueue queue;
  Log log;
  for (const char* name : {"a", "b", "c"}) (void)eddy::create_task(get_logged(queue, log, name));
  co_await eddy::sleep(1s);
  queue.shutdown();
  CHECK(log.empty());
  co_await test::settle();
  CHECK(log == Log{"a refused", "b refused", "c refused"});
}

EDDY_LOOP_TEST_CASE("shutdown wakes every putter that waits, and their items are not in the queue", "[c279][order]") {
  for (const bool immediate : {false, true}) {
    run_virtual([immediate]() -> eddy::Task<> {
      IntQueue queue(1);
      queue.put_nowait(1);
      Log log;
      (void)eddy::create_task(put_logged(queue, log, "a", 2));
      (void)eddy::create_task(put_logged(queue, log, "b", 3));
      co_await eddy::sleep(1s);
      queue.shutdown(immediate);
      CHECK(log.empty());
      CHECK(queue.qsize() == (immediate ? 0U : 1U));
      co_await eddy::yield();
      CHECK(log == Log{"a refused", "b refused"});
      if (!immediate) CHECK(queue.get_nowait() == 1);
      CHECK_THROWS_AS(queue.get_nowait(), eddy::QueueShutDown);
    });
  }
}

EDDY_TEST_CASE("a putter whose item was let in before the shutdown completes", "[c277][c279]") {
  IntQueue queue(1);
  queue.put_nowait(1);
  Log log;
  (void)eddy::create_task(put_logged(queue, log, "a", 2));
  co_await test::settle();
  CHECK(queue.get_nowait() == 1);
  queue.shutdown();
  co_await test::settle();
  CHECK(log == Log{"a put"});
  CHECK(queue.get_nowait() == 2);
}

EDDY_TEST_CASE("an immediate shutdown destroys what is stored, but not what a woken getter was promised",
               "[c270][order]") {
  IntQueue queue;
  Log log;
  (void)eddy::create_task(get_logged(queue, log, "a"));
  (void)eddy::create_task(get_logged(queue, log, "b"));
  co_await test::settle();
  for (int i = 1; i <= 4; ++i) queue.put_nowait(i);
  queue.shutdown(true);
  CHECK(queue.qsize() == 2);
  CHECK(queue.empty());
  CHECK_THROWS_AS(queue.get_nowait(), eddy::QueueShutDown);
  co_await test::settle();
  CHECK(log == Log{"a got 1", "b got 2"});
  CHECK(queue.qsize() == 0);
}

EDDY_TEST_CASE(
    "of a LifoQueue an immediate shutdown keeps the last items for woken getters, of a PriorityQueue the best",
    "[order]") {
  eddy::LifoQueue<int> lifo;
  eddy::PriorityQueue<int> priority;
  Log log;
  for (const char* name : {"a", "b"}) {
    (void)eddy::create_task(get_logged(lifo, log, name));
    (void)eddy::create_task(get_logged(priority, log, name));
  }
  co_await test::settle();
  for (const int i : {5, 3, 8, 1, 7, 2, 9}) {
    lifo.put_nowait(i);
    priority.put_nowait(i);
  }
  lifo.shutdown(true);
  priority.shutdown(true);
  CHECK(lifo.qsize() == 2);
  CHECK(priority.qsize() == 2);
  co_await test::settle();
  CHECK(log == Log{"a got 9", "a got 1", "b got 2", "b got 2"});
}

EDDY_TEST_CASE("an immediate shutdown destroys the items at once", "[c284]") {
  eddy::Queue<Item> queue(3);
  for (int i = 0; i < 3; ++i) queue.put_nowait(i);
  auto waiting = eddy::create_task(
      [](eddy::Queue<Item>& q) -> eddy::Task<> {
        try {
          co_await q.put(3);
        } catch (const eddy::QueueShutDown&) {
        }
      },
      std::ref(queue));
  co_await test::settle();
  CHECK(Tracked::alive == 4);
  queue.shutdown(true);
  CHECK(Tracked::alive == 1);
  co_await waiting;
  CHECK(Tracked::alive == 0);
}

EDDY_TEST_CASE("shutdown may be called again, and the first immediate one takes effect") {
  IntQueue queue;
  queue.put_nowait(1);
  queue.put_nowait(2);
  queue.shutdown();
  queue.shutdown();
  CHECK(queue.qsize() == 2);
  queue.shutdown(true);
  CHECK(queue.qsize() == 0);
  queue.shutdown(true);
  queue.shutdown();
  CHECK_THROWS_AS(queue.get_nowait(), eddy::QueueShutDown);
  co_await queue.join();
}

EDDY_TEST_CASE("join after a shutdown still waits for what was got and not reported", "[c276][c277]") {
  IntQueue queue;
  queue.put_nowait(1);
  queue.put_nowait(2);
  Log log;
  (void)eddy::create_task(join_logged(queue, log));
  co_await test::settle();
  CHECK(queue.get_nowait() == 1);
  queue.shutdown();
  co_await eddy::sleep(1s);
  CHECK(log.empty());
  CHECK(queue.get_nowait() == 2);
  queue.task_done();
  co_await test::settle();
  CHECK(log.empty());
  queue.task_done();
  co_await test::settle();
  CHECK(log == Log{"joined"});
}

EDDY_TEST_CASE("an immediate shutdown counts what it destroys as done, and wakes join if nothing else is left",
               "[c276]") {
  IntQueue idle, busy;
  Log log;
  idle.put_nowait(1);
  busy.put_nowait(1);
  busy.put_nowait(2);
  CHECK(busy.get_nowait() == 1);
  auto a = eddy::create_task(join_logged(idle, log));
  auto b = eddy::create_task(join_logged(busy, log));
  co_await test::settle();
  idle.shutdown(true);
  busy.shutdown(true);
  co_await test::settle();
  CHECK(log == Log{"joined"});
  CHECK(a.done());
  CHECK_THROWS_AS(idle.task_done(), eddy::TaskDoneTooOften);
  busy.task_done();
  co_await b;
  CHECK_THROWS_AS(busy.task_done(), eddy::TaskDoneTooOften);
}

EDDY_TEST_CASE("a getter that was cancelled and refused in the same turn ends as it was woken first", "[c279]") {
  IntQueue queue;
  Log log;
  auto cancelled_first = eddy::create_task(get_logged(queue, log, "a"));
  auto refused_first = eddy::create_task(get_logged(queue, log, "b"));
  co_await test::settle();
  cancelled_first.cancel();
  queue.shutdown();
  refused_first.cancel();
  co_await test::settle();
  CHECK(cancelled_first.cancelled());
  CHECK(log == Log{"b refused"});
}

EDDY_TEST_CASE("a promised item that its getter does not take after a shutdown can be got by others", "[c270][c277]") {
  IntQueue queue;
  Log log;
  auto getter = eddy::create_task(get_logged(queue, log, "a"));
  co_await test::settle();
  queue.put_nowait(1);
  queue.shutdown(true);
  eddy::detail::HandleAccess::frame(getter)->state = eddy::detail::State::unwind;  // destroyed by force
  co_await test::settle();
  CHECK(getter.cancelled());
  CHECK(queue.get_nowait() == 1);
  CHECK_THROWS_AS(queue.get_nowait(), eddy::QueueShutDown);
}

EDDY_TEST_CASE("workers that loop until the shutdown get every item and end", "[order]") {
  IntQueue queue(2);
  Ints got;
  auto work = [](IntQueue& q, Ints& items) -> eddy::Task<> {
    try {
      for (;;) {
        const int item = co_await q.get();
        co_await eddy::sleep(1s);
        items.push_back(item);
        q.task_done();
      }
    } catch (const eddy::QueueShutDown&) {
    }
  };
  auto a = eddy::create_task(work(queue, got));
  auto b = eddy::create_task(work(queue, got));
  for (int i = 0; i < 10; ++i) co_await queue.put(i);
  queue.shutdown();
  co_await queue.join();
  co_await a;
  co_await b;
  CHECK(got == Ints{0, 1, 2, 3, 4, 5, 6, 7, 8, 9});
}
