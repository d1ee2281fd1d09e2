// eddy_fuzz: plays random programs, or those in files, and makes a program that breaks an invariant small.
//
//     eddy_fuzz [--seed N] [--runs N] [--length N] [--out FILE] [FILE…]
//
// Run i plays the program of seed N + i, which has up to `length` operations. Programs are played in child processes, so that a
// crash, too, is found out and made small. What is left of a bad program is written to FILE, `eddy_fuzz.case` by default. A file
// is a case as written here, or the plain bytes that libFuzzer writes.
//
// SPDX-License-Identifier: MIT
#include "interpreter.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <new>
#include <span>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace {

using Bytes = std::vector<std::uint8_t>;

constexpr std::string_view kTitle = "# A program for eddy_fuzz.";
constexpr unsigned kSecondsPerRun = 60;  // for a program that never ends
constexpr std::uint64_t kBatch = 500;    // runs in one child process

// SplitMix64.
std::uint64_t next(std::uint64_t& state) {
  std::uint64_t z = (state += 0x9e37'79b9'7f4a'7c15);
  z = (z ^ (z >> 30)) * 0xbf58'476d'1ce4'e5b9;
  z = (z ^ (z >> 27)) * 0x94d0'49bb'1331'11eb;
  return z ^ (z >> 31);
}

Bytes random_program(std::uint64_t seed, std::size_t length) {
  std::uint64_t state = seed;
  const std::size_t operations = 1 + next(state) % length;
  Bytes bytes;
  for (std::size_t i = 0; i < fuzz::kHeader + fuzz::kOperation * operations; ++i)
    bytes.push_back(static_cast<std::uint8_t>(next(state) >> 24));
  return bytes;
}

// What a child process tells.
struct Report {
  std::uint64_t run;
  std::uint64_t operations;
  bool finished;
  std::array<char, 1000> violation;
};

Report& shared_report() {
  static Report* const report = [] {
    void* memory = ::mmap(nullptr, sizeof(Report), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
      std::perror("mmap");
      std::exit(2);
    }
    return new (memory) Report{};
  }();
  return *report;
}

// Plays the programs from `first` on in a child process until one is bad. True if all were good; else the report says which one
// was not, and why.
template <class MakeProgram>
bool play_in_child(std::uint64_t first, std::uint64_t count, bool quiet, MakeProgram make_program) {
  Report& report = shared_report();
  report.run = first;
  report.finished = false;
  report.violation[0] = '\0';
  std::fflush(nullptr);
  const pid_t child = ::fork();
  if (child < 0) {
    std::perror("fork");
    std::exit(2);
  }
  if (child == 0) {
    if (quiet) {
      const int null = ::open("/dev/null", O_WRONLY);
      ::dup2(null, 1);
      ::dup2(null, 2);
    }
    for (std::uint64_t run = first; run < first + count; ++run) {
      report.run = run;
      ::alarm(kSecondsPerRun);
      const Bytes bytes = make_program(run);
      const fuzz::Result result = fuzz::play(bytes);
      report.operations += result.operations;
      if (result.violation.empty()) continue;
      std::snprintf(report.violation.data(), report.violation.size(), "%s", result.violation.c_str());
      std::exit(1);
    }
    report.finished = true;
    std::exit(0);  // a leak checker has its say now
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return true;
  if (report.violation[0] == '\0') {
    std::snprintf(report.violation.data(), report.violation.size(), "%s",
                  report.finished ? "the process ended badly after its runs, as with a leak" : "the process crashed or hung");
  }
  return false;
}

bool is_bad(const Bytes& bytes) {
  return !play_in_child(0, 1, true, [&bytes](std::uint64_t) { return bytes; });
}

// Deletes operations, then makes numbers small, as long as the program stays bad.
Bytes make_small(Bytes bytes) {
  bytes.resize(fuzz::kHeader + (bytes.size() - fuzz::kHeader) / fuzz::kOperation * fuzz::kOperation);
  const auto operations = [&bytes] { return (bytes.size() - fuzz::kHeader) / fuzz::kOperation; };
  bool changed = true;
  while (changed) {
    changed = false;
    for (std::size_t chunk = std::max<std::size_t>(operations() / 2, 1); chunk > 0; chunk /= 2) {
      for (std::size_t at = 0; at + chunk <= operations();) {
        Bytes shorter = bytes;
        const auto from = shorter.begin() + static_cast<std::ptrdiff_t>(fuzz::kHeader + at * fuzz::kOperation);
        shorter.erase(from, from + static_cast<std::ptrdiff_t>(chunk * fuzz::kOperation));
        if (is_bad(shorter)) {
          bytes = shorter;
          changed = true;
        } else {
          at += chunk;
        }
      }
    }
    for (std::size_t at = 0; at < bytes.size(); ++at) {
      for (const int smaller : {0, bytes[at] & 7, bytes[at] & 63, bytes[at] & 192}) {
        if (smaller >= bytes[at]) continue;
        Bytes simpler = bytes;
        simpler[at] = static_cast<std::uint8_t>(smaller);
        if (!is_bad(simpler)) continue;
        bytes = simpler;
        changed = true;
        break;
      }
    }
  }
  return bytes;
}

// A comment with the program in words, then its bytes, an operation a line.
std::string as_case(const Bytes& bytes, std::string_view violation) {
  std::string text = std::string(kTitle) + " It once showed this: " + std::string(violation) + '\n';
  std::istringstream words(fuzz::in_words(fuzz::read_program(bytes)));
  for (std::string line; std::getline(words, line);) text += "#   " + line + '\n';
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    std::array<char, 4> digits{};
    std::snprintf(digits.data(), digits.size(), "%02x", static_cast<unsigned>(bytes[i]));
    text += digits.data();
    text += i + 1 < fuzz::kHeader || (i >= fuzz::kHeader && (i - fuzz::kHeader) % fuzz::kOperation != 3) ? ' ' : '\n';
  }
  return text;
}

Bytes read_case(const std::string& name) {
  std::ifstream file(name, std::ios::binary);
  if (!file) {
    std::fprintf(stderr, "eddy_fuzz: %s cannot be read\n", name.c_str());
    std::exit(2);
  }
  const std::string content((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (!content.starts_with(kTitle)) return Bytes(content.begin(), content.end());
  Bytes bytes;
  std::istringstream lines(content);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with('#')) continue;
    std::istringstream numbers(line);
    for (unsigned number = 0; numbers >> std::hex >> number;) bytes.push_back(static_cast<std::uint8_t>(number));
  }
  return bytes;
}

void tell_bad_program(const Bytes& bytes, const std::string& out) {
  std::fprintf(stderr, "%s\nmaking it small ...\n", shared_report().violation.data());
  const Bytes small = make_small(bytes);
  play_in_child(0, 1, false, [&small](std::uint64_t) { return small; });
  const std::string violation = shared_report().violation.data();
  std::fprintf(stderr, "\n%s\n%s", violation.c_str(), fuzz::in_words(fuzz::read_program(small)).c_str());
  std::ofstream(out) << as_case(small, violation);
  std::fprintf(stderr, "written to %s\n", out.c_str());
}

int play_files(const std::vector<std::string>& files, const std::string& out, bool smaller) {
  int bad = 0;
  for (const std::string& name : files) {
    const Bytes bytes = read_case(name);
    const bool good = play_in_child(0, 1, false, [&bytes](std::uint64_t) { return bytes; });
    if (good) continue;
    ++bad;
    std::fprintf(stderr, "%s: %s\n", name.c_str(), shared_report().violation.data());
    if (smaller) tell_bad_program(bytes, out);
  }
  std::printf("%zu cases, %llu operations, %d bad\n", files.size(),
              static_cast<unsigned long long>(shared_report().operations), bad);
  return bad == 0 ? 0 : 1;
}

int play_random(std::uint64_t seed, std::uint64_t runs, std::size_t length, const std::string& out) {
  const auto start = std::chrono::steady_clock::now();
  const auto program = [length](std::uint64_t run) { return random_program(run, length); };
  for (std::uint64_t done = 0; done < runs; done += kBatch) {
    const std::uint64_t count = std::min(kBatch, runs - done);
    if (play_in_child(seed + done, count, false, program)) continue;
    std::uint64_t bad = shared_report().run;
    if (shared_report().finished) {  // the end of the process was bad: which run was it?
      for (bad = seed + done; bad + 1 < seed + done + count; ++bad) {
        if (!play_in_child(bad, 1, true, program)) break;
      }
    }
    std::fprintf(stderr, "seed %llu (--seed %llu --runs 1 --length %zu): ", static_cast<unsigned long long>(bad),
                 static_cast<unsigned long long>(bad), length);
    tell_bad_program(program(bad), out);
    return 1;
  }
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  std::printf("%llu executions, %llu operations, %.1f s\n", static_cast<unsigned long long>(runs),
              static_cast<unsigned long long>(shared_report().operations), seconds.count());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  std::uint64_t seed = 1;
  std::uint64_t runs = 1000;
  std::size_t length = 60;
  bool smaller = false;
  std::string out = "eddy_fuzz.case";
  std::vector<std::string> files;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    const char* value = i + 1 < argc ? argv[i + 1] : "";
    if (argument == "--seed") {
      seed = std::strtoull(value, nullptr, 10), ++i;
    } else if (argument == "--runs") {
      runs = std::strtoull(value, nullptr, 10), ++i;
    } else if (argument == "--length") {
      length = std::max<std::size_t>(std::strtoull(value, nullptr, 10), 1), ++i;
    } else if (argument == "--out") {
      out = value, ++i;
    } else if (argument == "--minimise") {
      smaller = true;
    } else if (argument.starts_with("--")) {
      std::fprintf(stderr, "usage: eddy_fuzz [--seed N] [--runs N] [--length N] [--out FILE] [--minimise] [FILE...]\n");
      return 2;
    } else {
      files.emplace_back(argument);
    }
  }
  return files.empty() ? play_random(seed, runs, length, out) : play_files(files, out, smaller);
}
