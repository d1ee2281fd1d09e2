// What the peers' programs share: they time the same work in the same way and print the same lines as `bench --json`.
//
//   PEER [--filter TEXT] [--repeat N] [--scale X]
//
// SPDX-License-Identifier: MIT
#pragma once

#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>
#include <vector>

namespace peer {

struct Work {
  const char* name;
  std::size_t operations;
  std::size_t width;
  void (*run)(std::size_t operations, std::size_t width);
  double (*bytes)(std::size_t width) = nullptr;
};

// As the benchmark's `sleep`: 50 to 60 ms, in no order.
inline std::int64_t delay_of(std::size_t i) {
  return 50'000'000 + static_cast<std::int64_t>(i * 2'654'435'761U % 10'000) * 1000;
}

inline double cpu_nanoseconds() {
  std::timespec time{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_nsec);
}

inline double resident_bytes() {
  std::FILE* file = std::fopen("/proc/self/statm", "r");
  unsigned long pages = 0;
  if (file == nullptr || std::fscanf(file, "%*u %lu", &pages) != 1) std::abort();
  std::fclose(file);
  return static_cast<double>(pages) * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

inline int run_all(int argc, char** argv, const std::vector<Work>& all) {
  std::string filter;
  int repeat = 5;
  double scale = 1;
  for (int i = 1; i + 1 < argc; i += 2) {
    if (std::strcmp(argv[i], "--filter") == 0) filter = argv[i + 1];
    if (std::strcmp(argv[i], "--repeat") == 0) repeat = std::atoi(argv[i + 1]);
    if (std::strcmp(argv[i], "--scale") == 0) scale = std::atof(argv[i + 1]);
  }
  for (const Work& work : all) {
    if (!filter.empty() && filter != work.name) continue;
    if (work.bytes != nullptr) {
      std::printf("{\"workload\": \"%s\", \"bytes\": %.1f}\n", work.name, work.bytes(work.width));
      std::fflush(stdout);
      continue;
    }
    const auto scaled = static_cast<std::size_t>(static_cast<double>(work.operations) * scale);
    const std::size_t operations = std::max(scaled / work.width * work.width, work.width);
    work.run(std::max(operations / 10 / work.width * work.width, work.width), work.width);
    std::vector<double> times;
    for (int i = 0; i < repeat; ++i) {
      const double begin = cpu_nanoseconds();
      work.run(operations, work.width);
      times.push_back((cpu_nanoseconds() - begin) / static_cast<double>(operations));
    }
    std::sort(times.begin(), times.end());
    std::printf("{\"workload\": \"%s\", \"ns\": %.2f}\n", work.name, times[times.size() / 2]);
    std::fflush(stdout);
  }
  return 0;
}

}  // namespace peer
