// Tests of eddy/testing/async_mock.hpp.
// SPDX-License-Identifier: MIT
#include <eddy/testing/async_mock.hpp>

#include "support/run.hpp"

#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <tuple>
#include <variant>
#include <vector>

using namespace std::chrono_literals;
using eddy::testing::AssertionError;
using eddy::testing::AsyncMock;

namespace {

using Log = std::vector<std::string>;

std::exception_ptr failure(const char* text) { return std::make_exception_ptr(std::runtime_error(text)); }

// What a call threw, or "nothing".
template <class T>
eddy::Task<std::string> error_of(eddy::Task<T> call) {
  try {
    co_await std::move(call);
  } catch (const std::exception& error) {
    co_return error.what();
  }
  co_return "nothing";
}

// What an assertion says, or "holds".
template <class F>
std::string said(F assertion) {
  try {
    assertion();
  } catch (const AssertionError& error) {
    return error.what();
  }
  return "holds";
}

struct NoDefault {
  explicit NoDefault(int value) : number(value) {}
  int number;
};

// Code under test that takes whatever can be called.
template <class Fetch>
eddy::Task<std::string> greet(Fetch fetch, int id) {
  const std::string name = co_await fetch(id);
  co_return "hello " + name;
}

}  // namespace

EDDY_TEST_CASE("a mock that was told nothing gives the default value of its result", "[testing]") {
  AsyncMock<int()> number;
  AsyncMock<std::map<std::string, int>()> map;
  AsyncMock<void(int)> nothing;
  const int zero = co_await number();
  const auto empty = co_await map();
  co_await nothing(1);
  CHECK(zero == 0);
  CHECK(empty.empty());
  nothing.assert_called_once_with(1);
}

EDDY_TEST_CASE("return_value is what every call gives", "[testing]") {
  AsyncMock<std::string(int)> fetch;
  fetch.return_value("data");
  const std::string first = co_await fetch(1);
  const std::string second = co_await fetch(2);
  CHECK(first == "data");
  CHECK(second == "data");
  fetch.return_value("other");
  const std::string third = co_await fetch(3);
  CHECK(third == "other");
}

EDDY_TEST_CASE("side_effect takes a sequence of values and errors, one for each call, and says when it is used up", "[testing]") {
  AsyncMock<std::string()> fetch;
  fetch.side_effect({"one", failure("down"), "three"});
  const std::string first = co_await fetch();
  const std::string second = co_await error_of(fetch());
  const std::string third = co_await fetch();
  const std::string fourth = co_await error_of(fetch());
  CHECK(first == "one");
  CHECK(second == "down");
  CHECK(third == "three");
  CHECK(fourth == "eddy: the side_effect of an AsyncMock is used up");
  CHECK(fetch.call_count() == 4);
}

EDDY_TEST_CASE("side_effect takes an exception that every call throws", "[testing]") {
  AsyncMock<int()> fetch;
  fetch.side_effect(std::out_of_range("no such user"));
  int caught = 0;
  for (int i = 0; i < 2; ++i) {
    try {
      co_await fetch();
    } catch (const std::out_of_range&) {
      ++caught;
    }
  }
  CHECK(caught == 2);
  fetch.side_effect(failure("as a pointer"));
  const std::string text = co_await error_of(fetch());
  CHECK(text == "as a pointer");
}

EDDY_TEST_CASE("side_effect takes a function of the arguments", "[testing]") {
  AsyncMock<int(int, const std::string&)> measure;
  int calls = 0;
  const auto answer = [&calls](int n, const std::string& text) {
    ++calls;
    if (text.empty()) throw std::invalid_argument("empty");
    return n * static_cast<int>(text.size());
  };
  measure.side_effect(answer);
  const int twelve = co_await measure(3, "four");
  const std::string error = co_await error_of(measure(1, ""));
  CHECK(twelve == 12);
  CHECK(error == "empty");
  CHECK(calls == 2);
}

EDDY_TEST_CASE("a side_effect that is a coroutine function is awaited", "[testing]") {
  AsyncMock<std::size_t(std::string)> measure;
  const auto slowly = [](const std::string& text) -> eddy::Task<std::size_t> {
    co_await eddy::sleep(2s);
    if (text.empty()) throw std::invalid_argument("nothing to measure");
    co_return text.size();
  };
  measure.side_effect(slowly);
  const auto start = test::now();
  const std::size_t size = co_await measure("four");
  CHECK(size == 4);
  CHECK(test::now() - start == 2s);
  std::string error;
  try {
    (void)co_await measure("");
  } catch (const std::invalid_argument& e) {
    error = e.what();
  }
  CHECK(error == "nothing to measure");
  measure.side_effect({std::size_t{9}});  // takes its place
  const std::size_t nine = co_await measure("");
  CHECK(nine == 9);
  AsyncMock<void()> nothing;
  int times = 0;
  const auto count = [&times]() -> eddy::Task<> {
    co_await eddy::yield();
    ++times;
  };
  nothing.side_effect(count);
  co_await nothing();
  CHECK(times == 1);
}

EDDY_TEST_CASE("side_effect goes before return_value, and a null one takes it back", "[testing]") {
  AsyncMock<int()> fetch;
  fetch.return_value(1).side_effect([] { return 2; });
  const int by_effect = co_await fetch();
  fetch.side_effect(nullptr);
  const int by_value = co_await fetch();
  CHECK(by_effect == 2);
  CHECK(by_value == 1);
}

EDDY_TEST_CASE("a mock of a function without a result runs its side effects", "[testing]") {
  AsyncMock<void(std::string)> save;
  Log saved;
  save.side_effect([&saved](const std::string& line) { saved.push_back(line); });
  co_await save("a");
  CHECK(saved == Log{"a"});
  save.side_effect({std::monostate{}, failure("disk full")});
  const std::string first = co_await error_of(save("b"));
  const std::string second = co_await error_of(save("c"));
  CHECK(first == "nothing");
  CHECK(second == "disk full");
}

EDDY_TEST_CASE("a mock gives results that can only be moved", "[testing]") {
  AsyncMock<std::unique_ptr<int>(int)> make;
  make.side_effect([](int n) { return std::make_unique<int>(n); });
  const auto made = co_await make(7);
  REQUIRE(made != nullptr);
  CHECK(*made == 7);
  std::vector<AsyncMock<std::unique_ptr<int>(int)>::Effect> sequence;
  sequence.emplace_back(std::make_unique<int>(8));
  sequence.emplace_back(failure("out of them"));
  make.side_effect(std::move(sequence));
  const auto second = co_await make(0);
  const std::string third = co_await error_of(make(0));
  CHECK(*second == 8);
  CHECK(third == "out of them");
}

EDDY_TEST_CASE("delay waits on the loop's clock before the effect", "[testing]") {
  AsyncMock<int()> fetch;
  bool ran = false;
  const auto effect = [&ran] {
    ran = true;
    return 5;
  };
  fetch.delay(3s).side_effect(effect);
  const auto start = test::now();
  auto call = eddy::create_task(fetch());
  co_await eddy::sleep(2s);
  CHECK_FALSE(ran);
  CHECK(fetch.await_count() == 1);
  const int five = co_await call;
  CHECK(five == 5);
  CHECK(test::now() - start == 3s);
}

EDDY_TEST_CASE("a mock with a delay can be cancelled and timed out", "[testing]") {
  AsyncMock<int()> fetch;
  fetch.delay(1h).return_value(1);
  const auto result = co_await eddy::move_on_after(1s, fetch());
  CHECK_FALSE(result);
  fetch.assert_awaited_once();
}

EDDY_TEST_CASE("a call is remembered when it is made, and awaited when it starts to run", "[testing]") {
  AsyncMock<int(int)> fetch;
  {
    auto call = fetch(1);
    CHECK(fetch.call_count() == 1);
    CHECK(fetch.await_count() == 0);
    CHECK(said([&] { fetch.assert_awaited(); }) == "eddy: AsyncMock: expected an await, but there was none");
    fetch.assert_called_once();
    fetch.assert_not_awaited();
    co_await std::move(call);
  }
  CHECK(fetch.await_count() == 1);
  fetch.assert_awaited();
  fetch.assert_awaited_once();
}

EDDY_TEST_CASE("calls and call_args are the arguments of the calls", "[testing]") {
  AsyncMock<void(int, const std::string&)> save;
  CHECK(said([&] { (void)save.call_args(); }) == "eddy: AsyncMock: expected a call, but there was none");
  {
    const std::string gone = "a copy is kept";
    co_await save(1, gone);
  }
  co_await save(2, "two");
  using Call = AsyncMock<void(int, const std::string&)>::Call;
  CHECK(save.calls() == std::vector<Call>{{1, "a copy is kept"}, {2, "two"}});
  CHECK(save.call_args() == Call{2, "two"});
}

EDDY_TEST_CASE("each assertion of a mock says what it expected", "[testing]") {
  AsyncMock<int(int)> fetch;
  fetch.assert_not_called();
  fetch.assert_not_awaited();
  CHECK(said([&] { fetch.assert_called(); }) == "eddy: AsyncMock: expected a call, but there was none");
  CHECK(said([&] { fetch.assert_called_once(); }) == "eddy: AsyncMock: expected one call, but there were 0");
  CHECK(said([&] { fetch.assert_awaited_once(); }) == "eddy: AsyncMock: expected one await, but there were 0");
  CHECK(said([&] { fetch.assert_called_with(1); }) == "eddy: AsyncMock: expected a call, but there was none");
  CHECK(said([&] { fetch.assert_any_call(1); }) == "eddy: AsyncMock: no call had these arguments");
  co_await fetch(1);
  fetch.assert_called();
  fetch.assert_called_once();
  fetch.assert_called_with(1);
  fetch.assert_called_once_with(1);
  fetch.assert_any_call(1);
  CHECK(said([&] { fetch.assert_called_once_with(2); }) == "eddy: AsyncMock: the last call had other arguments");
  CHECK(said([&] { fetch.assert_not_called(); }) == "eddy: AsyncMock: expected no call, but there were 1");
  CHECK(said([&] { fetch.assert_not_awaited(); }) == "eddy: AsyncMock: expected no await, but there were 1");
  co_await fetch(2);
  fetch.assert_called_with(2);
  fetch.assert_any_call(1);
  CHECK(said([&] { fetch.assert_called_with(1); }) == "eddy: AsyncMock: the last call had other arguments");
  CHECK(said([&] { fetch.assert_called_once_with(2); }) == "eddy: AsyncMock: expected one call, but there were 2");
  CHECK(said([&] { fetch.assert_any_call(3); }) == "eddy: AsyncMock: no call had these arguments");
}

EDDY_TEST_CASE("reset forgets the calls and keeps what the mock gives", "[testing]") {
  AsyncMock<int()> fetch;
  fetch.return_value(4);
  co_await fetch();
  fetch.reset();
  fetch.assert_not_called();
  fetch.assert_not_awaited();
  const int four = co_await fetch();
  CHECK(four == 4);
  fetch.assert_called_once();
}

EDDY_TEST_CASE("copies of a mock share what they are told and what they remember", "[testing]") {
  AsyncMock<int(int)> fetch;
  const AsyncMock<int(int)> copy = fetch;
  fetch.return_value(6);
  const int six = co_await copy(1);
  CHECK(six == 6);
  fetch.assert_called_once_with(1);
}

EDDY_TEST_CASE("a call outlives the mock that it was made of", "[testing]") {
  auto fetch = std::make_unique<AsyncMock<int(std::string)>>();
  fetch->delay(1s).return_value(3);
  auto call = (*fetch)("argument");
  fetch.reset();
  const int three = co_await std::move(call);
  CHECK(three == 3);
}

EDDY_TEST_CASE("a mock goes wherever a coroutine function goes", "[testing]") {
  AsyncMock<std::string(int)> fetch;
  fetch.side_effect([](int id) { return "user " + std::to_string(id); });

  const std::string greeting = co_await greet(fetch, 1);
  CHECK(greeting == "hello user 1");

  const auto [second, third] = co_await eddy::gather(fetch(2), fetch(3));
  CHECK(second == "user 2");
  CHECK(third == "user 3");

  auto task = eddy::create_task(fetch, 4);
  const std::string fourth = co_await task;
  CHECK(fourth == "user 4");

  const std::vector<int> ids{5, 6, 7};
  const auto mapped = co_await eddy::concurrent_map(ids, fetch, {.limit = 2});
  CHECK(mapped == std::vector<std::string>{"user 5", "user 6", "user 7"});
  CHECK(fetch.await_count() == 7);
}

EDDY_TEST_CASE("retry calls a mock until its sequence gives a value, and an hour of delays takes no time", "[testing]") {
  AsyncMock<std::string(std::string)> fetch;
  fetch.side_effect({failure("down"), failure("still down"), "up"});
  const auto start = test::now();
  const std::string result = co_await eddy::retry({.max_attempts = 5, .delay = 20min}, fetch, "url");
  CHECK(result == "up");
  CHECK(test::now() - start == 1h);
  CHECK(fetch.await_count() == 3);
  fetch.assert_called_with("url");
}

EDDY_TEST_CASE("a mock whose result has no default has to be told what to give", "[testing]") {
  AsyncMock<NoDefault()> make;
  const std::string text = co_await error_of(make());
  CHECK(text == "eddy: an AsyncMock was told neither a return_value nor a side_effect");
  make.return_value(NoDefault(9));
  const NoDefault made = co_await make();
  CHECK(made.number == 9);
}

EDDY_TEST_CASE("a null exception in a sequence is refused when it is set", "[testing]") {
  AsyncMock<int()> fetch;
  const std::vector<AsyncMock<int()>::Effect> sequence{1, std::exception_ptr()};
  CHECK_THROWS_AS(fetch.side_effect(sequence), std::invalid_argument);
  const int zero = co_await fetch();
  CHECK(zero == 0);
}
