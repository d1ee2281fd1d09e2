// Watches of a loop: they stand in a chain with debug mode's, come and go in any order, and leave nothing behind.
//
// SPDX-License-Identifier: MIT
#include "support/run.hpp"

#include <eddy/debug/loop_watch.hpp>

#include <optional>
#include <stdexcept>

using namespace test;

namespace {

// Counts what it is told.
class Counter final : eddy::debug::detail::LoopWatch {
 public:
  explicit Counter(eddy::EventLoop& loop) : LoopWatch(loop) {}
  int begun = 0;
  int ran = 0;
  int callbacks = 0;
  int exceptions = 0;
  int ends = 0;

 private:
  void strand_begins() noexcept override {
    LoopWatch::strand_begins();
    ++begun;
  }
  void strand_ran(Frame* root) noexcept override {
    ++ran;
    LoopWatch::strand_ran(root);
  }
  void callback_begins(eddy::detail::CallbackNode* node) noexcept override {
    LoopWatch::callback_begins(node);
    ++callbacks;
  }
  void exception_leaves(Frame* frame, const std::exception_ptr& error) noexcept override {
    LoopWatch::exception_leaves(frame, error);
    ++exceptions;
  }
  void loop_ends() noexcept override { ++ends; }
};

eddy::detail::Scheduler& scheduler() { return eddy::EventLoop::Internals::scheduler(eddy::get_running_loop()); }

}  // namespace

EDDY_TEST_CASE("watches are told of every step and every exception, each of them", "[loop_watch]") {
  eddy::EventLoop& loop = eddy::get_running_loop();
  loop.set_slow_callback_duration(1h);
  Counter first(loop);
  loop.set_debug(true);
  std::optional<Counter> second(std::in_place, loop);
  Counter third(loop);
  co_await eddy::yield();
  const int before = first.begun;
  loop.call_soon([] {});
  const auto fail = []() -> eddy::Task<> {
    co_await eddy::yield();
    throw std::runtime_error("no");
  };
  auto failing = eddy::create_task(fail());
  auto waiting = eddy::create_task([]() -> eddy::Task<> { co_await eddy::sleep(1h); });
  co_await settle(2);
  waiting.cancel();
  co_await settle(2);
  CHECK(failing.exception() != nullptr);
  CHECK(first.begun > before);
  CHECK(first.callbacks >= 1);
  CHECK(first.exceptions == 1);
  for (const Counter* other : {&*second, &third}) {
    CHECK(other->callbacks == first.callbacks);
    CHECK(other->exceptions == first.exceptions);
  }
  second.reset();
  const int third_begun = third.begun;
  co_await eddy::yield();
  CHECK(third.begun > third_begun);
  loop.set_debug(false);
  co_await eddy::yield();
  CHECK(third.begun > third_begun + 1);
}

EDDY_LOOP_TEST_CASE("the last watch leaves the loop as it was", "[loop_watch]") {
  const auto body = []() -> eddy::Task<> {
    eddy::get_running_loop().set_debug(false);
    CHECK(scheduler().step_watch == nullptr);
    CHECK(scheduler().batch_hook == nullptr);
    {
      const Counter outer(eddy::get_running_loop());
      const Counter inner(eddy::get_running_loop());
      co_await eddy::yield();
      CHECK(scheduler().batch_hook != nullptr);
    }
    CHECK(scheduler().step_watch == nullptr);
    CHECK(scheduler().batch_hook == nullptr);
    eddy::get_running_loop().set_debug(true);
    CHECK(scheduler().step_watch != nullptr);
    { const Counter watch(eddy::get_running_loop()); }
    CHECK(scheduler().step_watch != nullptr);
    eddy::get_running_loop().set_debug(false);
    CHECK(scheduler().step_watch == nullptr);
    CHECK(scheduler().batch_hook == nullptr);
  };
  eddy::run(body());
}

EDDY_TEST_CASE("a watch may end in the middle of a step, and of a callback", "[loop_watch]") {
  std::optional<Counter> watch(std::in_place, eddy::get_running_loop());
  co_await eddy::yield();
  eddy::Handle callback = eddy::get_running_loop().call_soon([&] { watch.reset(); });
  const eddy::detail::ScopeExit forget([&]() noexcept { callback.cancel(); });  // what it refers to ends here
  co_await settle(2);
  CHECK_FALSE(watch.has_value());
  watch.emplace(eddy::get_running_loop());
  co_await eddy::yield();
  watch.reset();
  co_await eddy::yield();
}

EDDY_TEST_CASE("debug mode that is switched on in a step that is watched does not take that for a slow one", "[loop_watch]") {
  eddy::EventLoop& loop = eddy::get_running_loop();
  loop.set_slow_callback_duration(1h);
  const Counter watch(loop);
  co_await eddy::yield();
  loop.set_debug(true);
  co_await eddy::yield();
  loop.set_debug(false);
  CHECK(watch.ran > 0);
  CHECK(take_reports().empty());
}

EDDY_LOOP_TEST_CASE("a watch that outlives its loop is told of the loop's end, and leaves it", "[loop_watch]") {
  std::optional<Counter> first;
  std::optional<Counter> second;
  std::optional<Counter> third;
  const auto main = [&]() -> eddy::Task<> {
    first.emplace(eddy::get_running_loop());
    second.emplace(eddy::get_running_loop());
    third.emplace(eddy::get_running_loop());
    co_await eddy::yield();
  };
  eddy::run(main());
  CHECK(first->ends == 1);
  CHECK(second->ends == 1);
  second.reset();
  CHECK(third->ends == 1);
  eddy::run(main());  // those that are left make room for watches of another loop
  CHECK(first->ends == 1);
}

EDDY_TEST_CASE("the handler of a report may end the watch that is told of the same step", "[loop_watch]") {
  eddy::EventLoop& loop = eddy::get_running_loop();
  std::optional<Counter> watch;
  loop.set_debug(true);
  loop.set_exception_handler([&](const eddy::ExceptionContext&) { watch.reset(); });
  const eddy::detail::ScopeExit restore([&]() noexcept { loop.set_exception_handler({}); });
  loop.set_slow_callback_duration(0s);
  watch.emplace(loop);
  co_await settle(2);
  CHECK_FALSE(watch.has_value());
  watch.emplace(loop);
  eddy::Handle callback = loop.call_soon([] {});
  co_await eddy::yield();
  CHECK_FALSE(watch.has_value());
  loop.set_slow_callback_duration(1h);
  loop.set_debug(false);
}
