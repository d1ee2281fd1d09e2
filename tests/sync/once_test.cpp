// Once: one initialiser runs, the others wait; who tries again when it fails.
//
// SPDX-License-Identifier: MIT
#include <eddy/sync/once.hpp>

#include "support/run.hpp"

#include <memory>

using namespace test;

namespace {

using Log = std::vector<std::string>;

eddy::Task<int> make_number(int& made, int value) {
  ++made;
  co_await eddy::sleep(1s);
  co_return value;
}

eddy::Task<> set_up(int& runs) {
  ++runs;
  co_await eddy::sleep(1s);
}

eddy::Task<int> fail(Log& log, std::string name) {
  log.push_back(name + " tries");
  co_await eddy::sleep(1s);
  throw std::runtime_error(name);
}

eddy::Task<int> succeed(Log& log, std::string name) {
  log.push_back(name + " tries");
  co_await eddy::sleep(1s);
  co_return 5;
}

using Maker = eddy::Task<int> (*)(Log&, std::string);

// Says how its call ended.
eddy::Task<> caller(eddy::Once<int>& once, Maker maker, Log& log, std::string name) {
  try {
    const int value = co_await once.call(maker, std::ref(log), name);
    log.push_back(name + " has " + std::to_string(value));
  } catch (const std::runtime_error& error) {
    log.push_back(name + " got: " + error.what());
  }
}

}  // namespace

EDDY_TEST_CASE("the first caller makes the value, and all get the same one") {
  eddy::Once<int> once;
  int made = 0;
  CHECK_FALSE(once.done());
  CHECK(once.get() == nullptr);
  const auto start = now();
  const auto [a, b, c] =
      co_await eddy::gather(once.call(make_number, std::ref(made), 1), once.call(make_number, std::ref(made), 2),
                            once.call(make_number, std::ref(made), 3));
  CHECK(now() - start == 1s);
  CHECK(made == 1);
  CHECK(a == 1);
  CHECK(&a == &b);
  CHECK(&b == &c);
  CHECK(once.done());
  CHECK(once.get() == &a);
  CHECK(std::as_const(once).get() == &a);
}

EDDY_TEST_CASE("a call of a Once that is done neither suspends nor calls the function") {
  eddy::Once<int> once;
  int made = 0;
  co_await once.call(make_number, std::ref(made), 1);
  const test::TurnProbe others_ran;
  int& value = co_await once.call(make_number, std::ref(made), 2);
  CHECK(value == 1);
  CHECK(made == 1);
  CHECK_FALSE(others_ran);
  value = 7;
  CHECK(*once.get() == 7);
  co_await eddy::yield();
}

EDDY_TEST_CASE("a Once has no value before it was made, constant or not") {
  eddy::Once<int> once;
  CHECK(once.get() == nullptr);
  CHECK(std::as_const(once).get() == nullptr);
  int made = 0;
  co_await once.call(make_number, std::ref(made), 3);
  REQUIRE(std::as_const(once).get() != nullptr);
  CHECK(*std::as_const(once).get() == 3);
  CHECK(once.get() == std::as_const(once).get());
}

EDDY_TEST_CASE("a Once without a value does something once") {
  eddy::Once once;
  int runs = 0;
  co_await eddy::gather(once.call(set_up, std::ref(runs)), once.call(set_up, std::ref(runs)));
  co_await once.call(set_up, std::ref(runs));
  CHECK(runs == 1);
  CHECK(once.done());
}

EDDY_TEST_CASE("a call that is not awaited does nothing") {
  eddy::Once once;
  int runs = 0;
  { [[maybe_unused]] auto call = once.call(set_up, std::ref(runs)); }
  CHECK_FALSE(once.done());
  co_await once.call(set_up, std::ref(runs));
  CHECK(runs == 1);
}

EDDY_TEST_CASE("a Once keeps values that can only be moved, and owns its function and arguments meanwhile") {
  eddy::Once<std::unique_ptr<std::string>> once;
  const auto make = [](std::string text) -> eddy::Task<std::unique_ptr<std::string>> {
    co_await eddy::yield();
    co_return std::make_unique<std::string>(std::move(text));
  };
  auto call = once.call(make, std::string("a text that is too long for the small buffer"));
  const auto& value = co_await std::move(call);
  CHECK(*value == "a text that is too long for the small buffer");
}

EDDY_TEST_CASE("if the initialiser fails its caller has the error, and the next one tries his own", "[c295]") {
  eddy::Once<int> once;
  Log log;
  co_await eddy::gather(caller(once, fail, log, "a"), caller(once, fail, log, "b"), caller(once, succeed, log, "c"),
                        caller(once, fail, log, "d"));
  CHECK(log == Log{"a tries", "a got: a", "b tries", "b got: b", "c tries", "c has 5", "d has 5"});
  CHECK(once.done());
}

EDDY_TEST_CASE("after a failure that nobody waited for, whoever comes next tries", "[c295]") {
  eddy::Once<int> once;
  Log log;
  co_await caller(once, fail, log, "a");
  CHECK_FALSE(once.done());
  CHECK(once.get() == nullptr);
  co_await caller(once, succeed, log, "b");
  CHECK(log == Log{"a tries", "a got: a", "b tries", "b has 5"});
}

EDDY_TEST_CASE("an initialiser that throws before it awaits anything lets the next one try", "[c295]") {
  eddy::Once<int> once;
  const auto refuse = []() -> eddy::Task<int> { throw std::runtime_error("not even started"); };
  bool thrown = false;
  try {
    co_await once.call(refuse);
  } catch (const std::runtime_error&) {
    thrown = true;
  }
  CHECK(thrown);
  int made = 0;
  const int value = co_await once.call(make_number, std::ref(made), 4);
  CHECK(value == 4);
}

EDDY_TEST_CASE("if the initialiser is cancelled the next waiter runs his own", "[c296][order]") {
  eddy::Once<int> once;
  Log log;
  auto a = eddy::create_task(caller(once, succeed, log, "a"));
  auto b = eddy::create_task(caller(once, succeed, log, "b"));
  auto c = eddy::create_task(caller(once, succeed, log, "c"));
  co_await eddy::sleep(500ms);
  a.cancel();
  co_await c;
  CHECK(a.cancelled());
  CHECK(log == Log{"a tries", "b tries", "b has 5", "c has 5"});
}

EDDY_TEST_CASE("a waiter cancelled before or after it got the turn does not keep it", "[c296][order]") {
  eddy::Once<int> once;
  Log log;
  auto a = eddy::create_task(caller(once, fail, log, "a"));
  auto b = eddy::create_task(caller(once, succeed, log, "b"));
  auto c = eddy::create_task(caller(once, succeed, log, "c"));
  auto d = eddy::create_task(caller(once, succeed, log, "d"));
  co_await eddy::sleep(500ms);
  b.cancel();                                                       // while it waits
  eddy::get_running_loop().call_later(500ms, [&] { c.cancel(); });  // in the turn in which a fails
  co_await d;
  CHECK(b.cancelled());
  CHECK(c.cancelled());
  CHECK(log == Log{"a tries", "a got: a", "c tries", "d tries", "d has 5"});
  CHECK(a.done());
}

EDDY_TEST_CASE("an initialiser that times out lets the next one try", "[c296]") {
  eddy::Once<int> once;
  int made = 0;
  bool timed_out = false;
  try {
    co_await eddy::wait_for(once.call(make_number, std::ref(made), 1), 500ms);
  } catch (const eddy::TimeoutError&) {
    timed_out = true;
  }
  CHECK(timed_out);
  const int value = co_await eddy::wait_for(once.call(make_number, std::ref(made), 2), 5s);
  CHECK(value == 2);
  CHECK(made == 2);
}

EDDY_TEST_CASE("a million calls, and a hundred thousand waiters, need no stack", "[order][large]") {
  eddy::Once<int> once;
  int made = 0;
  std::vector<eddy::TaskHandle<int&>> waiters;
  for (int i = 0; i < 100'000; ++i) waiters.push_back(eddy::create_task(once.call(make_number, std::ref(made), i)));
  int& first = co_await waiters.back();
  CHECK(first == 0);
  CHECK(made == 1);
  for (int i = 0; i < 1'000'000; ++i) {
    if (int& value = co_await once.call(make_number, std::ref(made), i); &value != &first) FAIL("another value");
  }
  CHECK(made == 1);
}

EDDY_TEST_CASE("a hundred thousand initialisers that fail one after another need no stack", "[c295][order][large]") {
  static constexpr auto kTry = [](eddy::Once<int>& once, int& failures) -> eddy::Task<> {
    static constexpr auto kRefuse = []() -> eddy::Task<int> {
      co_await eddy::yield();
      throw std::runtime_error("no");
    };
    try {
      co_await once.call(kRefuse);
    } catch (const std::runtime_error&) {
      ++failures;
    }
  };
  eddy::Once<int> once;
  int failures = 0;
  std::vector<eddy::TaskHandle<>> tasks;
  for (int i = 0; i < 100'000; ++i) tasks.push_back(eddy::create_task(kTry(once, failures)));
  co_await tasks.back();
  CHECK(failures == 100'000);
  CHECK_FALSE(once.done());
}
