// Tests of eddy/task/task.hpp and promise.hpp: what a Task gives, when it runs, when its parts are destroyed.
// SPDX-License-Identifier: MIT
#include <eddy/task/task.hpp>

#include "support/work.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
using test::append;

namespace {

using Log = std::vector<std::string>;

eddy::Task<int> number(int n) { co_return n; }
eddy::Task<int> number_later(int n) {
  co_await eddy::sleep(1s);
  co_return n;
}
eddy::Task<int> failing(std::string text) {
  co_await eddy::yield();
  throw std::runtime_error(text);
}
eddy::Task<int> failing_at_once(std::string text) {
  throw std::runtime_error(text);
  co_return 0;
}

struct NoDefault {
  explicit NoDefault(int n) : number(n) {}
  int number;
};

struct alignas(128) Aligned {
  Aligned(int n) : number(n) {}
  int number;
};

// Moving it may throw, as some containers do.
struct ThrowingMove {
  explicit ThrowingMove(bool* armed) : throws(armed) {}
  ThrowingMove(ThrowingMove&& other) : throws(other.throws) {
    if (*throws) throw std::runtime_error("moved badly");
  }
  ThrowingMove(const ThrowingMove&) = delete;
  ThrowingMove& operator=(const ThrowingMove&) = delete;
  ~ThrowingMove() = default;
  bool* throws;
};

// What awaiting `task` throws, as text.
template <class T>
eddy::Task<std::string> error_of(eddy::Task<T>& task) {
  try {
    co_await task;
  } catch (const eddy::InvalidStateError&) {
    co_return "InvalidStateError";
  } catch (const std::exception& e) {
    co_return e.what();
  }
  co_return "nothing";
}

}  // namespace

EDDY_LOOP_TEST_CASE("a Task does nothing until it is awaited, then runs in the awaiter's turn", "[task]") {
  Log log;
  test::run_virtual([&]() -> eddy::Task<> {
    eddy::Task<> task = append(log, "task");
    eddy::get_running_loop().call_soon([&] { log.push_back("next turn"); });
    log.push_back("before");
    co_await std::move(task);
    log.push_back("after");
    co_await eddy::yield();
  });
  CHECK(log == Log{"before", "task", "after", "next turn"});
}

TEST_CASE("a Task that is dropped never runs, and its arguments are destroyed", "[task]") {
  Log log;
  const auto body = [](Log& target, test::Tracked) -> eddy::Task<> {
    target.push_back("ran");
    co_return;
  };
  {
    const eddy::Task<> task = body(log, test::Tracked());
    CHECK(task.valid());
    CHECK(test::Tracked::alive == 1);
  }
  CHECK(test::Tracked::alive == 0);
  CHECK(log.empty());
}

EDDY_TEST_CASE("a Task gives its value at once or later", "[task]") {
  const int now = co_await number(1);
  CHECK(now == 1);
  const int later = co_await number_later(2);
  CHECK(later == 2);
  const int sum = co_await number(3) + co_await number_later(4);
  CHECK(sum == 7);
}

EDDY_TEST_CASE("what a Task throws reaches its awaiter, with its type", "[task]") {
  eddy::Task<int> late = failing("late");
  eddy::Task<int> early = failing_at_once("early");
  const std::string first = co_await error_of(late);
  CHECK(first == "late");
  const std::string second = co_await error_of(early);
  CHECK(second == "early");
}

EDDY_TEST_CASE("a Task that is awaited a second time throws InvalidStateError", "[task][c17]") {
  eddy::Task<int> task = number(5);
  CHECK(task.valid());
  const int value = co_await task;
  CHECK(value == 5);
  CHECK_FALSE(task.valid());
  const std::string again = co_await error_of(task);
  CHECK(again == "InvalidStateError");
}

EDDY_TEST_CASE("a Task that is awaited by two tasks at once: the second gets InvalidStateError", "[task][c17][order]") {
  eddy::Task<int> shared = number_later(5);
  auto first = eddy::create_task(error_of(shared));
  auto second = eddy::create_task(error_of(shared));
  const std::string first_error = co_await first;
  CHECK(first_error == "nothing");
  const std::string second_error = co_await second;
  CHECK(second_error == "InvalidStateError");
}

EDDY_TEST_CASE("a moved-from Task is empty and safe to destroy, and awaiting it throws InvalidStateError",
               "[task][c35]") {
  eddy::Task<int> task = number(6);
  eddy::Task<int> moved = std::move(task);
  CHECK_FALSE(task.valid());
  CHECK(moved.valid());
  const std::string error = co_await error_of(task);
  CHECK(error == "InvalidStateError");
  task = std::move(moved);
  const int value = co_await task;
  CHECK(value == 6);
  eddy::Task<int> none;
  CHECK_FALSE(none.valid());
  const std::string of_none = co_await error_of(none);
  CHECK(of_none == "InvalidStateError");
}

EDDY_LOOP_TEST_CASE("assigning to a Task destroys the one that it held, unrun", "[task][c35]") {
  const auto body = [](test::Tracked, int n) -> eddy::Task<int> { co_return n; };
  test::run_virtual([&]() -> eddy::Task<> {
    eddy::Task<int> task = body(test::Tracked(), 1);
    task = body(test::Tracked(), 2);
    CHECK(test::Tracked::alive == 1);
    eddy::Task<int>& same = task;
    task = std::move(same);
    CHECK(task.valid());
    const int value = co_await task;
    CHECK(value == 2);
    CHECK(test::Tracked::alive == 0);
  });
}

EDDY_LOOP_TEST_CASE("a Task gives references to the very object", "[task][c36]") {
  static int object = 1;
  const auto lvalue = []() -> eddy::Task<int&> { co_return object; };
  const auto constant = []() -> eddy::Task<const int&> { co_return object; };
  test::run_virtual([&]() -> eddy::Task<> {
    int& reference = co_await lvalue();
    CHECK(&reference == &object);
    reference = 2;
    const int& read = co_await constant();
    CHECK(&read == &object);
    CHECK(read == 2);
  });
  STATIC_REQUIRE(std::is_same_v<eddy::AwaitResult<eddy::Task<int&>>, int&>);
  STATIC_REQUIRE(std::is_same_v<eddy::AwaitResult<eddy::Task<const int&>>, const int&>);
}

EDDY_LOOP_TEST_CASE("a Task of an rvalue reference hands on an object that can be moved from", "[task][c37]") {
  auto object = std::make_unique<int>(7);
  const auto body = [&]() -> eddy::Task<std::unique_ptr<int>&&> { co_return std::move(object); };
  test::run_virtual([&]() -> eddy::Task<> {
    std::unique_ptr<int>&& reference = co_await body();
    CHECK(&reference == &object);
    const std::unique_ptr<int> taken = co_await body();
    CHECK(*taken == 7);
    CHECK(object == nullptr);
  });
  STATIC_REQUIRE(std::is_same_v<eddy::AwaitResult<eddy::Task<int&&>>, int&&>);
}

EDDY_LOOP_TEST_CASE("a Task gives values that can only be moved, have no default constructor, or are large",
                    "[task][c36]") {
  const auto moves = []() -> eddy::Task<std::unique_ptr<int>> { co_return std::make_unique<int>(1); };
  const auto no_default = []() -> eddy::Task<NoDefault> { co_return NoDefault(2); };
  const auto converts = []() -> eddy::Task<std::optional<std::string>> { co_return "text"; };
  const auto array = []() -> eddy::Task<std::array<char, 5000>> {
    std::array<char, 5000> bytes{};
    bytes[4999] = 'z';
    co_return bytes;
  };
  test::run_virtual([&]() -> eddy::Task<> {
    const auto pointer = co_await moves();
    CHECK(*pointer == 1);
    const auto plain = co_await no_default();
    CHECK(plain.number == 2);
    const auto text = co_await converts();
    CHECK(text == "text");
    const auto bytes = co_await array();
    CHECK(bytes[4999] == 'z');
  });
}

EDDY_LOOP_TEST_CASE("an over-aligned result is kept where it is aligned", "[task][c36]") {
  // It is never an object in a coroutine's frame here: compilers before g++ 13, say, would misalign that one.
  const auto aligned = [](int n) -> eddy::Task<Aligned> { co_return n; };
  const Aligned from_run = eddy::run(aligned(3));
  CHECK(from_run.number == 3);
  CHECK(reinterpret_cast<std::uintptr_t>(&from_run) % alignof(Aligned) == 0);
  test::run_virtual([&]() -> eddy::Task<> {
    const auto handle = eddy::create_task(aligned(4));
    const Aligned& result = co_await handle;
    CHECK(result.number == 4);
    CHECK(reinterpret_cast<std::uintptr_t>(&result) % alignof(Aligned) == 0);
  });
}

EDDY_LOOP_TEST_CASE("a result whose move throws reaches the awaiter as that exception, and nothing leaks",
                    "[task][c36]") {
  static bool armed = false;
  const auto body = [](test::Tracked) -> eddy::Task<ThrowingMove> { co_return ThrowingMove(&armed); };
  armed = false;
  test::run_virtual([&]() -> eddy::Task<> {
    const auto fine = co_await body(test::Tracked());
    CHECK(fine.throws == &armed);
    armed = true;
    eddy::Task<ThrowingMove> task = body(test::Tracked());
    const std::string error = co_await error_of(task);
    CHECK(error == "moved badly");
    CHECK(test::Tracked::alive == 0);
  });
}

EDDY_LOOP_TEST_CASE("a local whose destructor throws after co_return replaces the value by its exception", "[task]") {
  struct Throws {
    ~Throws() noexcept(false) { throw std::runtime_error("late"); }
  };
  const auto body = [](test::Tracked) -> eddy::Task<std::shared_ptr<test::Tracked>> {
    auto made = std::make_shared<test::Tracked>();
    const Throws local;
    co_return std::move(made);
  };
  test::run_virtual([&]() -> eddy::Task<> {
    auto task = body(test::Tracked());
    const std::string error = co_await error_of(task);
    CHECK(error == "late");
    CHECK(test::Tracked::alive == 0);
  });
}

EDDY_LOOP_TEST_CASE("locals and parameters are destroyed once, as soon as the awaited Task has ended", "[task][c46]") {
  const auto body = [](test::Tracked parameter, bool fails) -> eddy::Task<test::Tracked> {
    const test::Tracked local;
    co_await eddy::sleep(1s);
    if (fails) throw std::runtime_error("failed");
    co_return parameter;
  };
  test::run_virtual([&]() -> eddy::Task<> {
    {
      const test::Tracked result = co_await body(test::Tracked(), false);
      CHECK(test::Tracked::alive == 1);
    }
    CHECK(test::Tracked::alive == 0);
    eddy::Task<test::Tracked> task = body(test::Tracked(), true);
    const std::string error = co_await error_of(task);
    CHECK(error == "failed");
    CHECK(test::Tracked::alive == 0);
  });
}

EDDY_LOOP_TEST_CASE("a chain of a hundred and more awaits runs each link exactly once", "[task][c41]") {
  int entered = 0;
  int left = 0;
  struct Chain {
    static eddy::Task<int> link(int depth, int& in, int& out) {
      ++in;
      if (depth == 0) {
        co_await eddy::yield();
        ++out;
        co_return 0;
      }
      const int below = co_await link(depth - 1, in, out);
      ++out;
      co_return below + 1;
    }
  };
  const int depth = test::run_virtual([&]() { return Chain::link(150, entered, left); });
  CHECK(depth == 150);
  CHECK(entered == 151);
  CHECK(left == 151);
}

EDDY_LOOP_TEST_CASE("a hundred thousand Tasks that complete at once run in one turn", "[task][c40][order]") {
  int turns = 0;
  test::run_virtual([&]() -> eddy::Task<> {
    eddy::get_running_loop().call_soon([&] { ++turns; });
    long sum = 0;
    for (int i = 0; i < 100'000; ++i) {
      const int one = co_await number(1);
      sum += one;
    }
    CHECK(sum == 100'000);
    CHECK(turns == 0);
    co_await eddy::yield();
    CHECK(turns == 1);
  });
}

EDDY_LOOP_TEST_CASE("an await that completes at once lets nothing else run, one that blocks does", "[task][c57]") {
  Log log;
  test::run_virtual([&]() -> eddy::Task<> {
    auto other = eddy::create_task(append(log, "other"));
    co_await append(log, "task");
    const int n = co_await number(1);
    log.push_back(std::to_string(n));
    co_await other;
    co_await other;  // done by now
    log.push_back("after");
  });
  CHECK(log == Log{"task", "1", "other", "after"});
}

EDDY_LOOP_TEST_CASE("temporaries in an expression with several awaits live to its end, in the right order", "[task]") {
  Log log;
  const auto later = [&](const std::string& text) -> eddy::Task<std::string> {
    co_await eddy::sleep(1s);
    log.push_back(text);
    co_return text;
  };
  test::run_virtual([&]() -> eddy::Task<> {
    const std::string a = "a rather long string, so that it is allocated: a";
    const std::string joined = co_await later(a + "1") + co_await later(a + "2");
    CHECK(joined == a + "1" + a + "2");
  });
  CHECK(log.size() == 2);
}

EDDY_LOOP_TEST_CASE("member functions can be tasks, and refer to their object", "[task]") {
  struct Counter {
    eddy::Task<int> increment(int by) {
      co_await eddy::yield();
      value += by;
      co_return value;
    }
    int value = 1;
  };
  test::run_virtual([]() -> eddy::Task<> {
    Counter counter;
    const int result = co_await counter.increment(4);
    CHECK(result == 5);
  });
}

EDDY_TEST_CASE("an exception may be caught, and awaited in its place", "[task]") {
  std::string text;
  for (int attempt = 0; attempt < 3; ++attempt) {
    try {
      const int never = co_await failing("failed");
      text += std::to_string(never);
    } catch (const std::runtime_error& e) {
      text += e.what();
    }
    co_await eddy::sleep(1s);
  }
  CHECK(text == "failedfailedfailed");
}

TEST_CASE("a Task is movable only and lazily started by exactly the names that say so", "[task]") {
  STATIC_REQUIRE_FALSE(std::is_copy_constructible_v<eddy::Task<int>>);
  STATIC_REQUIRE(std::is_nothrow_move_constructible_v<eddy::Task<int>>);
  STATIC_REQUIRE(std::is_nothrow_move_assignable_v<eddy::Task<int>>);
  STATIC_REQUIRE(std::is_nothrow_default_constructible_v<eddy::Task<int>>);
  STATIC_REQUIRE(eddy::Awaitable<eddy::Task<int>>);
  STATIC_REQUIRE_FALSE(eddy::Awaitable<int>);
}
