// Spawning and joining tasks in batches: as a group, with handles, in a task_group.
//
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

#include <vector>

#include "bare.hpp"
#include "bench.hpp"

namespace {

using bench::Load;

std::size_t ended = 0;

namespace ours {

eddy::Task<> child() {
  ++ended;
  co_return;
}

eddy::Task<> with_gather(std::size_t width, std::size_t rounds) {
  for (std::size_t i = 0; i < rounds; ++i) {
    std::vector<eddy::Task<>> children;
    children.reserve(width);
    for (std::size_t j = 0; j < width; ++j) children.push_back(child());
    co_await eddy::gather(std::move(children));
  }
}

eddy::Task<> with_handles(std::size_t width, std::size_t rounds) {
  std::vector<eddy::TaskHandle<>> handles;
  handles.reserve(width);
  for (std::size_t i = 0; i < rounds; ++i) {
    for (std::size_t j = 0; j < width; ++j) handles.push_back(eddy::create_task(child()));
    for (auto& handle : handles) co_await handle;
    handles.clear();
  }
}

eddy::Task<> spawn_into(eddy::TaskGroup& group, std::size_t width) {
  for (std::size_t j = 0; j < width; ++j) group.create_task(child());
  co_return;
}

eddy::Task<> with_task_group(std::size_t width, std::size_t rounds) {
  for (std::size_t i = 0; i < rounds; ++i) co_await eddy::task_group(spawn_into, width);
}

}  // namespace ours

namespace by_hand {

using bench::bare::Job;

Job child(std::size_t& left) {
  ++ended;
  --left;
  co_return;
}

void spawn_all(const Load& load) {
  for (std::size_t i = 0; i < load.rounds(); ++i) {
    std::size_t left = load.width;
    for (std::size_t j = 0; j < load.width; ++j) spawn(child(left));
    bench::bare::run_ready();
    bench::keep(left);
  }
}

}  // namespace by_hand

}  // namespace

void bench::add_spawn_workloads(Workloads& all) {
  all.push_back({.name = "spawn_join", .operation = "a task of a batch that gather starts and waits for", .operations = 4'000'000,
                 .width = 1000, .run = [](const Load& load) { eddy::run(ours::with_gather(load.width, load.rounds())); },
                 .floor = by_hand::spawn_all, .known_floor = 4.6});
  all.push_back({.name = "spawn_handles", .operation = "a task that is created and awaited by its handle", .operations = 4'000'000,
                 .width = 1000, .run = [](const Load& load) { eddy::run(ours::with_handles(load.width, load.rounds())); },
                 .floor = by_hand::spawn_all, .known_floor = 4.6});
  all.push_back({.name = "task_group", .operation = "a task that is created in a task_group", .operations = 4'000'000,
                 .width = 1000, .run = [](const Load& load) { eddy::run(ours::with_task_group(load.width, load.rounds())); },
                 .floor = by_hand::spawn_all, .known_floor = 4.6});
}
