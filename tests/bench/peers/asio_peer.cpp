// Boost.Asio's awaitables at the benchmark's work.
//
// SPDX-License-Identifier: MIT
#include <boost/asio.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/experimental/channel.hpp>
#include <boost/asio/experimental/coro.hpp>
#include <boost/asio/experimental/use_coro.hpp>
#include <boost/version.hpp>

#include <chrono>
#include <list>
#include <memory>
#include <optional>

#include "peer.hpp"

namespace {

namespace asio = boost::asio;
using asio::awaitable;
using asio::use_awaitable;
using namespace std::chrono_literals;
using namespace asio::experimental::awaitable_operators;

template <class F>
void run(F main) {
  asio::io_context context(1);
  asio::co_spawn(context, main, asio::detached);
  context.run();
}

volatile long sink = 0;

awaitable<int> trivial(int value) { co_return value; }

void await_all(std::size_t operations, std::size_t) {
  run([operations]() -> awaitable<void> {
    long sum = 0;
    for (std::size_t i = 0; i < operations; ++i) sum += co_await trivial(static_cast<int>(i));
    sink = sum;
  });
}

awaitable<long> descend(std::size_t depth) {
  if (depth == 0) co_return 0;
  co_return 1 + co_await descend(depth - 1);
}

void await_deep(std::size_t operations, std::size_t width) {
  run([operations, width]() -> awaitable<void> {
    for (std::size_t i = 0; i < operations / width; ++i) sink = co_await descend(width);
  });
}

// Asio has no group: a counter and a channel that tells when it is zero.
template <class Child>
awaitable<void> spawn_and_join(std::size_t width, Child child) {
  auto executor = co_await asio::this_coro::executor;
  std::size_t left = width;
  asio::experimental::channel<void(boost::system::error_code)> all_ended(executor, 1);
  for (std::size_t i = 0; i < width; ++i) {
    asio::co_spawn(executor, child(i), [&](const std::exception_ptr&) {
      if (--left == 0) all_ended.try_send(boost::system::error_code());
    });
  }
  co_await all_ended.async_receive(use_awaitable);
}

awaitable<void> nothing() { co_return; }

void spawn_join(std::size_t operations, std::size_t width) {
  run([operations, width]() -> awaitable<void> {
    for (std::size_t i = 0; i < operations / width; ++i) co_await spawn_and_join(width, [](std::size_t) { return nothing(); });
  });
}

awaitable<void> yield_often(std::size_t turns) {
  auto executor = co_await asio::this_coro::executor;
  for (std::size_t i = 0; i < turns; ++i) co_await asio::post(executor, use_awaitable);
}

void yield_all(std::size_t operations, std::size_t width) {
  run([operations, width]() -> awaitable<void> {
    co_await spawn_and_join(width, [turns = operations / width](std::size_t) { return yield_often(turns); });
  });
}

awaitable<void> sleep_once(std::size_t i) {
  asio::steady_timer timer(co_await asio::this_coro::executor, std::chrono::nanoseconds(peer::delay_of(i)));
  co_await timer.async_wait(use_awaitable);
}

void sleep_all(std::size_t operations, std::size_t width) {
  run([operations, width]() -> awaitable<void> {
    for (std::size_t i = 0; i < operations / width; ++i) co_await spawn_and_join(width, [](std::size_t j) { return sleep_once(j); });
  });
}

awaitable<void> sleep_long() {
  asio::steady_timer timer(co_await asio::this_coro::executor, 24h);
  co_await timer.async_wait(use_awaitable);
}

void timeout_unfired(std::size_t operations, std::size_t) {
  run([operations]() -> awaitable<void> {
    asio::steady_timer timer(co_await asio::this_coro::executor);
    for (std::size_t i = 0; i < operations; ++i) {
      timer.expires_after(1h);
      co_await (trivial(1) || timer.async_wait(use_awaitable));
    }
  });
}

using Queue = asio::experimental::channel<void(boost::system::error_code, std::size_t)>;

awaitable<void> produce(Queue& queue, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) co_await queue.async_send(boost::system::error_code(), i, use_awaitable);
}
awaitable<void> consume(Queue& queue, std::size_t count) {
  std::size_t sum = 0;
  for (std::size_t i = 0; i < count; ++i) sum += co_await queue.async_receive(use_awaitable);
  sink = static_cast<long>(sum);
}

template <std::size_t Pairs>
void pass_on(std::size_t operations, std::size_t) {
  run([operations]() -> awaitable<void> {
    Queue queue(co_await asio::this_coro::executor, 64);
    co_await spawn_and_join(2 * Pairs, [&](std::size_t i) {
      return i < Pairs ? produce(queue, operations / Pairs) : consume(queue, operations / Pairs);
    });
  });
}

// A channel that holds the permits.
using Permits = asio::experimental::channel<void(boost::system::error_code)>;

awaitable<void> enter_often(Permits& permits, std::size_t turns) {
  auto executor = co_await asio::this_coro::executor;
  for (std::size_t i = 0; i < turns; ++i) {
    co_await permits.async_receive(use_awaitable);
    co_await asio::post(executor, use_awaitable);
    permits.try_send(boost::system::error_code());
  }
}

void semaphore(std::size_t operations, std::size_t width) {
  run([operations, width]() -> awaitable<void> {
    Permits permits(co_await asio::this_coro::executor, 10);
    for (int i = 0; i < 10; ++i) permits.try_send(boost::system::error_code());
    co_await spawn_and_join(width, [&](std::size_t) { return enter_often(permits, operations / width); });
  });
}

using Source = asio::experimental::coro<long>;

Source count_to(asio::io_context& context, std::size_t count) {
  (void)context;
  for (std::size_t i = 0; i < count; ++i) co_yield static_cast<long>(i);
}
Source increase(asio::io_context& context, Source source) {
  (void)context;
  while (auto item = co_await source) co_yield *item + 1;
}
asio::experimental::coro<void> take_all(asio::io_context& context, Source source) {
  (void)context;
  long sum = 0;
  while (auto item = co_await source) sum += *item;
  sink = sum;
}

void run_coro(asio::io_context& context, asio::experimental::coro<void> consumer) {
  consumer.async_resume([](const std::exception_ptr&) {});
  context.run();
}

void generator(std::size_t operations, std::size_t) {
  asio::io_context context(1);
  run_coro(context, take_all(context, count_to(context, operations)));
}
void pipeline(std::size_t operations, std::size_t) {
  asio::io_context context(1);
  run_coro(context, take_all(context, increase(context, count_to(context, operations))));
}

void cancel(std::size_t operations, std::size_t width) {
  run([operations, width]() -> awaitable<void> {
    auto executor = co_await asio::this_coro::executor;
    for (std::size_t i = 0; i < operations / width; ++i) {
      std::list<asio::cancellation_signal> signals(width);
      std::size_t left = width;
      asio::experimental::channel<void(boost::system::error_code)> all_ended(executor, 1);
      for (auto& signal : signals) {
        asio::co_spawn(executor, sleep_long(), asio::bind_cancellation_slot(signal.slot(), [&](const std::exception_ptr&) {
                         if (--left == 0) all_ended.try_send(boost::system::error_code());
                       }));
      }
      co_await asio::post(executor, use_awaitable);
      for (auto& signal : signals) signal.emit(asio::cancellation_type::terminal);
      co_await all_ended.async_receive(use_awaitable);
    }
  });
}

double memory(std::size_t width) {
  double bytes = 0;
  asio::io_context context(1);
  asio::co_spawn(
      context,
      [&]() -> awaitable<void> {
        auto executor = co_await asio::this_coro::executor;
        const double before = peer::resident_bytes();
        for (std::size_t i = 0; i < width; ++i) asio::co_spawn(executor, sleep_long(), asio::detached);
        co_await asio::post(executor, use_awaitable);
        bytes = (peer::resident_bytes() - before) / static_cast<double>(width);
        context.stop();
      },
      asio::detached);
  context.run();
  return bytes;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2 && std::strcmp(argv[1], "--version") == 0) {
    std::printf("Boost.Asio %s\n", BOOST_LIB_VERSION);
    return 0;
  }
  return peer::run_all(argc, argv,
                       {{"await", 5'000'000, 1, await_all},
                        {"await_deep", 2'000'000, 1000, await_deep},
                        {"spawn_join", 500'000, 1000, spawn_join},
                        {"yield", 2'000'000, 1000, yield_all},
                        {"sleep", 200'000, 100'000, sleep_all},
                        {"timeout_unfired", 200'000, 1, timeout_unfired},
                        {"queue_1_1", 1'000'000, 1, pass_on<1>},
                        {"queue_4_4", 1'000'000, 1, pass_on<4>},
                        {"semaphore", 500'000, 1000, semaphore},
                        {"generator", 2'000'000, 1, generator},
                        {"pipeline", 2'000'000, 1, pipeline},
                        {"cancel", 100'000, 1000, cancel},
                        {"memory", 0, 1'000'000, nullptr, memory}});
}
