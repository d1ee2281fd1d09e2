// Sweeps of the library's own primitives: nothing is lost, whatever is cancelled and whichever allocation fails.
// SPDX-License-Identifier: MIT
#include <eddy/testing/sweep.hpp>

#include "support/run.hpp"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
using eddy::testing::for_each_allocation;
using eddy::testing::for_each_cancellation_point;

namespace {

// Sweeps `body` under several orders of tasks.
template <class F>
void sweep_all(F& body) {
  for (std::uint64_t seed = 0; seed < 7; ++seed) {
    const eddy::testing::SweepOptions options{.seed = seed};
    CHECK(for_each_cancellation_point(body, options) > 0);
    CHECK(for_each_allocation(body, options) > 0);
  }
}

}  // namespace

EDDY_LOOP_TEST_CASE("swept: a Semaphore conserves its permits", "[testing][sync]") {
  std::optional<eddy::Semaphore> semaphore;
  const auto worker = [&](int turns) -> eddy::Task<> {
    for (int i = 0; i < turns; ++i) {
      const auto permit = co_await semaphore->scoped();
      CHECK(semaphore->value() < 2);
      co_await eddy::sleep(1s);
    }
  };
  const auto body = [&]() -> eddy::Task<> {
    if (semaphore) CHECK(semaphore->value() == 2);  // after the run before
    semaphore.emplace(std::size_t{2});
    co_await eddy::gather(worker(2), worker(1), worker(2), worker(1));
  };
  sweep_all(body);
  CHECK(semaphore->value() == 2);
}

EDDY_LOOP_TEST_CASE("swept: a Lock is held by one task at most, and by none in the end", "[testing][sync]") {
  std::optional<eddy::Lock> lock;
  int inside = 0;
  const auto worker = [&]() -> eddy::Task<> {
    for (int i = 0; i < 2; ++i) {
      const auto guard = co_await lock->scoped();
      CHECK(++inside == 1);
      const eddy::detail::ScopeExit leave([&]() noexcept { --inside; });
      co_await eddy::yield();
    }
  };
  const auto body = [&]() -> eddy::Task<> {
    if (lock) CHECK_FALSE(lock->locked());
    lock.emplace();
    co_await eddy::gather(worker(), worker(), worker());
  };
  sweep_all(body);
  CHECK_FALSE(lock->locked());
}

EDDY_LOOP_TEST_CASE("swept: a Condition holds its lock whenever a waiter goes on or unwinds", "[testing][sync]") {
  std::optional<eddy::Condition> condition;
  int available = 0;
  const auto consumer = [&]() -> eddy::Task<> {
    const auto guard = co_await condition->scoped();
    const eddy::detail::ScopeExit look([&]() noexcept {
      CHECK(condition->locked());
    });
    while (available == 0) co_await condition->wait();
    CHECK(condition->locked());
    --available;
  };
  const auto producer = [&]() -> eddy::Task<> {
    for (int i = 0; i < 3; ++i) {
      co_await eddy::sleep(1s);
      const auto guard = co_await condition->scoped();
      ++available;
      condition->notify(1);
    }
  };
  const auto body = [&]() -> eddy::Task<> {
    if (condition) CHECK_FALSE(condition->locked());
    condition.emplace();
    available = 0;
    co_await eddy::gather(consumer(), consumer(), consumer(), producer());
    CHECK(available == 0);
  };
  sweep_all(body);
  CHECK_FALSE(condition->locked());
}

EDDY_LOOP_TEST_CASE("swept: what goes into a Queue comes out, or is still in it", "[testing][flow]") {
  std::optional<eddy::Queue<int>> queue;
  int in = 0;
  int out = 0;
  const auto check = [&] {
    if (queue) CHECK(static_cast<std::size_t>(in - out) == queue->qsize());
  };
  const auto producer = [&](int first) -> eddy::Task<> {
    for (int i = first; i < first + 4; ++i) {
      co_await queue->put(i);
      ++in;
    }
  };
  const auto consumer = [&](int count) -> eddy::Task<> {
    for (int i = 0; i < count; ++i) {
      (void)co_await queue->get();
      ++out;
      queue->task_done();
      co_await eddy::yield();
    }
  };
  const auto body = [&]() -> eddy::Task<> {
    check();
    queue.emplace(std::size_t{2});
    in = out = 0;
    co_await eddy::gather(producer(0), consumer(5), producer(10), consumer(3));
    CHECK(out == 8);
  };
  sweep_all(body);
  check();
}

EDDY_LOOP_TEST_CASE("swept: what goes into a Channel comes out in order, or is still in it", "[testing][flow]") {
  int in = 0;
  int out = 0;
  int left = 0;
  const auto body = [&]() -> eddy::Task<> {
    CHECK(in == out + left);
    in = out = left = 0;
    auto [to, from] = eddy::channel<int>(1);
    auto sender = std::move(to);
    auto receiver = std::move(from);
    const eddy::detail::ScopeExit count([&]() noexcept {
      while (receiver.try_receive()) ++left;
    });
    const auto produce = [&]() -> eddy::Task<> {
      for (int i = 0; i < 4; ++i) {
        co_await sender.send(i);
        ++in;
      }
      sender.close();
    };
    const auto consume = [&]() -> eddy::Task<> {
      while (auto item = co_await receiver.next()) {
        CHECK(*item == out);
        ++out;
        co_await eddy::yield();
      }
    };
    co_await eddy::gather(produce(), consume());
    CHECK(out == 4);
  };
  sweep_all(body);
  CHECK(in == out + left);
}

EDDY_LOOP_TEST_CASE("swept: a TaskGroup leaves no child behind", "[testing][combine]") {
  int running = 0;
  const auto child = [&](int naps) -> eddy::Task<> {
    ++running;
    const eddy::detail::ScopeExit leave([&]() noexcept { --running; });
    for (int i = 0; i < naps; ++i) co_await eddy::sleep(1s);
  };
  const auto body = [&]() -> eddy::Task<> {
    CHECK(running == 0);
    const auto children = [&](eddy::TaskGroup& group) -> eddy::Task<> {
      for (int i = 0; i < 4; ++i) group.create_task(child(i));
      co_await eddy::yield();
      group.create_task(child(1));
    };
    co_await eddy::task_group(children);
    CHECK(running == 0);
  };
  sweep_all(body);
  CHECK(running == 0);
}

EDDY_LOOP_TEST_CASE("swept: each error of a TaskGroup's children is delivered or reported exactly once", "[testing][combine]") {
  int thrown = 0;
  int seen = 0;
  const auto count_errors = [&seen](const eddy::ExceptionContext& context) {
    if (context.exception) ++seen;
  };
  const auto child = [&](eddy::Duration delay) -> eddy::Task<> {
    co_await eddy::sleep(delay);
    ++thrown;
    throw std::runtime_error("child");
  };
  const auto body = [&]() -> eddy::Task<> {
    CHECK(thrown == seen);
    thrown = seen = 0;
    eddy::get_running_loop().set_exception_handler(count_errors);
    const auto children = [&](eddy::TaskGroup& group) -> eddy::Task<> {
      group.create_task(child(1s));
      group.create_task(child(1s));
      co_await eddy::sleep(2s);
    };
    try {
      co_await eddy::task_group(children);
    } catch (const eddy::ExceptionGroup& group) {
      seen += static_cast<int>(group.exceptions().size());
    }
    co_await eddy::yield();
  };
  for (std::uint64_t seed = 0; seed < 7; ++seed) CHECK(for_each_cancellation_point(body, {.seed = seed}) > 0);
  CHECK(thrown == seen);
}

EDDY_LOOP_TEST_CASE("swept: each error of tasks that nobody awaits is reported exactly once", "[testing][task]") {
  int thrown = 0;
  int seen = 0;
  const auto count_errors = [&seen](const eddy::ExceptionContext& context) {
    if (context.exception) ++seen;
  };
  const auto fails = [&]() -> eddy::Task<> {
    co_await eddy::sleep(1s);
    ++thrown;
    throw std::runtime_error("lost");
  };
  const auto body = [&]() -> eddy::Task<> {
    CHECK(thrown == seen);
    thrown = seen = 0;
    eddy::get_running_loop().set_exception_handler(count_errors);
    eddy::create_task(fails());
    auto kept = eddy::create_task(fails());
    co_await eddy::sleep(1s);
    try {
      co_await kept;
    } catch (const std::runtime_error&) {
      ++seen;
    }
    co_await eddy::sleep(1s);
  };
  for (std::uint64_t seed = 0; seed < 7; ++seed) CHECK(for_each_cancellation_point(body, {.seed = seed}) > 0);
  CHECK(thrown == seen);
}

EDDY_LOOP_TEST_CASE("swept: an Event lets everybody go on, and a Latch opens for all who wait", "[testing][sync]") {
  int gone_on = 0;
  const auto body = [&]() -> eddy::Task<> {
    gone_on = 0;
    eddy::Event event;
    eddy::Latch latch(3);
    const auto waiter = [&]() -> eddy::Task<> {
      co_await event.wait();
      latch.count_down();
      co_await latch.wait();
      ++gone_on;
    };
    const auto opener = [&]() -> eddy::Task<> {
      co_await eddy::sleep(1s);
      event.set();
    };
    co_await eddy::gather(waiter(), waiter(), opener(), waiter());
    CHECK(gone_on == 3);
  };
  sweep_all(body);
}

EDDY_LOOP_TEST_CASE("swept: a Barrier lets a party through as a whole, or breaks for all of it", "[testing][sync]") {
  int through = 0;
  int broken = 0;
  const auto body = [&]() -> eddy::Task<> {
    through = broken = 0;
    eddy::Barrier barrier(3);
    const auto party = [&]() -> eddy::Task<> {
      co_await eddy::yield();
      try {
        co_await barrier.wait();
        ++through;
      } catch (const eddy::BrokenBarrierError&) {
        ++broken;
      }
    };
    const eddy::detail::ScopeExit look([&]() noexcept {
      CHECK(barrier.n_waiting() == 0);
      CHECK((broken == 0 || through == 0));
    });
    co_await eddy::gather(party(), party(), party());
    CHECK(through == 3);
  };
  sweep_all(body);
}

EDDY_LOOP_TEST_CASE("swept: a Once is done by one call that succeeds, and by another if that one is stopped", "[testing][sync]") {
  int succeeded = 0;
  const auto body = [&]() -> eddy::Task<> {
    succeeded = 0;
    eddy::Once<int> once;
    const auto work = [&]() -> eddy::Task<int> {
      co_await eddy::sleep(1s);
      ++succeeded;
      co_return 7;
    };
    const auto use = [&]() -> eddy::Task<> {
      const int& value = co_await once.call(work);
      CHECK(value == 7);
    };
    const eddy::detail::ScopeExit look([&]() noexcept { CHECK(succeeded <= 1); });
    co_await eddy::gather(use(), use(), use());
    CHECK(succeeded == 1);
  };
  sweep_all(body);
}

namespace {

// Producers and consumers at a queue of any kind: the items that went in are those that came out and those that are left.
template <class Q>
void sweep_queue() {
  std::optional<Q> queue;
  std::vector<int> in;
  std::vector<int> out;
  const auto check = [&] {
    const eddy::testing::AllocationsSucceed pause;
    if (!queue) return;
    while (!queue->empty()) out.push_back(queue->get_nowait());
    std::sort(in.begin(), in.end());
    std::sort(out.begin(), out.end());
    CHECK(in == out);
  };
  const auto note = [](std::vector<int>& list, int item) {
    const eddy::testing::AllocationsSucceed pause;
    list.push_back(item);
  };
  const auto producer = [&](int first) -> eddy::Task<> {
    for (int i = first; i < first + 3; ++i) {
      co_await queue->put(i);
      note(in, i);
    }
  };
  const auto consumer = [&]() -> eddy::Task<> {
    for (int i = 0; i < 3; ++i) {
      const int item = co_await queue->get();
      note(out, item);
      co_await eddy::yield();
    }
  };
  const auto body = [&]() -> eddy::Task<> {
    check();
    queue.emplace(std::size_t{2});
    in.clear();
    out.clear();
    co_await eddy::gather(producer(0), consumer(), producer(10), consumer());
    CHECK(out.size() == 6);
  };
  sweep_all(body);
  check();
}

}  // namespace

EDDY_LOOP_TEST_CASE("swept: what goes into a LifoQueue or a PriorityQueue comes out, or is still in it", "[testing][flow]") {
  sweep_queue<eddy::LifoQueue<int>>();
  sweep_queue<eddy::PriorityQueue<int>>();
}

EDDY_LOOP_TEST_CASE("swept: a generator gives each item once, in order, and runs its cleanup once", "[testing][flow]") {
  int cleanups = 0;
  const auto numbers = [&]() -> eddy::AsyncGenerator<int> {
    co_await eddy::on_close([&cleanups]() -> eddy::Task<> {
      ++cleanups;
      co_return;
    });
    for (int i = 0; i < 4; ++i) {
      co_await eddy::sleep(1s);
      co_yield i;
    }
  };
  const auto body = [&]() -> eddy::Task<> {
    CHECK(cleanups <= 1);
    cleanups = 0;
    auto source = numbers();
    int next = 0;
    while (auto item = co_await source.next()) CHECK(*item == next++);
    CHECK(next == 4);
    CHECK(cleanups == 1);
  };
  sweep_all(body);
}

EDDY_LOOP_TEST_CASE("swept: transform_concurrent gives what goes in, in order", "[testing][flow]") {
  const auto body = []() -> eddy::Task<> {
    const auto numbers = []() -> eddy::AsyncGenerator<int> {
      for (int i = 0; i < 5; ++i) co_yield i;
    };
    const auto twice = [](int value) -> eddy::Task<int> {
      co_await eddy::sleep(std::chrono::seconds(5 - value));
      co_return 2 * value;
    };
    auto doubled = numbers() | eddy::transform_concurrent(twice, 2);
    int next = 0;
    while (auto item = co_await doubled.next()) CHECK(*item == 2 * next++);
    CHECK(next == 5);
  };
  sweep_all(body);
}

EDDY_LOOP_TEST_CASE("swept: concurrent_map never runs more than its limit, and gives all results in order", "[testing][combine]") {
  int running = 0;
  const auto body = [&]() -> eddy::Task<> {
    CHECK(running == 0);
    const auto twice = [&](int value) -> eddy::Task<int> {
      CHECK(++running <= 2);
      const eddy::detail::ScopeExit leave([&]() noexcept { --running; });
      co_await eddy::sleep(std::chrono::seconds(1 + value % 2));
      co_return 2 * value;
    };
    const std::vector<int> input{1, 2, 3, 4, 5};
    const std::vector<int> results = co_await eddy::concurrent_map(input, twice, {.limit = 2});
    CHECK(results == std::vector<int>{2, 4, 6, 8, 10});
  };
  sweep_all(body);
}
