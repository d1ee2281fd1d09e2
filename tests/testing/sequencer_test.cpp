// Tests of eddy/testing/sequencer.hpp.
// SPDX-License-Identifier: MIT
#include <eddy/testing/sequencer.hpp>

#include "support/run.hpp"

#include <eddy/testing/blocked.hpp>

#include <string>
#include <vector>

using namespace std::chrono_literals;
using eddy::testing::Sequencer;
using eddy::testing::wait_all_tasks_blocked;
using eddy::testing::run_test;

namespace {

using Log = std::vector<std::string>;

eddy::Task<> worker(Sequencer& sequencer, Log& log, std::string name, std::size_t first, std::size_t second) {
  {
    const auto turn = co_await sequencer(first);
    log.push_back(name + std::to_string(first));
    co_await eddy::sleep(1s);
  }
  const auto turn = co_await sequencer(second);
  log.push_back(name + std::to_string(second));
}

eddy::Task<> take(Sequencer& sequencer, Log& log, std::size_t number) {
  const auto turn = co_await sequencer(number);
  log.push_back(std::to_string(number));
}

}  // namespace

EDDY_TEST_CASE("a Sequencer makes parts of several tasks run in the order of their numbers", "[testing]") {
  Sequencer sequencer;
  Log log;
  co_await eddy::gather(worker(sequencer, log, "c", 2, 5), worker(sequencer, log, "b", 1, 3), worker(sequencer, log, "a", 0, 4));
  CHECK(log == Log{"a0", "b1", "c2", "b3", "a4", "c5"});
}

EDDY_LOOP_TEST_CASE("the next turn begins when the one before has ended, not when it began", "[testing]") {
  Sequencer sequencer;
  Log log;
  const auto body = [&]() -> eddy::Task<> {
    auto second = eddy::create_task(take(sequencer, log, 1));
    {
      const eddy::testing::SequencerTurn turn = co_await sequencer(0);
      co_await wait_all_tasks_blocked();
      CHECK(log.empty());
    }
    co_await second;
    CHECK(log == Log{"1"});
  };
  run_test(body);
}

EDDY_LOOP_TEST_CASE("a turn of a Sequencer can be moved on to whom it ends with", "[testing]") {
  Sequencer sequencer;
  Log log;
  const auto body = [&]() -> eddy::Task<> {
    auto second = eddy::create_task(take(sequencer, log, 1));
    auto turn = co_await sequencer(0);
    {
      const auto moved = std::move(turn);
      co_await wait_all_tasks_blocked();
      CHECK(log.empty());
    }
    co_await wait_all_tasks_blocked();
    CHECK(log == Log{"1"});
    co_await second;
  };
  run_test(body);
}

EDDY_TEST_CASE("a number of a Sequencer that is used twice is refused", "[testing]") {
  Sequencer sequencer;
  { const auto turn = co_await sequencer(0); }
  std::string text;
  try {
    const auto again = co_await sequencer(0);
  } catch (const eddy::InvalidStateError& error) {
    text = error.what();
  }
  CHECK(text == "eddy: number 0 of a Sequencer was used a second time");
}

EDDY_LOOP_TEST_CASE("who stands behind a turn that was cancelled gets an error, and who stands before it does not", "[testing]") {
  Sequencer sequencer;
  Log log;
  const auto body = [&]() -> eddy::Task<> {
    auto first = eddy::create_task(take(sequencer, log, 1));
    auto cancelled = eddy::create_task(take(sequencer, log, 2));
    auto behind = eddy::create_task(take(sequencer, log, 3));
    co_await wait_all_tasks_blocked();
    cancelled.cancel();
    co_await wait_all_tasks_blocked();
    CHECK(behind.done());
    CHECK_FALSE(first.done());
    std::string text;
    try {
      co_await behind;
    } catch (const eddy::RuntimeError& error) {
      text = error.what();
    }
    CHECK(text == "eddy: turn 2 of the Sequencer was cancelled, so those behind it can never come");
    { const auto turn = co_await sequencer(0); }
    co_await first;
    CHECK(log == Log{"1"});
    bool refused = false;
    try {
      co_await take(sequencer, log, 4);
    } catch (const eddy::RuntimeError&) {
      refused = true;
    }
    CHECK(refused);
  };
  run_test(body);
}

EDDY_LOOP_TEST_CASE("a turn that ends by a cancel lets the next go on", "[testing]") {
  Sequencer sequencer;
  Log log;
  const auto body = [&]() -> eddy::Task<> {
    auto holder = eddy::create_task(worker(sequencer, log, "a", 0, 2));
    auto next = eddy::create_task(take(sequencer, log, 1));
    co_await wait_all_tasks_blocked();
    holder.cancel();
    co_await next;
    CHECK(log == Log{"a0", "1"});
  };
  run_test(body);
}
