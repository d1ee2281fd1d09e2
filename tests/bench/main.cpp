// The benchmark: runs workloads and their floors, and prints time, allocations and memory for each.
//
//   bench [--filter TEXT] [--repeat N] [--json] [--scale X]   time for an operation, medians of N runs
//         [--width N]                                         with so many tasks at a time, in place of the workload's own
//   bench --list [--json]                                     the workloads
//   bench --growth [--filter TEXT] [--json]                   the time for an operation at 10^3 … 10^6 tasks or items
//   bench --fairness [--json]                                 how late others are served while a thousand tasks yield
//   bench --one NAME --size N [--floor]                       N operations, once and silently: for valgrind
//
// Times are CPU time of the process. A ratio is the median over pairs of runs, one of ours and one of the floor.
//
// SPDX-License-Identifier: MIT
#include <fmt/core.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "bench.hpp"

namespace {

using bench::Load;
using bench::Workload;

constexpr double kBadFloor = 1.25;  // a floor slower than this many times what it should take says nothing
constexpr double kGrowth = 1.5;     // what an operation may cost more when there is a thousand times as much
constexpr double kHopeless = 8;     // beyond that larger sizes are not tried

struct Options {
  bool list = false;
  bool growth = false;
  bool fairness = false;
  bool json = false;
  bool floor = false;
  std::string filter;
  std::string one;
  std::size_t size = 0;
  std::size_t width = 0;
  int repeat = 5;
  double scale = 1;
};

Options parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string_view flag = argv[i];
    const auto value = [&]() -> const char* {
      if (++i == argc) throw std::invalid_argument(fmt::format("{} needs a value", flag));
      return argv[i];
    };
    if (flag == "--list") {
      options.list = true;
    } else if (flag == "--growth") {
      options.growth = true;
    } else if (flag == "--fairness") {
      options.fairness = true;
    } else if (flag == "--json") {
      options.json = true;
    } else if (flag == "--floor") {
      options.floor = true;
    } else if (flag == "--filter") {
      options.filter = value();
    } else if (flag == "--one") {
      options.one = value();
    } else if (flag == "--size") {
      options.size = std::stoul(value());
    } else if (flag == "--width") {
      options.width = std::stoul(value());
    } else if (flag == "--repeat") {
      options.repeat = std::max(1, std::stoi(value()));
    } else if (flag == "--scale") {
      options.scale = std::stod(value());
    } else {
      throw std::invalid_argument(fmt::format("unknown option {}; see the top of tests/bench/main.cpp", flag));
    }
  }
  return options;
}

bench::Workloads all_workloads() {
  bench::Workloads all;
  bench::add_memory_workloads(all);  // first: memory that others have left behind would not be counted
  bench::add_await_workloads(all);
  bench::add_spawn_workloads(all);
  bench::add_turn_workloads(all);
  bench::add_timer_workloads(all);
  bench::add_queue_workloads(all);
  bench::add_generator_workloads(all);
  bench::add_cancel_workloads(all);
  bench::add_combinator_workloads(all);
  bench::add_exception_workloads(all);
  bench::add_thread_workloads(all);
  return all;
}

double cpu_nanoseconds() {
  std::timespec time{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_nsec);
}

double time_of(void (*work)(const Load&), const Load& load) {
  const double begin = cpu_nanoseconds();
  work(load);
  const auto done = static_cast<double>(std::max(load.operations / load.width * load.width, load.width));
  return (cpu_nanoseconds() - begin) / done;
}

// Allocations an operation in steady state: the difference of a run and one of half its size, both on warm pools.
double allocations_of(void (*work)(const Load&), const Load& load) {
  const auto count = [work](const Load& part) {
    const std::uint64_t before = bench::allocations();
    work(part);
    return static_cast<double>(bench::allocations() - before);
  };
  Load whole = load;
  Load half = load;
  half.operations = std::max(load.operations / load.width / 2, std::size_t{1}) * load.width;
  whole.operations = 2 * half.operations;
  return (count(whole) - count(half)) / static_cast<double>(half.operations);
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

struct Measured {
  std::optional<double> ns, floor_ns, ratio, allocations, bytes, floor_bytes;
};

Measured measure(const Workload& workload, const Load& load, int repeat) {
  Measured result;
  if (workload.bytes != nullptr) {
    result.bytes = workload.bytes(load);
    if (workload.floor_bytes != nullptr) {
      result.floor_bytes = workload.floor_bytes(load);
      result.ratio = *result.bytes / *result.floor_bytes;
    }
  }
  if (workload.run == nullptr) return result;
  Load warm_up = load;
  warm_up.operations = std::max(load.operations / 10, load.width);
  workload.run(warm_up);
  if (workload.floor != nullptr) workload.floor(warm_up);
  std::vector<double> times, floor_times, ratios;
  for (int i = 0; i < repeat; ++i) {
    times.push_back(time_of(workload.run, load));
    if (workload.floor == nullptr) continue;
    floor_times.push_back(time_of(workload.floor, load));
    ratios.push_back(times.back() / floor_times.back());
  }
  result.ns = median(times);
  result.allocations = allocations_of(workload.run, load);
  if (workload.floor != nullptr) {
    result.floor_ns = median(floor_times);
    result.ratio = median(ratios);
  }
  return result;
}

std::string number(const std::optional<double>& value, int digits, std::string_view none) {
  return value ? fmt::format("{:.{}f}", *value, digits) : std::string(none);
}

bool is_bad_floor(const Workload& workload, const Measured& measured) {
  const auto& floor = workload.bytes != nullptr ? measured.floor_bytes : measured.floor_ns;
  return workload.known_floor > 0 && floor && *floor > kBadFloor * workload.known_floor;
}

void print(const Workload& workload, const Measured& measured, bool json) {
  if (json) {
    fmt::print("{{\"workload\": \"{}\", \"ns\": {}, \"floor_ns\": {}, \"ratio\": {}, \"allocations\": {}, \"bytes\": {}}}\n",
               workload.name, number(measured.ns, 2, "null"), number(measured.floor_ns, 2, "null"),
               number(measured.ratio, 3, "null"), number(measured.allocations, 4, "null"), number(measured.bytes, 1, "null"));
  } else {
    fmt::print("{:<22}{:>10}{:>10}{:>8}{:>9}{:>8}  {}\n", workload.name, number(measured.ns, 1, ""),
               number(measured.floor_ns, 1, ""), number(measured.ratio, 2, ""), number(measured.allocations, 3, ""),
               number(measured.bytes, 0, ""), workload.operation);
  }
  if (is_bad_floor(workload, measured)) {
    fmt::print(stderr,
               "bad floor: {} took {} where a quiet reference machine takes {}; the machine is busy or the floor is badly "
               "written, and the ratio says little\n",
               workload.name, number(workload.bytes != nullptr ? measured.floor_bytes : measured.floor_ns, 1, ""),
               workload.known_floor);
  }
  std::fflush(stdout);
}

void print_growth(const Workload& workload, double scale, int repeat, bool json) {
  if (workload.run == nullptr) return;
  std::optional<double> least;
  double growth = 1;
  if (!json) fmt::print("{:<22}", workload.name);
  for (std::size_t size : {1'000U, 10'000U, 100'000U, 1'000'000U}) {
    if (growth > kHopeless) {
      if (!json) fmt::print("{:>12} ", "-");
      continue;
    }
    const auto wanted = static_cast<std::size_t>(static_cast<double>(workload.operations) * scale);
    Load load{size, 1, false};
    int runs = repeat;
    if (workload.grows) {
      load.width = size;
      load.operations = std::max(size, wanted / size * size);
    }
    std::vector<double> times, floor_times;
    workload.run(load);
    if (workload.floor != nullptr) workload.floor(load);
    // Items that come one after another: few of them are measured more often.
    for (const std::size_t times_wanted = workload.grows ? 1 : std::clamp<std::size_t>(wanted / size, 1, 200);
         runs > 0; --runs) {
      const auto mean = [&](void (*work)(const Load&)) {
        double sum = 0;
        for (std::size_t i = 0; i < times_wanted; ++i) sum += time_of(work, load);
        return sum / static_cast<double>(times_wanted);
      };
      times.push_back(mean(workload.run));
      if (workload.floor != nullptr) floor_times.push_back(mean(workload.floor));
    }
    const std::optional<double> floor_ns = floor_times.empty() ? std::nullopt : std::optional(median(floor_times));
    const double ns = median(times);
    if (!least) least = ns;
    growth = ns / *least;
    if (json) {
      fmt::print("{{\"workload\": \"{}\", \"size\": {}, \"ns\": {:.2f}, \"growth\": {:.3f}, \"floor_ns\": {}}}\n", workload.name, size, ns,
                 growth, number(floor_ns, 2, "null"));
    } else {
      fmt::print("{:>12.1f}{}", ns, growth > kGrowth ? "!" : " ");
    }
    std::fflush(stdout);
  }
  if (!json) fmt::print("\n");
}

int run(const Options& options) {
  const bench::Workloads all = all_workloads();
  if (!options.one.empty()) {
    for (const Workload& workload : all) {
      if (workload.name != options.one) continue;
      const auto work = options.floor ? workload.floor : workload.run;
      if (work == nullptr) throw std::invalid_argument("this workload cannot be run once");
      work({options.size, options.width != 0 ? options.width : workload.width, true});
      return 0;
    }
    throw std::invalid_argument(fmt::format("no workload is called {}", options.one));
  }
  if (options.fairness) return bench::report_fairness(options.json) ? 0 : 1;
  if (!options.list && !options.json) {
    if (options.growth) {
      fmt::print("{:<22}{:>12} {:>12} {:>12} {:>12}   ns an operation; ! more than 1.5 times the first, - given up\n", "tasks or items", 1000,
                 10'000, 100'000, 1'000'000);
    } else {
      fmt::print("{:<22}{:>10}{:>10}{:>8}{:>9}{:>8}  {}\n", "workload", "ns", "floor", "ratio", "allocs", "bytes", "an operation is");
    }
  }
  for (const Workload& workload : all) {
    if (workload.name.find(options.filter) == std::string_view::npos) continue;
    if (options.list) {
      if (options.json) {
        fmt::print("{{\"workload\": \"{}\", \"operations\": {}, \"width\": {}, \"counted\": {}, \"has_floor\": {}}}\n", workload.name,
                   workload.operations, workload.width, workload.counted, workload.floor != nullptr);
      } else {
        fmt::print("{:<22}{}\n", workload.name, workload.operation);
      }
    } else if (options.growth) {
      print_growth(workload, options.scale, options.repeat, options.json);
    } else {
      const auto operations = static_cast<std::size_t>(static_cast<double>(workload.operations) * options.scale);
      const std::size_t width = options.width > 0 && workload.grows ? options.width : workload.width;
      const Load load{std::max(operations, width), width, false};
      print(workload, measure(workload, load, options.repeat), options.json);
    }
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(parse(argc, argv));
  } catch (const std::exception& error) {
    fmt::print(stderr, "bench: {}\n", error.what());
    return 2;
  }
}
