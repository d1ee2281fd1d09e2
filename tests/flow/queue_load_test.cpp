// Queues and channels under load: a million operations on a flat stack, no allocation in steady state, and random
// programs whose items go in as they come out.
//
// SPDX-License-Identifier: MIT
#include <eddy/flow/channel.hpp>
#include <eddy/flow/queue.hpp>

#include "support/allocations.hpp"
#include "support/dependent.hpp"
#include "support/run.hpp"

#include <deque>
#include <random>

using namespace test;

namespace {

constexpr int kMany = 1'000'000;

template <class Q>
eddy::Task<> produce(Q& queue, int count) {
  for (int i = 0; i < count; ++i) co_await queue.put(i);
}

template <class Q>
eddy::Task<long> consume(Q& queue, int count) {
  long sum = 0;
  for (int i = 0; i < count; ++i) {
    const int item = co_await queue.get();
    sum += item;
  }
  co_return sum;
}

eddy::Task<> send_all(eddy::Sender<int> sender, int count) {
  for (int i = 0; i < count; ++i) co_await sender.send(i);
}

eddy::Task<long> receive_all(eddy::Receiver<int> receiver) {
  long sum = 0;
  while (auto item = co_await receiver.next()) sum += *item;
  co_return sum;
}

template <class Q>
eddy::Task<> pass_on(Q& from, Q& to, int count) {
  for (int i = 0; i < count; ++i) {
    const int item = co_await from.get();
    co_await to.put(item);
  }
}

eddy::Task<int> get_one(eddy::Queue<int>& queue) { co_return co_await queue.get(); }

constexpr long sum_below(long count) { return count * (count - 1) / 2; }

void pass_through_queue(std::size_t maxsize, int count) {
  run_virtual([=]() -> eddy::Task<> {
    eddy::Queue<int> queue(maxsize);
    const auto results = co_await eddy::gather(produce(queue, count), consume(queue, count));
    CHECK(std::get<1>(results) == sum_below(count));
  });
}

void pass_through_channel(std::size_t capacity, int count) {
  run_virtual([=]() -> eddy::Task<> {
    eddy::Channel<int> ends(capacity);
    const auto results =
        co_await eddy::gather(send_all(std::move(ends.sender), count), receive_all(std::move(ends.receiver)));
    CHECK(std::get<1>(results) == sum_below(count));
  });
}

// What a random program has done.
struct Model {
  explicit Model(unsigned seed) : random(seed) {}
  unsigned below(unsigned limit) { return static_cast<unsigned>(random() % limit); }

  std::mt19937 random;
  int next = 0;
  std::vector<int> put;  // whose put has completed, in that order
  std::vector<int> got;
  std::vector<int> refused;  // whose putter was stopped or told of a shutdown
};

// Notes an item as refused unless its put has completed.
struct Fate {
  Fate(Model& in, int of) : model(in), item(of) {}
  Fate(const Fate&) = delete;
  Fate& operator=(const Fate&) = delete;
  ~Fate() { (accepted ? model.put : model.refused).push_back(item); }
  Model& model;
  int item;
  bool accepted = false;
};

template <class Q>
eddy::Task<> put_next(Q& queue, Model& model) {
  Fate fate(model, model.next++);
  try {
    co_await queue.put(fate.item);
    fate.accepted = true;
  } catch (const eddy::QueueShutDown&) {
  }
}

template <class Q>
eddy::Task<> get_next(Q& queue, Model& model) {
  try {
    const int item = co_await queue.get();
    model.got.push_back(item);
  } catch (const eddy::QueueShutDown&) {
  }
}

template <class Q>
eddy::Task<> random_program(unsigned seed, std::size_t maxsize) {
  Model model(seed);
  Q queue(maxsize);
  std::vector<eddy::TaskHandle<>> tasks;
  for (int step = 0; step < 400; ++step) {
    switch (model.below(8)) {
      case 0:
      case 1:
        tasks.push_back(eddy::create_task(put_next(queue, model)));
        break;
      case 2:
      case 3:
        tasks.push_back(eddy::create_task(get_next(queue, model)));
        break;
      case 4:
        if (!queue.empty()) model.got.push_back(queue.get_nowait());
        break;
      case 5:
        if (!queue.full()) {
          queue.put_nowait(model.next);
          model.put.push_back(model.next++);
        }
        break;
      case 6:
        if (!tasks.empty()) tasks[model.below(static_cast<unsigned>(tasks.size()))].cancel();
        break;
      default:
        co_await dependent<Q>(eddy::yield());
        break;
    }
    REQUIRE((maxsize == 0 || queue.qsize() <= maxsize));
    REQUIRE((queue.qsize() > 0 || queue.empty()));
  }
  queue.shutdown();
  co_await dependent<Q>(eddy::testing::wait_all_tasks_blocked());
  while (!queue.empty()) model.got.push_back(queue.get_nowait());
  co_await dependent<Q>(eddy::testing::wait_all_tasks_blocked());
  CHECK(queue.qsize() == 0);
  for (auto& task : tasks) CHECK(task.done());

  std::vector<int> seen(static_cast<std::size_t>(model.next), 0);
  for (const int item : model.got) ++seen[static_cast<std::size_t>(item)];
  for (const int item : model.refused) ++seen[static_cast<std::size_t>(item)];
  for (const int times : seen) REQUIRE(times == 1);
  std::size_t accepted = 0;
  for (const int item : model.put) accepted += seen[static_cast<std::size_t>(item)] == 1 ? 1U : 0U;
  CHECK(accepted == model.got.size());
}

}  // namespace

TEST_CASE("a million operations on a queue run on a flat stack, whatever its bound", "[deep]") {
  pass_through_queue(0, kMany / 10);
  pass_through_queue(1, kMany / 2);
  pass_through_queue(64, kMany / 10);
}

TEST_CASE("a million operations on a channel run on a flat stack, whatever its capacity", "[deep]") {
  pass_through_channel(0, kMany / 2);
  pass_through_channel(1, kMany / 10);
  pass_through_channel(eddy::Channel<int>::unbounded, kMany / 10);
}

EDDY_TEST_CASE("a hundred thousand getters that wait are served, refused and cancelled on a flat stack", "[deep]") {
  eddy::Queue<int> queue;
  std::vector<eddy::TaskHandle<int>> tasks;
  for (int i = 0; i < kMany / 10; ++i) tasks.push_back(eddy::create_task(get_one(queue)));
  co_await eddy::yield();
  for (std::size_t i = 0; i < tasks.size(); i += 3) tasks[i].cancel();
  for (int i = 0; i < kMany / 20; ++i) queue.put_nowait(i);
  queue.shutdown();
  co_await eddy::yield();
  int next = 0;
  for (auto& task : tasks) {
    REQUIRE(task.done());
    if (!task.cancelled() && task.exception() == nullptr) {
      REQUIRE(task.result() == next);
      ++next;
    }
  }
  CHECK(next == kMany / 20);
}

EDDY_TEST_CASE("a chain of queues passes its items on in order", "[order]") {
  std::deque<eddy::Queue<int>> queues;
  for (int i = 0; i <= 20; ++i) queues.emplace_back(static_cast<std::size_t>(i % 4 + 1));
  std::vector<eddy::TaskHandle<>> stages;
  for (std::size_t i = 0; i < 20; ++i) stages.push_back(eddy::create_task(pass_on(queues[i], queues[i + 1], 500)));
  auto producer = eddy::create_task(produce(queues[0], 500));
  for (int i = 0; i < 500; ++i) {
    const int item = co_await queues[20].get();
    REQUIRE(item == i);
  }
  co_await producer;
}

TEST_CASE("a queue or channel that has reached its size allocates nothing more, waiting included") {
  run_virtual([]() -> eddy::Task<> {
    eddy::Queue<int> queue(64);
    eddy::LifoQueue<int> lifo(64);
    eddy::PriorityQueue<int> priority(64);
    eddy::Channel<int> ends(64);
    eddy::Channel<int> meeting(0);
    std::size_t before = 0;
    auto measure = [](std::size_t& count) -> eddy::Task<> {
      for (int i = 0; i < 50; ++i) co_await eddy::yield();
      count = allocations();
      for (int i = 0; i < 100; ++i) co_await eddy::yield();
      count = allocations() - count;
    };
    auto endless = [](auto& q) -> eddy::Task<> {
      for (;;) co_await q.put(1);
    };
    auto drain = [](auto& q) -> eddy::Task<> {
      for (;;) (void)co_await q.get();
    };
    auto send = [](const eddy::Sender<int>& to) -> eddy::Task<> {
      for (;;) co_await to.send(1);
    };
    auto receive = [](const eddy::Receiver<int>& from) -> eddy::Task<> {
      for (;;) (void)co_await from.next();
    };
    std::vector<eddy::TaskHandle<>> running;
    running.push_back(eddy::create_task(endless(queue)));
    running.push_back(eddy::create_task(drain(queue)));
    running.push_back(eddy::create_task(endless(lifo)));
    running.push_back(eddy::create_task(drain(lifo)));
    running.push_back(eddy::create_task(endless(priority)));
    running.push_back(eddy::create_task(drain(priority)));
    running.push_back(eddy::create_task(send(ends.sender)));
    running.push_back(eddy::create_task(receive(ends.receiver)));
    running.push_back(eddy::create_task(send(meeting.sender)));
    running.push_back(eddy::create_task(receive(meeting.receiver)));
    co_await measure(before);
    CHECK(before == 0);
    for (auto& task : running) task.cancel();
    co_await eddy::yield();
  });
}

EDDY_LOOP_TEST_CASE("random programs of put, get and cancel lose and double no item of any queue", "[large]") {
  for (unsigned seed = 0; seed < 60; ++seed) {
    INFO("seed " << seed);
    const std::size_t maxsize = seed % 5;
    run_virtual([=] { return random_program<eddy::Queue<int>>(seed, maxsize); });
    run_virtual([=] { return random_program<eddy::LifoQueue<int>>(seed, maxsize); });
    run_virtual([=] { return random_program<eddy::PriorityQueue<int>>(seed, maxsize); });
  }
}
