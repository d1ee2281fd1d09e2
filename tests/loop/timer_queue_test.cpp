// Tests of eddy/loop/timer_queue.hpp.
// SPDX-License-Identifier: MIT
#include <eddy/loop/timer_queue.hpp>

#include "support/catch.hpp"

#include <algorithm>
#include <cstdint>
#include <deque>
#include <random>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
using eddy::TimePoint;
using eddy::detail::TimerNode;
using eddy::detail::TimerQueue;

TEST_CASE("timers come out by deadline, and equal ones in the order in which they were armed", "[loop][c209]") {
  TimerNode a, b, c, d;
  TimerQueue queue;
  CHECK(queue.empty());
  queue.arm(&a, TimePoint(3s));
  queue.arm(&b, TimePoint(1s));
  queue.arm(&c, TimePoint(3s));
  queue.arm(&d, TimePoint::max());
  CHECK(queue.size() == 4);
  CHECK(queue.next_deadline() == TimePoint(1s));
  CHECK(c.deadline == TimePoint(3s));
  CHECK(queue.pop() == &b);
  CHECK_FALSE(b.armed());
  CHECK(queue.pop() == &a);
  CHECK(queue.pop() == &c);
  CHECK(queue.next_deadline() == TimePoint::max());
  CHECK(queue.pop() == &d);
  CHECK(queue.empty());
}

TEST_CASE("a cancelled timer leaves the queue at once", "[loop][c197]") {
  TimerNode a, b;
  TimerQueue queue;
  queue.arm(&a, TimePoint(1s));
  queue.arm(&b, TimePoint(2s));
  queue.cancel(&a);
  CHECK_FALSE(a.armed());
  CHECK(queue.size() == 1);
  CHECK(queue.next_deadline() == TimePoint(2s));
  queue.arm(&a, TimePoint(3s));
  CHECK(a.armed());
  queue.cancel(&b);
  CHECK(queue.pop() == &a);
  CHECK(queue.empty());
}

TEST_CASE("ten thousand timers with one deadline are served in order, the cancelled ones left out", "[loop][c210]") {
  std::vector<TimerNode> nodes(10'000);
  TimerQueue queue;
  for (TimerNode& node : nodes) queue.arm(&node, TimePoint(1s));
  for (std::size_t i = 0; i < nodes.size(); i += 2) queue.cancel(&nodes[i]);
  CHECK(queue.size() == nodes.size() / 2);
  bool in_order = true;
  for (std::size_t i = 1; i < nodes.size(); i += 2) in_order = in_order && queue.pop() == &nodes[i];
  CHECK(in_order);
  CHECK(queue.empty());
}

TEST_CASE("equal deadlines keep their order wherever the queue has put them", "[loop][c210]") {
  std::deque<TimerNode> blockers(20), equal(100);
  TimerQueue queue;
  std::vector<TimerNode*> expected;
  for (std::size_t i = 0; i < equal.size(); ++i) {
    // Later and later ends of runs, from which each equal one is kept out by some, until a cancel opens one again.
    TimerNode& blocker = blockers[i % blockers.size()];
    if (blocker.armed()) queue.cancel(&blocker);
    queue.arm(&blocker, TimePoint(std::chrono::seconds(200 - static_cast<int>(i))));
    queue.arm(&equal[i], TimePoint(50s));
    expected.push_back(&equal[i]);
  }
  std::vector<TimerNode*> order;
  while (!queue.empty() && queue.next_deadline() <= TimePoint(50s)) order.push_back(queue.pop());
  CHECK(order == expected);
  TimePoint last = TimePoint::min();
  bool sorted = true;
  while (!queue.empty()) {
    sorted = sorted && last <= queue.next_deadline();
    last = queue.next_deadline();
    (void)queue.pop();
  }
  CHECK(sorted);
}

TEST_CASE("timers that outlive their queue are no longer armed", "[loop]") {
  std::deque<TimerNode> nodes(10);
  {
    TimerQueue queue;
    for (std::size_t i = 0; i < nodes.size(); ++i) queue.arm(&nodes[i], TimePoint(std::chrono::seconds(nodes.size() - i)));
  }
  for (const TimerNode& node : nodes) CHECK_FALSE(node.armed());
}

TEST_CASE("only what is due is taken", "[loop]") {
  TimerNode a, b;
  TimerQueue queue;
  queue.arm(&a, TimePoint(2s));
  queue.arm(&b, TimePoint(1s));
  CHECK(queue.pop_due(TimePoint(999ms)) == nullptr);
  CHECK(queue.pop_due(TimePoint(1s)) == &b);
  CHECK(queue.pop_due(TimePoint(1s)) == nullptr);
  CHECK(queue.size() == 1);
  CHECK(queue.pop_due(TimePoint::max()) == &a);
  CHECK(queue.empty());
}

TEST_CASE("the timer queue agrees with a sorted list, whatever is armed and cancelled", "[loop]") {
  std::mt19937 random(12345);
  std::deque<TimerNode> nodes(64);
  TimerQueue queue;
  std::vector<std::pair<TimePoint, std::uint64_t>> keys(nodes.size());
  std::uint64_t sequence = 0;
  bool right = true;
  const auto earliest = [&] {
    std::size_t best = nodes.size();
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      if (nodes[i].armed() && (best == nodes.size() || keys[i] < keys[best])) best = i;
    }
    return best;
  };
  for (int step = 0; step < 20'000; ++step) {
    const std::size_t i = random() % nodes.size();
    if (nodes[i].armed()) {
      queue.cancel(&nodes[i]);
    } else {
      keys[i] = {TimePoint(std::chrono::seconds(random() % 16)), sequence++};
      queue.arm(&nodes[i], keys[i].first);
    }
    if (random() % 4 == 0 && !queue.empty()) {
      const std::size_t expected = earliest();
      right = right && queue.next_deadline() == keys[expected].first && queue.pop() == &nodes[expected];
    }
    const auto armed = std::count_if(nodes.begin(), nodes.end(), [](const TimerNode& node) { return node.armed(); });
    right = right && queue.size() == static_cast<std::size_t>(armed);
  }
  CHECK(right);
}
