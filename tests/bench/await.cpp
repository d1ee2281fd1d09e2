// Awaiting: a trivial task, a chain of a thousand.
//
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

#include "bare.hpp"
#include "bench.hpp"

namespace {

using bench::Load;

namespace ours {

eddy::Task<int> trivial(int value) { co_return value; }

eddy::Task<> await_all(std::size_t count) {
  long sum = 0;
  for (std::size_t i = 0; i < count; ++i) sum += co_await trivial(static_cast<int>(i));
  bench::keep(sum);
}

eddy::Task<long> descend(std::size_t depth) {
  if (depth == 0) co_return 0;
  co_return 1 + co_await descend(depth - 1);
}

eddy::Task<> descend_all(std::size_t depth, std::size_t rounds) {
  for (std::size_t i = 0; i < rounds; ++i) {
    const long reached = co_await descend(depth);
    bench::keep(reached);
  }
}

}  // namespace ours

namespace by_hand {

using bench::bare::Job;
using bench::bare::Task;

Task<int> trivial(int value) { co_return value; }

Job await_all(std::size_t count) {
  long sum = 0;
  for (std::size_t i = 0; i < count; ++i) sum += co_await trivial(static_cast<int>(i));
  bench::keep(sum);
}

Task<long> descend(std::size_t depth) {
  if (depth == 0) co_return 0;
  co_return 1 + co_await descend(depth - 1);
}

Job descend_all(std::size_t depth, std::size_t rounds) {
  for (std::size_t i = 0; i < rounds; ++i) {
    const long reached = co_await descend(depth);
    bench::keep(reached);
  }
}

}  // namespace by_hand

void run_job(bench::bare::Job job) {
  bench::bare::spawn(job);
  bench::bare::run_ready();
}

}  // namespace

void bench::add_await_workloads(Workloads& all) {
  all.push_back({.name = "await", .operation = "co_await a Task<int> that ends at once", .operations = 10'000'000,
                 .run = [](const Load& load) { eddy::run(ours::await_all(load.operations)); },
                 .floor = [](const Load& load) { run_job(by_hand::await_all(load.operations)); },
                 .known_floor = 6.8, .grows = false});
  all.push_back({.name = "await_deep", .operation = "one level of a chain of awaits", .operations = 5'000'000, .width = 1000,
                 .run = [](const Load& load) { eddy::run(ours::descend_all(load.width, load.rounds())); },
                 .floor = [](const Load& load) { run_job(by_hand::descend_all(load.width, load.rounds())); },
                 .known_floor = 11.6});
}
