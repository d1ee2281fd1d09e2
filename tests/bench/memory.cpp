// Memory: what a million sleeping tasks keep resident, measured in a process of its own.
//
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "bare.hpp"
#include "bench.hpp"

namespace {

using bench::Load;
using namespace std::chrono_literals;

double resident_bytes() {
  std::FILE* file = std::fopen("/proc/self/statm", "r");
  unsigned long pages = 0;
  if (file == nullptr || std::fscanf(file, "%*u %lu", &pages) != 1) std::abort();
  std::fclose(file);
  return static_cast<double>(pages) * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

// Calls `work` in a child process and gives what it returns.
template <class F>
double in_child(F work) {
  int ends[2];
  if (::pipe(ends) != 0) std::abort();
  const pid_t child = ::fork();
  if (child < 0) std::abort();
  if (child == 0) {
    const double result = work();
    const bool written = ::write(ends[1], &result, sizeof result) == sizeof result;
    ::_exit(written ? 0 : 1);
  }
  ::close(ends[1]);
  double result = 0;
  if (::read(ends[0], &result, sizeof result) != sizeof result) std::abort();
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  return result;
}

namespace ours {

eddy::Task<> sleeper() { co_await eddy::sleep(24h); }

eddy::Task<double> sleepers(std::size_t count) {
  const double before = resident_bytes();
  for (std::size_t i = 0; i < count; ++i) (void)eddy::create_task(sleeper());
  co_await eddy::yield();
  co_return (resident_bytes() - before) / static_cast<double>(count);
}

double bytes(const Load& load) {
  return in_child([&load] { return eddy::run(sleepers(load.width)); });
}

}  // namespace ours

namespace by_hand {

bench::bare::Job sleeper() { co_await bench::bare::Sleep(24'000'000'000'000); }

double bytes(const Load& load) {
  return in_child([&load] {
    const double before = resident_bytes();
    for (std::size_t i = 0; i < load.width; ++i) spawn(sleeper());
    bench::bare::run_ready();
    return (resident_bytes() - before) / static_cast<double>(load.width);
  });
}

}  // namespace by_hand

}  // namespace

void bench::add_memory_workloads(Workloads& all) {
  all.push_back({.name = "memory", .operation = "a sleeping task, with a million of them", .operations = 1'000'000,
                 .width = 1'000'000, .known_floor = 112, .counted = 0, .bytes = ours::bytes, .floor_bytes = by_hand::bytes});
}
