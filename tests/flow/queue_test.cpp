// Queue: order, waiting, fairness, cancellation, join and task_done.
//
// Shutting down is in queue_shutdown_test.cpp, other item types in queue_items_test.cpp, the other two queues in
// queue_lifo_priority_test.cpp.
//
// SPDX-License-Identifier: MIT
#include <eddy/flow/queue.hpp>

#include "support/run.hpp"

#include <memory>
#include <optional>
#include <thread>

using namespace test;

namespace {

using Ints = std::vector<int>;
using Log = std::vector<std::string>;
using IntQueue = eddy::Queue<int>;

eddy::Task<> get_into(IntQueue& queue, Ints& got) {
  const int item = co_await queue.get();
  got.push_back(item);
}

eddy::Task<> get_named(IntQueue& queue, Log& log, std::string name) {
  const int item = co_await queue.get();
  log.push_back(name + std::to_string(item));
}

eddy::Task<> put_named(IntQueue& queue, Log& log, std::string name, int item) {
  co_await queue.put(item);
  log.push_back(name);
}

eddy::Task<> turns(int count) {
  for (int i = 0; i < count; ++i) co_await eddy::yield();
}

Ints drain(IntQueue& queue) {
  Ints items;
  while (!queue.empty()) items.push_back(queue.get_nowait());
  return items;
}

}  // namespace

EDDY_TEST_CASE("a queue gives its items in the order in which they were put", "[c266]") {
  IntQueue queue;
  for (int i = 0; i < 100; ++i) co_await queue.put(i);
  CHECK(queue.qsize() == 100);
  for (int i = 0; i < 100; ++i) {
    const int item = co_await queue.get();
    CHECK(item == i);
  }
  CHECK(queue.empty());
}

TEST_CASE("qsize, empty, full and maxsize tell what is stored and what fits", "[c267]") {
  IntQueue queue(2);
  CHECK(queue.maxsize() == 2);
  CHECK(queue.empty());
  CHECK_FALSE(queue.full());
  queue.put_nowait(1);
  CHECK(queue.qsize() == 1);
  CHECK_FALSE(queue.empty());
  CHECK_FALSE(queue.full());
  queue.put_nowait(2);
  CHECK(queue.full());
  CHECK(queue.get_nowait() == 1);
  CHECK_FALSE(queue.full());
}

TEST_CASE("a queue of maxsize zero is unbounded and never full", "[c267]") {
  IntQueue queue;
  CHECK(queue.maxsize() == 0);
  for (int i = 0; i < 10'000; ++i) queue.put_nowait(i);
  CHECK_FALSE(queue.full());
  CHECK(queue.qsize() == 10'000);
}

TEST_CASE("put_nowait on a full queue throws QueueFull and get_nowait on an empty one QueueEmpty", "[c267]") {
  IntQueue queue(1);
  CHECK_THROWS_AS(queue.get_nowait(), eddy::QueueEmpty);
  queue.put_nowait(1);
  CHECK_THROWS_AS(queue.put_nowait(2), eddy::QueueFull);
  CHECK_THROWS_AS(queue.put_nowait(2), eddy::RuntimeError);
  CHECK(queue.get_nowait() == 1);
  CHECK_THROWS_WITH(queue.get_nowait(), "eddy: the queue is empty");
}

EDDY_TEST_CASE("put waits at maxsize until a get makes room", "[c267]") {
  IntQueue queue(2);
  Log log;
  auto producer = eddy::create_task(
      [](IntQueue& q, Log& lines) -> eddy::Task<> {
        for (int i = 0; i < 4; ++i) {
          co_await q.put(i);
          lines.push_back("put " + std::to_string(i));
        }
      },
      std::ref(queue), std::ref(log));
  co_await eddy::sleep(1h);
  CHECK(log == Log{"put 0", "put 1"});
  CHECK(queue.full());
  const int first = co_await queue.get();
  CHECK(first == 0);
  CHECK(queue.qsize() == 2);            // the slot took the waiting item at once
  CHECK(log == Log{"put 0", "put 1"});  // and nothing ran inside get
  co_await test::settle();
  CHECK(log == Log{"put 0", "put 1", "put 2"});
  CHECK(queue.get_nowait() == 1);
  CHECK(queue.get_nowait() == 2);
  co_await producer;
  CHECK(queue.get_nowait() == 3);
}

EDDY_TEST_CASE("get waits until an item is put", "[c267]") {
  IntQueue queue;
  const auto start = now();
  auto later = eddy::create_task(
      [](IntQueue& q) -> eddy::Task<> {
        co_await eddy::sleep(5s);
        co_await q.put(7);
      },
      std::ref(queue));
  const int item = co_await queue.get();
  CHECK(item == 7);
  CHECK(now() - start == 5s);
  co_await later;
}

EDDY_TEST_CASE("put and get that can go on at once give nobody else a turn, even with a cancel pending", "[c270]") {
  Ints got;
  auto task = eddy::create_task(
      [](Ints& items) -> eddy::Task<> {
        IntQueue queue(1);
        eddy::current_task().cancel();
        for (int i = 0; i < 3; ++i) {
          co_await queue.put(i);
          const int item = co_await queue.get();
          items.push_back(item);
        }
        co_await queue.get();
        items.push_back(-1);
      },
      std::ref(got));
  co_await test::settle();
  CHECK(got == Ints{0, 1, 2});
  CHECK(task.cancelled());
}

EDDY_TEST_CASE("waiting getters are served in the order of their arrival", "[order]") {
  IntQueue queue;
  Log log;
  std::vector<eddy::TaskHandle<>> tasks;
  for (const char* name : {"a", "b", "c"}) tasks.push_back(eddy::create_task(get_named(queue, log, name)));
  co_await test::settle();
  for (int i = 1; i <= 3; ++i) queue.put_nowait(i);
  co_await test::settle(2);
  CHECK(log == Log{"a1", "b2", "c3"});
}

EDDY_TEST_CASE("waiting putters are served in the order of their arrival", "[order]") {
  IntQueue queue(1);
  queue.put_nowait(0);
  Log log;
  std::vector<eddy::TaskHandle<>> tasks;
  int item = 0;
  for (const char* name : {"a", "b", "c"}) tasks.push_back(eddy::create_task(put_named(queue, log, name, ++item)));
  co_await test::settle();
  Ints got;
  for (int i = 0; i < 4; ++i) got.push_back(queue.get_nowait());
  CHECK(got == Ints{0, 1, 2, 3});
  CHECK(log.empty());
  co_await test::settle(2);
  CHECK(log == Log{"a", "b", "c"});
}

EDDY_TEST_CASE("a getter that comes later does not overtake one that was promised the item", "[c270][c280]") {
  IntQueue queue;
  Log log;
  auto waiting = eddy::create_task(get_named(queue, log, "early"));
  co_await test::settle();
  queue.put_nowait(1);
  CHECK(queue.qsize() == 1);
  CHECK(queue.empty());  // there is nothing that anybody else may take
  CHECK_THROWS_AS(queue.get_nowait(), eddy::QueueEmpty);
  auto late = eddy::create_task(get_named(queue, log, "late"));
  co_await test::settle(3);
  CHECK(log == Log{"early1"});
  queue.put_nowait(2);
  co_await late;
  CHECK(log == Log{"early1", "late2"});
}

EDDY_TEST_CASE("a putter that comes later does not take the slot that was freed for an earlier one", "[c272]") {
  IntQueue queue(1);
  queue.put_nowait(1);
  Log log;
  auto waiting = eddy::create_task(put_named(queue, log, "early", 2));
  co_await test::settle();
  CHECK(queue.get_nowait() == 1);
  CHECK(queue.full());
  CHECK_THROWS_AS(queue.put_nowait(3), eddy::QueueFull);
  auto late = eddy::create_task(put_named(queue, log, "late", 3));
  co_await test::settle(2);
  CHECK(log == Log{"early"});
  CHECK(queue.get_nowait() == 2);
  co_await late;
  CHECK(queue.get_nowait() == 3);
}

EDDY_TEST_CASE("what a woken getter was promised counts for the bound until it runs", "[c267][order]") {
  IntQueue queue(1);
  Ints got;
  auto a = eddy::create_task(get_into(queue, got));
  auto b = eddy::create_task(get_into(queue, got));
  co_await test::settle();
  queue.put_nowait(1);
  CHECK(queue.full());
  CHECK_THROWS_AS(queue.put_nowait(2), eddy::QueueFull);
  co_await queue.put(2);  // waits for the turn of `a`
  CHECK(got == Ints{1});
  co_await b;
  CHECK(got == Ints{1, 2});
}

EDDY_TEST_CASE("a getter cancelled while it waits leaves, and the item goes to the next one", "[c269][order]") {
  IntQueue queue;
  Log log;
  auto a = eddy::create_task(get_named(queue, log, "a"));
  auto b = eddy::create_task(get_named(queue, log, "b"));
  auto c = eddy::create_task(get_named(queue, log, "c"));
  co_await test::settle();
  b.cancel();
  queue.put_nowait(1);
  queue.put_nowait(2);
  co_await test::settle(2);
  CHECK(log == Log{"a1", "c2"});
  CHECK(b.cancelled());
  CHECK(queue.qsize() == 0);
}

EDDY_TEST_CASE("a getter cancelled in the turn in which it was promised an item still gets it", "[c270]") {
  IntQueue queue;
  Ints got;
  bool went_on = false;
  auto task = eddy::create_task(
      [](IntQueue& q, Ints& items, bool& after) -> eddy::Task<> {
        const int item = co_await q.get();
        items.push_back(item);
        co_await eddy::yield();
        after = true;
      },
      std::ref(queue), std::ref(got), std::ref(went_on));
  co_await test::settle();
  queue.put_nowait(1);
  queue.put_nowait(2);
  task.cancel();
  co_await test::settle(2);
  CHECK(got == Ints{1});
  CHECK_FALSE(went_on);  // the cancel stayed in force
  CHECK(task.cancelled());
  CHECK(drain(queue) == Ints{2});
}

EDDY_TEST_CASE("a getter cancelled first and then served is not given the item", "[c269]") {
  IntQueue queue;
  Ints got;
  auto task = eddy::create_task(get_into(queue, got));
  co_await test::settle();
  task.cancel();
  queue.put_nowait(1);
  CHECK(queue.get_nowait() == 1);
  co_await test::settle();
  CHECK(task.cancelled());
  CHECK(got.empty());
}

EDDY_LOOP_TEST_CASE("of many getters of which every other one is cancelled nothing is lost and the order is kept",
                    "[c271][order]") {
  for (const bool cancel_first : {true, false}) {
    run_virtual([cancel_first]() -> eddy::Task<> {
      IntQueue queue;
      Ints got;
      std::vector<eddy::TaskHandle<>> tasks;
      for (int i = 0; i < 100; ++i) tasks.push_back(eddy::create_task(get_into(queue, got)));
      co_await eddy::yield();
      if (cancel_first) {
        for (std::size_t i = 0; i < 100; i += 2) tasks[i].cancel();
      }
      for (int i = 0; i < 60; ++i) queue.put_nowait(i);
      if (!cancel_first) {
        for (std::size_t i = 0; i < 100; i += 2) tasks[i].cancel();
      }
      co_await turns(2);
      Ints all = got;
      for (const int item : drain(queue)) all.push_back(item);
      Ints expected;
      for (int i = 0; i < 60; ++i) expected.push_back(i);
      CHECK(all == expected);
      CHECK(got.size() == (cancel_first ? 50U : 60U));
      for (auto& task : tasks) task.cancel();
      co_await eddy::yield();
    });
  }
}

EDDY_TEST_CASE("a putter cancelled while it waits leaves with its item, and the slot goes to the next one", "[c272]") {
  IntQueue queue(1);
  queue.put_nowait(0);
  Log log;
  auto a = eddy::create_task(put_named(queue, log, "a", 1));
  auto b = eddy::create_task(put_named(queue, log, "b", 2));
  co_await test::settle();
  a.cancel();
  CHECK(queue.get_nowait() == 0);
  CHECK(queue.get_nowait() == 2);
  co_await test::settle(2);
  CHECK(a.cancelled());
  CHECK(log == Log{"b"});
  CHECK(queue.empty());
}

EDDY_TEST_CASE("a putter cancelled in the turn in which its item was let in completes, and the item stays",
               "[c272][order]") {
  IntQueue queue(1);
  queue.put_nowait(0);
  Log log;
  auto a = eddy::create_task(put_named(queue, log, "a", 1));
  auto b = eddy::create_task(put_named(queue, log, "b", 2));
  co_await test::settle();
  CHECK(queue.get_nowait() == 0);
  a.cancel();
  co_await test::settle(2);
  CHECK(log == Log{"a"});
  CHECK(queue.get_nowait() == 1);
  co_await b;
  CHECK(queue.get_nowait() == 2);
}

EDDY_TEST_CASE("a get that a timeout cuts takes nothing, one that is served at the deadline delivers",
               "[c269][c270][order]") {
  IntQueue queue;
  auto wait = [](IntQueue& q) -> eddy::Task<int> { co_return co_await q.get(); };
  const auto nothing = co_await eddy::move_on_after(1s, wait(queue));
  CHECK_FALSE(nothing.has_value());
  queue.put_nowait(1);
  CHECK(queue.get_nowait() == 1);
  eddy::get_running_loop().call_later(1s, [&queue] { queue.put_nowait(2); });
  const auto something = co_await eddy::move_on_after(1s, wait(queue));
  CHECK(something == 2);
}

EDDY_TEST_CASE("with maxsize one a producer and a consumer never stall", "[c274]") {
  IntQueue queue(1);
  auto produce = [](IntQueue& q) -> eddy::Task<> {
    for (int i = 0; i < 1000; ++i) {
      co_await q.put(i);
      if (i % 7 == 0) co_await eddy::yield();
    }
  };
  auto consume = [](IntQueue& q) -> eddy::Task<long> {
    long sum = 0;
    for (int i = 0; i < 1000; ++i) {
      const int item = co_await q.get();
      sum += item;
      if (i % 3 == 0) co_await eddy::yield();
    }
    co_return sum;
  };
  const auto results = co_await eddy::gather(produce(queue), consume(queue));
  CHECK(std::get<1>(results) == 499'500);
}

EDDY_TEST_CASE("with maxsize one several producers and consumers, some cancelled, never stall", "[c274]") {
  IntQueue queue(1);
  std::vector<eddy::TaskHandle<>> producers, consumers;
  int got = 0;
  auto produce = [](IntQueue& q) -> eddy::Task<> {
    for (int i = 0; i < 100; ++i) co_await q.put(i);
  };
  auto consume = [](IntQueue& q, int& count) -> eddy::Task<> {
    for (;;) {
      (void)co_await q.get();
      ++count;
    }
  };
  for (int i = 0; i < 4; ++i) {
    producers.push_back(eddy::create_task(produce(queue)));
    consumers.push_back(eddy::create_task(consume(queue, got)));
  }
  co_await test::settle(5);
  consumers[0].cancel();
  consumers[2].cancel();
  for (auto& producer : producers) co_await producer;
  co_await test::settle(5);
  CHECK(got == 400);
  for (auto& consumer : consumers) consumer.cancel();
}

TEST_CASE("task_done once too often throws a named error", "[c275]") {
  IntQueue queue;
  CHECK_THROWS_AS(queue.task_done(), eddy::TaskDoneTooOften);
  queue.put_nowait(1);
  queue.task_done();
  CHECK_THROWS_AS(queue.task_done(), std::logic_error);
  CHECK_THROWS_WITH(queue.task_done(), "eddy: task_done() was called more often than items were put into the queue");
}

EDDY_TEST_CASE("join completes at once for a queue into which nothing was put", "[c276]") {
  IntQueue queue;
  auto task = eddy::create_task([](IntQueue& q) -> eddy::Task<> { co_await q.join(); }, std::ref(queue));
  co_await queue.join();
  co_await test::settle();
  CHECK(task.done());
}

EDDY_TEST_CASE("join waits until task_done was called for every item", "[c276]") {
  IntQueue queue;
  auto worker = [](IntQueue& q) -> eddy::Task<> {
    for (;;) {
      const int seconds = co_await q.get();
      co_await eddy::sleep(std::chrono::seconds(seconds));
      q.task_done();
    }
  };
  auto a = eddy::create_task(worker(queue));
  auto b = eddy::create_task(worker(queue));
  for (const int seconds : {3, 2, 4}) queue.put_nowait(seconds);
  const auto start = now();
  auto other = eddy::create_task([](IntQueue& q) -> eddy::Task<> { co_await q.join(); }, std::ref(queue));
  co_await queue.join();
  CHECK(now() - start == 6s);
  co_await test::settle();
  CHECK(other.done());
  queue.put_nowait(1);  // it can be joined again
  co_await queue.join();
  CHECK(now() - start == 7s);
  a.cancel();
  b.cancel();
}

EDDY_TEST_CASE("an item that is let in from a waiting putter counts for join", "[c276]") {
  IntQueue queue(1);
  Log log;
  queue.put_nowait(1);
  auto putter = eddy::create_task(put_named(queue, log, "put", 2));
  co_await test::settle();
  CHECK(queue.get_nowait() == 1);
  queue.task_done();
  auto joiner = eddy::create_task([](IntQueue& q) -> eddy::Task<> { co_await q.join(); }, std::ref(queue));
  co_await test::settle(3);
  CHECK_FALSE(joiner.done());
  CHECK(queue.get_nowait() == 2);
  queue.task_done();
  co_await joiner;
}

EDDY_TEST_CASE("a join that is cancelled leaves, and the others go on waiting", "[c276]") {
  IntQueue queue;
  queue.put_nowait(1);
  auto join = [](IntQueue& q) -> eddy::Task<> { co_await q.join(); };
  auto a = eddy::create_task(join(queue));
  auto b = eddy::create_task(join(queue));
  co_await test::settle();
  a.cancel();
  co_await test::settle();
  CHECK(a.cancelled());
  CHECK_FALSE(b.done());
  queue.task_done();
  co_await b;
}

EDDY_LOOP_TEST_CASE("workers that wait for ever at a queue of main's end quietly with it", "[order]") {
  Ints got;
  run_virtual([&got]() -> eddy::Task<> {
    IntQueue queue;
    auto work = [](IntQueue& q, Ints& items) -> eddy::Task<> {
      for (;;) {
        const int item = co_await q.get();
        items.push_back(item);
        q.task_done();
      }
    };
    for (int i = 0; i < 3; ++i) (void)eddy::create_task(work(queue, got));
    for (int i = 0; i < 5; ++i) queue.put_nowait(i);
    co_await queue.join();
  });
  CHECK(got == Ints{0, 1, 2, 3, 4});
}

EDDY_TEST_CASE("a getter whose frame is destroyed by force gives its promised item to the next one", "[order]") {
  IntQueue queue;
  Ints got;
  // A getter that is woken and then unwound without being resumed, as a loop that is torn down may do it.
  auto first = eddy::create_task(get_into(queue, got));
  auto second = eddy::create_task(get_into(queue, got));
  co_await test::settle();
  queue.put_nowait(1);
  auto* root = eddy::detail::HandleAccess::frame(first);
  REQUIRE(root->state == eddy::detail::State::ready);
  root->state = eddy::detail::State::unwind;
  co_await test::settle(2);
  CHECK(first.cancelled());
  CHECK(second.done());
  CHECK(got == Ints{1});
  CHECK(queue.qsize() == 0);

  auto third = eddy::create_task(get_into(queue, got));
  co_await test::settle();
  queue.put_nowait(2);
  eddy::detail::HandleAccess::frame(third)->state = eddy::detail::State::unwind;
  co_await test::settle(2);
  CHECK(third.cancelled());
  CHECK(drain(queue) == Ints{2});
}

EDDY_TEST_CASE("a task that waits where one of another loop waits is told") {
  IntQueue queue;
  Ints got;
  auto mine = eddy::create_task(get_into(queue, got));
  co_await test::settle();
  std::string said;
  std::thread([&] {  // this thread waits for it, so nothing happens at the same time
    try {
      eddy::run([&]() -> eddy::Task<> { co_await eddy::timeout(0s, get_into(queue, got)); });
    } catch (const std::exception& error) {
      said = error.what();
    }
  })
      .join();
  CHECK(said == "eddy: tasks of two event loops wait at one queue or channel, which is for one loop");
  queue.put_nowait(1);
  co_await mine;
  CHECK(got == Ints{1});
}

EDDY_TEST_CASE("get, put and join of a queue can be given a time limit as they are") {
  IntQueue queue(1);
  const auto start = now();
  int timed_out = 0;
  try {
    (void)co_await eddy::wait_for(queue.get(), 1s);
  } catch (const eddy::TimeoutError&) {
    ++timed_out;
  }
  co_await eddy::wait_for(queue.put(1), 1s);
  try {
    co_await eddy::wait_for(queue.put(2), 1s);
  } catch (const eddy::TimeoutError&) {
    ++timed_out;
  }
  try {
    co_await eddy::wait_for(queue.join(), 1s);
  } catch (const eddy::TimeoutError&) {
    ++timed_out;
  }
  CHECK(timed_out == 3);
  CHECK(now() - start == 3s);
  const int item = co_await eddy::wait_for(queue.get(), 1s);
  CHECK(item == 1);
  CHECK(queue.empty());  // the item of the put that timed out went with it
  queue.task_done();
  co_await eddy::wait_for(queue.join(), 1s);
  CHECK(now() - start == 3s);
}

EDDY_TEST_CASE("get and put of queues can be gathered and raced as they are") {
  IntQueue first;
  IntQueue second;
  eddy::get_running_loop().call_later(1s, [&] {
    const eddy::testing::AllocationsSucceed pause;
    second.put_nowait(2);
  });
  const auto winner = co_await eddy::race(first.get(), second.get());
  CHECK(winner == 2);
  const auto [one, none, two] = co_await eddy::gather(first.get(), first.put(1), second.put(2));
  CHECK(one == 1);
  (void)none;
  (void)two;
  CHECK(second.get_nowait() == 2);
  CHECK(first.empty());
}

EDDY_TEST_CASE("a join that is cancelled before the last item is done, in the same turn, is stopped", "[c276]") {
  eddy::Queue<int> queue;
  queue.put_nowait(1);
  const auto wait = [](eddy::Queue<int>& items) -> eddy::Task<> { co_await items.join(); };
  auto stopped = eddy::create_task(wait(queue));
  auto other = eddy::create_task(wait(queue));
  co_await test::settle();
  stopped.cancel();
  CHECK(queue.get_nowait() == 1);
  queue.task_done();
  co_await other;
  co_await test::settle();
  CHECK(stopped.cancelled());
}

EDDY_LOOP_TEST_CASE("a deadlock at a queue says whether an item or room for one is waited for") {
  const auto said = [](auto body) {
    std::string text;
    try {
      run_virtual(body);
    } catch (const eddy::DeadlockError& error) {
      text = error.what();
    }
    return text;
  };
  const std::string getting = said([]() -> eddy::Task<> {
    eddy::Queue<int> queue;
    (void)co_await queue.get();
  });
  CHECK(getting.find("waits for an item at") != std::string::npos);
  const std::string putting = said([]() -> eddy::Task<> {
    eddy::Queue<int> queue(1);
    co_await queue.put(1);
    co_await queue.put(2);
  });
  CHECK(putting.find("waits for room for an item at") != std::string::npos);
}

EDDY_TEST_CASE("who waited at a queue that is gone leaves another queue in its place alone") {
  Ints got;
  Log log;
  std::optional<IntQueue> queue(std::in_place, std::size_t{1});
  queue->put_nowait(1);
  auto old_putter = eddy::create_task(put_named(*queue, log, "old", 2));
  co_await test::settle();
  queue.emplace(std::size_t{1});
  old_putter.cancel();
  auto old_getter = eddy::create_task(get_into(*queue, got));
  co_await test::settle();
  queue.emplace(std::size_t{1});
  old_getter.cancel();
  auto getter = eddy::create_task(get_into(*queue, got));
  co_await test::settle(2);
  CHECK(old_putter.cancelled());
  CHECK(old_getter.cancelled());
  queue->put_nowait(3);
  co_await eddy::timeout(1s, getter);
  CHECK(got == Ints{3});
  queue->put_nowait(4);
  auto putter = eddy::create_task(put_named(*queue, log, "new", 5));
  co_await test::settle();
  CHECK(queue->get_nowait() == 4);
  co_await eddy::timeout(1s, putter);
  CHECK(queue->get_nowait() == 5);
}

EDDY_TEST_CASE("putters and joiners whose frames are destroyed by force leave the queue", "[order]") {
  IntQueue queue(1);
  Log log;
  queue.put_nowait(1);
  // As a loop that is torn down may do it.
  const auto destroy = [](eddy::TaskHandle<>& task) {
    auto* root = eddy::detail::HandleAccess::frame(task);
    REQUIRE(root->state == eddy::detail::State::suspended);
    root->loop->unwind_later(root);
  };
  auto putter = eddy::create_task(put_named(queue, log, "put", 2));
  auto joiner = eddy::create_task([](IntQueue& q) -> eddy::Task<> { co_await q.join(); }, std::ref(queue));
  co_await test::settle();
  destroy(putter);
  destroy(joiner);
  co_await test::settle(2);
  CHECK(putter.cancelled());
  CHECK(joiner.cancelled());
  CHECK(queue.get_nowait() == 1);
  queue.task_done();
  co_await test::settle(2);
  CHECK(queue.empty());
  CHECK(log.empty());
}
