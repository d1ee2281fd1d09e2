// Fixtures: what a test needs around it, as a generator that yields it once.
//
//     eddy::AsyncGenerator<Client> async_client() {
//       Client client;
//       co_await client.connect();   // set-up
//       co_yield std::move(client);
//       co_await disconnect();       // tear-down
//     }
//
//     EDDY_TEST_CASE("…") {
//       Client& client = co_await eddy::testing::use(async_client());
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/error.hpp>
#include <eddy/flow/async_generator.hpp>
#include <eddy/task/task.hpp>
#include <eddy/testing/allocations.hpp>

#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>
#include <type_traits>
#include <utility>
#include <vector>

namespace eddy::inline EDDY_ABI::testing {

/// A test did wrong what is not an exception of its own: it left tasks, timers, frames or descriptors behind, used a fixture
/// wrongly, or an exception reached nobody but the exception handler. Thrown by `run_test` when the body has ended; let it fail
/// the test.
class TestFailure : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

namespace detail {

struct FixtureBase {
  FixtureBase() = default;
  FixtureBase(const FixtureBase&) = delete;
  FixtureBase& operator=(const FixtureBase&) = delete;
  virtual ~FixtureBase() = default;
  virtual Task<> tear_down() = 0;
};

template <class T>
struct Fixture final : FixtureBase {
  explicit Fixture(AsyncGenerator<T> generator) : source(std::move(generator)) {}
  Task<> tear_down() override {
    const auto more = co_await source.next();
    if (more) throw TestFailure("eddy: a fixture yielded a second time; it yields once, between set-up and tear-down");
  }
  AsyncGenerator<T> source;
  std::optional<std::conditional_t<std::is_reference_v<T>, std::remove_reference_t<T>*, T>> value;
};

// The fixtures of the test that runs in this thread, in the order in which their set-ups were completed.
class FixtureStack {
 public:
  FixtureStack() : outer_(std::exchange(current(), this)) {}
  FixtureStack(const FixtureStack&) = delete;
  FixtureStack& operator=(const FixtureStack&) = delete;
  ~FixtureStack() { current() = outer_; }

  EDDY_NOINLINE static FixtureStack*& current() noexcept {
    static thread_local FixtureStack* stack = nullptr;
    return stack;
  }
  [[nodiscard]] bool empty() const noexcept { return fixtures_.empty(); }
  // The kit's own part never fails in a sweep: what was set up is torn down.
  void push(std::unique_ptr<FixtureBase> fixture) {
    const AllocationsSucceed pause;
    fixtures_.push_back(std::move(fixture));
  }
  // Last come, first torn down; all are, and then the first error is thrown.
  Task<> tear_down() {
    std::exception_ptr error;
    while (!fixtures_.empty()) {
      const std::unique_ptr<FixtureBase> fixture = std::move(fixtures_.back());
      fixtures_.pop_back();
      try {
        co_await begin_tear_down(*fixture);
      } catch (...) {
        if (!error) error = std::current_exception();
      }
    }
    if (error) std::rethrow_exception(error);
  }

 private:
  static Task<> begin_tear_down(FixtureBase& fixture) {
    const AllocationsSucceed pause;
    return fixture.tear_down();
  }

  FixtureStack* outer_;
  std::vector<std::unique_ptr<FixtureBase>> fixtures_;
};

}  // namespace detail

/// Sets a fixture up and gives what it yields, for the rest of the test. When the test ends, whichever way, the fixture goes
/// on behind its `co_yield`, masked from cancellation, in the reverse order of the set-ups. A fixture may use others.
///
/// Errors: what the set-up throws; TestFailure outside of a test and for a fixture that yields nothing. What a tear-down
/// throws fails the test; the others are torn down all the same. Cancellation: a set-up that is cut short has no
/// tear-down, so what it holds must be released by destructors. Source: pytest's fixtures with `yield`.
template <class T>
Task<std::remove_reference_t<T>&> use(AsyncGenerator<T> fixture) {
  detail::FixtureStack* stack = detail::FixtureStack::current();
  if (stack == nullptr) throw TestFailure("eddy: use() is called inside of a test: no test runs in this thread");
  auto made = std::make_unique<detail::Fixture<T>>(std::move(fixture));
  auto first = co_await made->source.next();
  if (!first) throw TestFailure("eddy: a fixture ended without a co_yield; it yields once, between set-up and tear-down");
  if constexpr (std::is_reference_v<T>) {
    made->value.emplace(first);
  } else {
    made->value.emplace(std::move(*first));
  }
  auto& value = *made->value;
  stack->push(std::move(made));
  if constexpr (std::is_reference_v<T>) {
    co_return *value;
  } else {
    co_return value;
  }
}

}  // namespace eddy::inline EDDY_ABI::testing
