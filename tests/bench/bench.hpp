// The benchmark's frame: what a workload is, and where the files that hold them are listed.
//
// A workload does a number of operations with this library and, where there is one, the same with a hand-written floor:
// bare coroutines and loops without a library's bookkeeping (bare.hpp). Both run in the same process, one after the other,
// so their ratio says something on any machine.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace bench {

// How much a workload has to do.
struct Load {
  std::size_t operations;
  std::size_t width;   // tasks at the same time, depth of the chain, size of a batch: what the workload grows by
  bool counted;        // instructions are being counted: nothing may depend on real time

  [[nodiscard]] std::size_t rounds() const noexcept { return operations < width ? 1 : operations / width; }
};

struct Workload {
  std::string_view name;
  std::string_view operation;  // what one operation is
  std::size_t operations;      // of one timed run
  std::size_t width = 1;
  void (*run)(const Load&) = nullptr;
  void (*floor)(const Load&) = nullptr;
  double known_floor = 0;      // ns (bytes for `memory`) that the floor takes on the quiet reference machine; 0: not known
  std::size_t counted = 100'000;  // operations of the smaller of the two runs in which instructions are counted
  bool grows = true;           // its width can be anything up to a million
  double (*bytes)(const Load&) = nullptr;  // resident bytes a task
  double (*floor_bytes)(const Load&) = nullptr;
};

using Workloads = std::vector<Workload>;

// One function for each file of workloads.
void add_await_workloads(Workloads& all);
void add_spawn_workloads(Workloads& all);
void add_turn_workloads(Workloads& all);
void add_timer_workloads(Workloads& all);
void add_queue_workloads(Workloads& all);
void add_generator_workloads(Workloads& all);
void add_cancel_workloads(Workloads& all);
void add_memory_workloads(Workloads& all);
void add_combinator_workloads(Workloads& all);
void add_exception_workloads(Workloads& all);
void add_thread_workloads(Workloads& all);

// Prints how late a timer and a descriptor are served while a thousand tasks yield for ever (fairness.cpp). False if that
// is later than promised.
bool report_fairness(bool json);

// How often `operator new` was called in this thread (allocations.cpp).
std::uint64_t allocations() noexcept;

// Makes the optimiser believe that `value` is used.
template <class T>
inline void keep(const T& value) noexcept {
  asm volatile("" : : "r,m"(value) : "memory");
}

}  // namespace bench
