// Tests of eddy/testing/fixture.hpp.
// SPDX-License-Identifier: MIT
#include <eddy/testing/fixture.hpp>

#include "support/run.hpp"

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
using eddy::testing::TestFailure;
using eddy::testing::use;

namespace {

using Log = std::vector<std::string>;

struct Client {
  std::string name;
  bool open = true;
};

// Set-up and tear-down wait, as those of a network client would.
eddy::AsyncGenerator<Client> client(Log& log, std::string name) {
  co_await eddy::sleep(1s);
  log.push_back("open " + name);
  Client made{name, true};
  co_yield std::move(made);
  co_await eddy::sleep(1s);
  log.push_back("close " + name);
}

// A fixture that uses another.
eddy::AsyncGenerator<std::string> session(Log& log) {
  Client& inner = co_await use(client(log, "inner"));
  log.push_back("log in");
  std::string name = "session of " + inner.name;
  co_yield std::move(name);
  log.push_back(inner.open ? "log out" : "log out too late");
  co_await eddy::yield();
}

eddy::AsyncGenerator<Client&> shared(Log& log, Client& kept) {
  co_yield kept;
  log.push_back("give back " + kept.name);
}

eddy::AsyncGenerator<int> yields_nothing() { co_return; }
eddy::AsyncGenerator<int> yields_twice(Log& log) {
  co_yield 1;
  log.push_back("first part");
  co_yield 2;
  log.push_back("never");
}
eddy::AsyncGenerator<int> fails_half_way(Log& log) {
  const test::OnExit released(log, "released");
  co_await eddy::yield();
  throw std::runtime_error("no server");
  co_yield 1;
}
eddy::AsyncGenerator<int> fails_in_tear_down(Log& log, std::string name) {
  co_yield 1;
  co_await eddy::yield();
  log.push_back(name);
  throw std::runtime_error(name);
}

// What running `body` as a test throws, with what is nested in it.
template <class F>
std::string error_of(F body) {
  try {
    test::run_test(body);
  } catch (const std::exception& error) {
    std::string text = error.what();
    try {
      std::rethrow_if_nested(error);
    } catch (const std::exception& nested) {
      text += std::string(" <- ") + nested.what();
    }
    return text;
  }
  return "nothing";
}

}  // namespace

EDDY_LOOP_TEST_CASE("a fixture is set up where it is used and torn down when the test has ended", "[testing]") {
  Log log;
  eddy::testing::VirtualClock clock;
  const auto body = [&]() -> eddy::Task<> {
    Client& made = co_await use(client(log, "web"));
    CHECK(made.name == "web");
    co_await eddy::sleep(1s);
    log.push_back("test ends");
  };
  test::run_test(body, {.clock = &clock});
  CHECK(log == Log{"open web", "test ends", "close web"});
  CHECK(clock.elapsed() == 3s);
}

EDDY_LOOP_TEST_CASE("fixtures are torn down in the reverse order of their set-ups", "[testing]") {
  Log log;
  const auto body = [&]() -> eddy::Task<> {
    co_await use(client(log, "a"));
    co_await use(client(log, "b"));
    co_await use(client(log, "c"));
  };
  test::run_test(body);
  CHECK(log == Log{"open a", "open b", "open c", "close c", "close b", "close a"});
}

EDDY_LOOP_TEST_CASE("a fixture may use another, which outlives it", "[testing]") {
  Log log;
  const auto body = [&]() -> eddy::Task<> {
    std::string& name = co_await use(session(log));
    CHECK(name == "session of inner");
  };
  test::run_test(body);
  CHECK(log == Log{"open inner", "log in", "log out", "close inner"});
}

EDDY_LOOP_TEST_CASE("what a fixture yields can be changed, and stays where it is", "[testing]") {
  Log log;
  const auto body = [&]() -> eddy::Task<> {
    Client& first = co_await use(client(log, "first"));
    for (int i = 0; i < 20; ++i) co_await use(client(log, "more"));
    first.name = "renamed";
    CHECK(first.name == "renamed");
  };
  test::run_test(body);
  CHECK(log.back() == "close first");
}

EDDY_LOOP_TEST_CASE("a fixture may yield a reference to what lives elsewhere", "[testing]") {
  Log log;
  Client kept{"kept"};
  const auto body = [&]() -> eddy::Task<> {
    Client& used = co_await use(shared(log, kept));
    CHECK(&used == &kept);
  };
  test::run_test(body);
  CHECK(log == Log{"give back kept"});
}

EDDY_LOOP_TEST_CASE("a fixture may yield what can only be moved", "[testing]") {
  const auto make = []() -> eddy::AsyncGenerator<std::unique_ptr<int>> { co_yield std::make_unique<int>(5); };
  const auto body = [&]() -> eddy::Task<> {
    std::unique_ptr<int>& made = co_await use(make());
    CHECK(*made == 5);
  };
  test::run_test(body);
}

EDDY_LOOP_TEST_CASE("fixtures are torn down when the test fails, and its error stays", "[testing]") {
  Log log;
  const auto body = [&]() -> eddy::Task<> {
    co_await use(client(log, "a"));
    co_await use(client(log, "b"));
    throw std::runtime_error("the test fails");
  };
  CHECK(error_of(body) == "the test fails");
  CHECK(log == Log{"open a", "open b", "close b", "close a"});
}

EDDY_LOOP_TEST_CASE("fixtures are torn down when the test is cancelled, and their waits are not cut short", "[testing]") {
  Log log;
  eddy::testing::VirtualClock clock;
  const auto body = [&]() -> eddy::Task<> {
    co_await use(client(log, "a"));
    const test::OnExit unwound(log, "unwound");
    eddy::current_task().cancel("enough");
    co_await eddy::sleep(1h);
  };
  CHECK_THROWS_AS(test::run_test(body, {.clock = &clock}), eddy::CancelledError);
  CHECK(log == Log{"open a", "unwound", "close a"});
  CHECK(clock.elapsed() == 2s);
}

EDDY_LOOP_TEST_CASE("fixtures are torn down when the test is stuck", "[testing]") {
  Log log;
  const auto body = [&]() -> eddy::Task<> {
    co_await use(client(log, "a"));
    eddy::Event never;
    co_await never.wait();
  };
  CHECK_THROWS_AS(test::run_test(body), eddy::DeadlockError);
  CHECK(log == Log{"open a", "close a"});
}

EDDY_LOOP_TEST_CASE("a fixture whose set-up fails is not torn down, and those before it are", "[testing]") {
  Log log;
  const auto body = [&]() -> eddy::Task<> {
    co_await use(client(log, "a"));
    co_await use(fails_half_way(log));
    log.push_back("never");
  };
  CHECK(error_of(body) == "no server");
  CHECK(log == Log{"open a", "released", "close a"});
}

EDDY_LOOP_TEST_CASE("a set-up that is cut short by a cancel releases what it holds, and those before it are torn down", "[testing]") {
  Log log;
  const auto body = [&]() -> eddy::Task<> {
    co_await use(client(log, "a"));
    eddy::current_task().cancel();
    co_await use(client(log, "b"));
  };
  CHECK_THROWS_AS(test::run_test(body), eddy::CancelledError);
  CHECK(log == Log{"open a", "close a"});
}

EDDY_LOOP_TEST_CASE("a fixture that yields nothing is refused", "[testing]") {
  const auto body = []() -> eddy::Task<> { co_await use(yields_nothing()); };
  CHECK(error_of(body) == "eddy: a fixture ended without a co_yield; it yields once, between set-up and tear-down");
}

EDDY_LOOP_TEST_CASE("a fixture that yields twice fails the test, and the others are torn down", "[testing]") {
  Log log;
  const auto body = [&]() -> eddy::Task<> {
    co_await use(client(log, "a"));
    co_await use(yields_twice(log));
  };
  CHECK(error_of(body) == "eddy: a fixture yielded a second time; it yields once, between set-up and tear-down");
  CHECK(log == Log{"open a", "first part", "close a"});
}

EDDY_LOOP_TEST_CASE("an error in a tear-down fails the test, and the other tear-downs run", "[testing]") {
  Log log;
  const auto body = [&]() -> eddy::Task<> {
    co_await use(client(log, "a"));
    co_await use(fails_in_tear_down(log, "second error"));
    co_await use(fails_in_tear_down(log, "first error"));
  };
  CHECK(error_of(body) == "first error");
  CHECK(log == Log{"open a", "first error", "second error", "close a"});
}

EDDY_LOOP_TEST_CASE("an error in a tear-down carries the test's own error", "[testing]") {
  Log log;
  const auto body = [&]() -> eddy::Task<> {
    co_await use(fails_in_tear_down(log, "cannot close"));
    throw std::runtime_error("the test fails");
  };
  CHECK(error_of(body) == "cannot close <- the test fails");
}

EDDY_LOOP_TEST_CASE("use outside of a test is refused", "[testing]") {
  std::string text;
  const auto body = [&]() -> eddy::Task<> {
    try {
      co_await use(yields_nothing());
    } catch (const TestFailure& error) {
      text = error.what();
    }
  };
  eddy::run(body());
  CHECK(text == "eddy: use() is called inside of a test: no test runs in this thread");
}

EDDY_LOOP_TEST_CASE("a test with fixtures can be swept: set-up, body and tear-down, no fixture stays open", "[testing]") {
  int open = 0;
  const auto resource = [&]() -> eddy::AsyncGenerator<int> {
    co_await eddy::yield();
    ++open;
    co_yield 1;
    co_await eddy::yield();
    --open;
  };
  const auto body = [&]() -> eddy::Task<> {
    CHECK(open == 0);
    co_await use(resource());
    co_await use(resource());
    co_await eddy::sleep(1s);
  };
  CHECK(eddy::testing::for_each_cancellation_point(body) >= 5);
  CHECK(open == 0);
  CHECK(eddy::testing::for_each_allocation(body) > 5);
}
