// Threads: a round trip through to_thread, and callbacks that another thread posts.
//
// The time is the whole process's, both threads. Instructions are not counted: they depend on who sleeps when.
//
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>
#include <eddy/threads.hpp>

#include <thread>

#include "bench.hpp"

namespace {

using bench::Load;

int answer() { return 42; }

eddy::Task<> go_and_return(std::size_t count) {
  long sum = 0;
  for (std::size_t i = 0; i < count; ++i) sum += co_await eddy::to_thread(answer);
  bench::keep(sum);
}

eddy::Task<> be_called(std::size_t count) {
  eddy::EventLoop& loop = eddy::get_running_loop();
  eddy::Event all_came;
  std::size_t came = 0;
  std::thread poster([&] {
    for (std::size_t i = 0; i < count; ++i) {
      loop.call_soon_threadsafe([&] {
        if (++came == count) all_came.set();
      });
    }
  });
  co_await all_came.wait();
  poster.join();
}

}  // namespace

void bench::add_thread_workloads(Workloads& all) {
  all.push_back({.name = "to_thread", .operation = "a round trip through the loop's thread pool", .operations = 50'000,
                 .run = [](const Load& load) { eddy::run(go_and_return(load.operations)); }, .counted = 0, .grows = false});
  all.push_back({.name = "call_soon_threadsafe", .operation = "a callback posted by another thread", .operations = 500'000,
                 .run = [](const Load& load) { eddy::run(be_called(load.operations)); }, .counted = 0, .grows = false});
}
