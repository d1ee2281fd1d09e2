// Combinators: what they cost beyond the tasks that they run.
//
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>
#include <eddy/testing/virtual_clock.hpp>

#include <chrono>
#include <vector>

#include "bench.hpp"

namespace {

using bench::Load;
using namespace std::chrono_literals;

eddy::Task<int> trivial(int value) { co_return value; }

eddy::Task<int> one_turn(int value) {
  co_await eddy::yield();
  co_return value;
}

eddy::Task<int> sleep_for_ever() {
  co_await eddy::sleep(1h);
  co_return 0;
}

eddy::Task<> sleep_shortly() { co_await eddy::sleep(1us); }

eddy::Task<> gather_sleepers(std::size_t width, std::size_t rounds) {
  for (std::size_t i = 0; i < rounds; ++i) {
    std::vector<eddy::Task<>> tasks;
    tasks.reserve(width);
    for (std::size_t j = 0; j < width; ++j) tasks.push_back(sleep_shortly());
    co_await eddy::gather(std::move(tasks));
  }
}

void run_gather_sleepers(const Load& load) {
  eddy::testing::VirtualClock clock;
  eddy::RunOptions options;
  if (load.counted) options.clock = &clock;
  eddy::run(gather_sleepers(load.width, load.rounds()), options);
}

eddy::Task<> gather_pairs(std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    auto both = co_await eddy::gather(trivial(1), trivial(2));
    bench::keep(both);
  }
}

eddy::Task<> map_concurrently(std::size_t width, std::size_t rounds) {
  std::vector<int> items(width, 1);
  for (std::size_t i = 0; i < rounds; ++i) {
    auto results = co_await eddy::concurrent_map(items, one_turn, eddy::MapOptions{.limit = 10});
    bench::keep(results);
  }
}

eddy::Task<> retry_often(std::size_t count) {
  long sum = 0;
  for (std::size_t i = 0; i < count; ++i) sum += co_await eddy::retry(eddy::RetryPolicy{}, trivial, 1);
  bench::keep(sum);
}

eddy::Task<> take_as_completed(std::size_t width, std::size_t rounds) {
  for (std::size_t i = 0; i < rounds; ++i) {
    std::vector<eddy::TaskHandle<int>> handles;
    handles.reserve(width);
    for (std::size_t j = 0; j < width; ++j) handles.push_back(eddy::create_task(one_turn(1)));
    auto order = eddy::as_completed(handles);
    long sum = 0;
    while (auto handle = co_await order.next()) sum += handle->result();
    bench::keep(sum);
  }
}

eddy::Task<> race_often(std::size_t count) {
  long sum = 0;
  for (std::size_t i = 0; i < count; ++i) sum += co_await eddy::race(sleep_for_ever(), one_turn(1));
  bench::keep(sum);
}

eddy::Task<> shield_often(std::size_t count) {
  long sum = 0;
  for (std::size_t i = 0; i < count; ++i) sum += co_await eddy::shield(eddy::create_task(trivial(1)));
  bench::keep(sum);
}

eddy::Task<> await_created(std::size_t count) {
  long sum = 0;
  for (std::size_t i = 0; i < count; ++i) sum += co_await eddy::create_task(trivial(1));
  bench::keep(sum);
}

}  // namespace

void bench::add_combinator_workloads(Workloads& all) {
  all.push_back({.name = "gather_pair", .operation = "gather of two tasks that end at once", .operations = 2'000'000,
                 .run = [](const Load& load) { eddy::run(gather_pairs(load.operations)); }, .grows = false});
  all.push_back({.name = "gather_sleepers", .operation = "one of a thousand children of gather that sleep",
                 .operations = 500'000, .width = 1000, .run = run_gather_sleepers});
  all.push_back({.name = "concurrent_map", .operation = "an element, ten at a time, a turn for each", .operations = 2'000'000,
                 .width = 1000, .run = [](const Load& load) { eddy::run(map_concurrently(load.width, load.rounds())); }});
  all.push_back({.name = "retry", .operation = "a retry whose first attempt succeeds", .operations = 3'000'000,
                 .run = [](const Load& load) { eddy::run(retry_often(load.operations)); }, .grows = false});
  all.push_back({.name = "as_completed", .operation = "one of a thousand handles, with its task", .operations = 1'000'000,
                 .width = 1000, .run = [](const Load& load) { eddy::run(take_as_completed(load.width, load.rounds())); }});
  all.push_back({.name = "race", .operation = "a race of a task of one turn against a sleeper", .operations = 1'000'000,
                 .run = [](const Load& load) { eddy::run(race_often(load.operations)); }, .grows = false});
  all.push_back({.name = "create_await", .operation = "a task that is created and awaited alone", .operations = 3'000'000,
                 .run = [](const Load& load) { eddy::run(await_created(load.operations)); }, .grows = false});
  all.push_back({.name = "shield", .operation = "a shield around a task that is created for it", .operations = 3'000'000,
                 .run = [](const Load& load) { eddy::run(shield_often(load.operations)); }, .grows = false});
}
