// Asynchronous generators: one, and a pipeline of three stages (source, transform, consumer).
//
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

#include <utility>

#include "bare.hpp"
#include "bench.hpp"

namespace {

using bench::Load;

namespace ours {

eddy::AsyncGenerator<long> count_to(std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) co_yield static_cast<long>(i);
}

eddy::AsyncGenerator<long> increase(eddy::AsyncGenerator<long> source) {
  while (auto item = co_await source.next()) co_yield *item + 1;
}

eddy::Task<> consume(eddy::AsyncGenerator<long> source) {
  long sum = 0;
  while (auto item = co_await source.next()) sum += *item;
  bench::keep(sum);
}

}  // namespace ours

namespace by_hand {

using bench::bare::Job;

class Generator {
 public:
  struct promise_type : bench::bare::Pooled {
    std::coroutine_handle<> consumer;
    const long* value = nullptr;

    Generator get_return_object() noexcept { return Generator(std::coroutine_handle<promise_type>::from_promise(*this)); }
    std::suspend_always initial_suspend() const noexcept { return {}; }
    struct Back {
      bool await_ready() const noexcept { return false; }
      std::coroutine_handle<> await_suspend(std::coroutine_handle<promise_type> self) const noexcept {
        return self.promise().consumer;
      }
      void await_resume() const noexcept {}
    };
    Back yield_value(const long& item) noexcept {
      value = &item;
      return {};
    }
    Back final_suspend() noexcept {
      value = nullptr;
      return {};
    }
    void return_void() noexcept {}
    void unhandled_exception() noexcept { std::terminate(); }
  };

  struct Next {
    std::coroutine_handle<promise_type> generator;
    bool await_ready() const noexcept { return false; }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<> consumer) const noexcept {
      generator.promise().consumer = consumer;
      return generator;
    }
    const long* await_resume() const noexcept { return generator.promise().value; }
  };

  explicit Generator(std::coroutine_handle<promise_type> handle) noexcept : handle_(handle) {}
  Generator(Generator&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Generator& operator=(const Generator&) = delete;
  ~Generator() {
    if (handle_) handle_.destroy();
  }
  Next next() const noexcept { return {handle_}; }

 private:
  std::coroutine_handle<promise_type> handle_;
};

Generator count_to(std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) co_yield static_cast<long>(i);
}

Generator increase(Generator source) {
  while (const long* item = co_await source.next()) co_yield *item + 1;
}

Job consume(Generator source) {
  long sum = 0;
  while (const long* item = co_await source.next()) sum += *item;
  bench::keep(sum);
}

void run_all(Generator source) {
  spawn(consume(std::move(source)));
  bench::bare::run_ready();
}

}  // namespace by_hand

}  // namespace

void bench::add_generator_workloads(Workloads& all) {
  all.push_back({.name = "generator", .operation = "an item from a generator to its consumer", .operations = 10'000'000,
                 .run = [](const Load& load) { eddy::run(ours::consume(ours::count_to(load.operations))); },
                 .floor = [](const Load& load) { by_hand::run_all(by_hand::count_to(load.operations)); },
                 .known_floor = 3.1, .grows = false});
  all.push_back({.name = "pipeline", .operation = "an item through source, transform and consumer", .operations = 10'000'000,
                 .run = [](const Load& load) { eddy::run(ours::consume(ours::increase(ours::count_to(load.operations)))); },
                 .floor = [](const Load& load) { by_hand::run_all(by_hand::increase(by_hand::count_to(load.operations))); },
                 .known_floor = 5.8, .grows = false});
  all.push_back({.name = "pipeline_operators", .operation = "the same with `| transform(…)`", .operations = 10'000'000,
                 .run =
                     [](const Load& load) {
                       const auto increase = [](long item) { return item + 1; };
                       eddy::run(ours::consume(ours::count_to(load.operations) | eddy::transform(increase)));
                     },
                 .floor = [](const Load& load) { by_hand::run_all(by_hand::increase(by_hand::count_to(load.operations))); },
                 .known_floor = 5.8, .grows = false});
}
