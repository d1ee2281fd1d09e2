// Exhaustive interleavings: runs every schedule of small systems on a real loop, and compares each with a model.
//
//   interleavings [--full] [--depth N] [--limit N] [--only NAME] [--replay CHOICES] [--list]
//
// --full takes each system's greater depth, --depth the same for all; --limit ends each system after so many schedules.
// NAME is a system, or the part of names before the stroke. A schedule is written as its choices: A, B and so on are actors
// that do their next operation, ^A does it with a cancel that comes before its turn, -A is cancelled, @A's time is up, and a
// full stop is a turn of the loop. The exit code is 1 at the first violation, whose schedule is printed.
//
// SPDX-License-Identifier: MIT
#include "explorer.hpp"

#include <chrono>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string_view>

namespace {

using interleavings::Count;
using interleavings::Plan;

struct Options {
  bool full = false;
  bool list = false;
  std::optional<unsigned> depth;
  std::uint64_t limit = UINT64_MAX;
  std::string only;
  std::optional<std::string> replay;
};

std::string_view primitive(const Plan& plan) { return std::string_view(plan.name).substr(0, plan.name.find('/')); }

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

void print(std::string_view name, const Count& count, double seconds) {
  std::printf("%-28.*s %10" PRIu64 " schedules %12" PRIu64 " steps %8.2f s%s\n", static_cast<int>(name.size()),
              name.data(), count.schedules, count.steps, seconds, count.complete ? "" : "  (limited)");
  std::fflush(stdout);
}

void add(Count& sum, const Count& count) {
  sum.schedules += count.schedules;
  sum.steps += count.steps;
  sum.complete = sum.complete && count.complete;
}

bool parse(int argc, char** argv, Options& options) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view name = argv[i];
    if (name == "--full") {
      options.full = true;
    } else if (name == "--list") {
      options.list = true;
    } else if (++i == argc) {
      return false;
    } else if (name == "--depth") {
      options.depth = static_cast<unsigned>(std::strtoul(argv[i], nullptr, 10));
    } else if (name == "--limit") {
      options.limit = std::strtoull(argv[i], nullptr, 10);
    } else if (name == "--only") {
      options.only = argv[i];
    } else if (name == "--replay") {
      options.replay = argv[i];
    } else {
      return false;
    }
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  if (!parse(argc, argv, options)) {
    std::fputs("usage: interleavings [--full] [--depth N] [--limit N] [--only NAME] [--replay CHOICES] [--list]\n",
               stderr);
    return 2;
  }
  std::vector<Plan> plans;
  interleavings::add_semaphores(plans);
  interleavings::add_locks(plans);
  interleavings::add_events(plans);
  interleavings::add_barriers(plans);
  interleavings::add_queues(plans);
  interleavings::add_channels(plans);
  interleavings::add_task_groups(plans);
  if (!options.only.empty()) {
    std::erase_if(plans,
                  [&](const Plan& plan) { return plan.name != options.only && primitive(plan) != options.only; });
  }
  if (plans.empty() || (options.replay && plans.size() != 1)) {
    std::fputs(plans.empty() ? "no system has that name; --list names them\n"
                             : "--replay needs the name of one system, by --only\n",
               stderr);
    return 2;
  }
  if (options.list) {
    for (const Plan& plan : plans) std::printf("%s\n", plan.name.c_str());
    return 0;
  }
  interleavings::Stage stage;
  if (options.replay) {
    interleavings::replay(plans.front(), *options.replay);
    return 0;
  }

  const auto start = std::chrono::steady_clock::now();
  Count total{0, 0, true};
  Count sum = total;
  auto sum_start = start;
  for (std::size_t i = 0; i < plans.size(); ++i) {
    const auto plan_start = std::chrono::steady_clock::now();
    const Count count = interleavings::explore(
        plans[i], options.depth.value_or(options.full ? plans[i].full_depth : plans[i].depth), options.limit);
    print(plans[i].name, count, seconds_since(plan_start));
    add(sum, count);
    add(total, count);
    if (i + 1 < plans.size() && primitive(plans[i + 1]) == primitive(plans[i])) continue;
    print("  all of " + std::string(primitive(plans[i])), sum, seconds_since(sum_start));
    sum = {0, 0, true};
    sum_start = std::chrono::steady_clock::now();
  }
  print("in total", total, seconds_since(start));
  return 0;
}
