// Tests of eddy/base/callback.hpp.
// SPDX-License-Identifier: MIT
#include <eddy/base/callback.hpp>

#include "support/catch.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <type_traits>

using eddy::Callback;

namespace {

// Counts its objects; made large, over-aligned or throwing on move by its parameters, to reach both kinds of storage.
template <std::size_t Size, std::size_t Alignment, bool NothrowMove>
struct alignas(Alignment) Counter {
  explicit Counter(int* count) : alive(count) { ++*alive; }
  Counter(const Counter& other) : alive(other.alive) { ++*alive; }
  Counter(Counter&& other) noexcept(NothrowMove) : alive(other.alive) { ++*alive; }
  Counter& operator=(const Counter&) = delete;
  ~Counter() { --*alive; }
  bool operator()() const { return reinterpret_cast<std::uintptr_t>(this) % Alignment == 0; }
  int* alive;
  std::array<char, Size> padding{};
};

template <class C>
void check_lifetime() {
  int alive = 0;
  {
    Callback<bool()> callback{C(&alive)};
    CHECK(alive == 1);
    CHECK(callback());
    Callback<bool()> moved(std::move(callback));
    CHECK_FALSE(callback);
    CHECK(alive == 1);
    CHECK(moved());
    Callback<bool()> other{C(&alive)};
    CHECK(alive == 2);
    other = std::move(moved);
    CHECK(alive == 1);
    CHECK(other());
    Callback<bool()>& same = other;
    other = std::move(same);
    CHECK(alive == 1);
    CHECK(other());
    other.reset();
    CHECK(alive == 0);
    CHECK_FALSE(other);
    other.reset();
    other = Callback<bool()>(C(&alive));
    CHECK(alive == 1);
  }
  CHECK(alive == 0);
}

int twice(int n) { return 2 * n; }

}  // namespace

TEST_CASE("a callback keeps, moves and destroys its callable exactly once, in place or apart", "[base]") {
  check_lifetime<Counter<1, alignof(void*), true>>();
  check_lifetime<Counter<200, alignof(void*), true>>();
  check_lifetime<Counter<1, 64, true>>();
  check_lifetime<Counter<1, alignof(void*), false>>();
}

TEST_CASE("a callback passes its arguments on and gives the result back", "[base]") {
  Callback<int(int)> function(twice);
  CHECK(function(21) == 42);
  Callback<std::string(std::unique_ptr<std::string>)> takes_moved(
      [](std::unique_ptr<std::string> s) { return *s + "!"; });
  CHECK(takes_moved(std::make_unique<std::string>("hey")) == "hey!");
  int number = 1;
  Callback<int&(int&)> reference([](int& n) -> int& { return n; });
  CHECK(&reference(number) == &number);
  Callback<void(int)> discards([&](int n) { return number = n; });
  discards(7);
  CHECK(number == 7);
}

TEST_CASE("a callback takes callables that can only be moved, and those that change when called", "[base]") {
  Callback<int()> counter([value = std::make_unique<int>(0)] { return ++*value; });
  CHECK(counter() == 1);
  CHECK(counter() == 2);
  Callback<int()> changes([n = 10]() mutable { return ++n; });
  CHECK(changes() == 11);
  CHECK(changes() == 12);
}

TEST_CASE("an empty callback says so", "[base]") {
  Callback<void()> empty;
  CHECK_FALSE(empty);
  Callback<void()> null(nullptr);
  CHECK_FALSE(null);
  Callback<void()> full([] {});
  CHECK(full);
  full = nullptr;
  CHECK_FALSE(full);
}

TEST_CASE("a callback is movable only, and takes what can be called with its arguments only", "[base]") {
  using C = Callback<void(int)>;
  STATIC_REQUIRE_FALSE(std::is_copy_constructible_v<C>);
  STATIC_REQUIRE(std::is_nothrow_move_constructible_v<C>);
  STATIC_REQUIRE(std::is_constructible_v<C, void (*)(int)>);
  STATIC_REQUIRE_FALSE(std::is_constructible_v<C, void (*)()>);
  STATIC_REQUIRE_FALSE(std::is_constructible_v<Callback<int()>, void (*)()>);
}

TEST_CASE("what a callback throws reaches its caller", "[base]") {
  Callback<void()> throws([] { throw std::string("thrown"); });
  CHECK_THROWS_AS(throws(), std::string);
  CHECK(throws);
}
