// Three processes in a row: what one writes, the next one reads.
//
// `create_subprocess_exec` starts a program with its arguments; no shell looks at them. Each of its streams may be a pipe,
// which a task reads or writes: `pump` carries the bytes from one process to the next and holds a few kilobytes at most,
// since it reads no more before the next one has taken what it has (back-pressure). `run_process` is for a single program
// from start to end: a timeout around it leaves nothing running.
//
// SPDX-License-Identifier: MIT

#include <eddy/eddy.hpp>
#include <eddy/io.hpp>

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <string>
#include <system_error>

using namespace std::chrono_literals;
using eddy::Redirect;

constexpr eddy::ProcessOptions kFirst{.output = Redirect::pipe()};
constexpr eddy::ProcessOptions kBetween{.input = Redirect::pipe(), .output = Redirect::pipe()};

/// Carries all that one process writes to the next one, at the pace of the slower of the two.
eddy::Task<std::size_t> pump(eddy::PipeReader& from, eddy::PipeWriter& to) {
  std::array<char, 4096> chunk{};
  std::size_t total = 0;
  while (true) {
    const std::size_t count = co_await from.read_some(chunk);
    if (count == 0) break;
    co_await to.write({chunk.data(), count});
    total += count;
  }
  co_await to.write_eof();
  co_return total;
}

eddy::Task<> print_counts(eddy::PipeReader& counts) {
  auto lines = counts.lines();
  while (auto line = co_await lines.next()) {
    const std::size_t word = line->rfind(' ') + 1;
    fmt::print("{:<8}{}\n", line->substr(word), std::stoi(*line));
  }
}

/// printf ... | sort | uniq -c
eddy::Task<> count_words() {
  auto printf = eddy::create_subprocess_exec({"printf", "%s\n", "pear", "apple", "fig", "apple", "pear", "apple"}, kFirst);
  auto sort = eddy::create_subprocess_exec("sort", kBetween);
  auto uniq = eddy::create_subprocess_exec({"uniq", "-c"}, kBetween);

  co_await eddy::gather(pump(printf.output(), sort.input()),  //
                        pump(sort.output(), uniq.input()),    //
                        print_counts(uniq.output()));
  const auto exits = co_await eddy::gather(printf.wait(), sort.wait(), uniq.wait());
  fmt::print("uniq {}\n", std::get<2>(exits).to_string());
}

/// yes | head -n 100000 | wc -l: the first would never end, but nobody reads it any more once the second has.
eddy::Task<> count_some_of_endless_many() {
  auto yes = eddy::create_subprocess_exec("yes", kFirst);
  auto head = eddy::create_subprocess_exec({"head", "-n", "100000"}, kBetween);
  auto wc = eddy::create_subprocess_exec({"wc", "-l"}, kBetween);

  auto feeding = eddy::create_task(pump(yes.output(), head.input()));
  co_await pump(head.output(), wc.input());
  const std::string count = co_await wc.output().read_line();
  try {
    co_await feeding;
  } catch (const std::system_error& error) {
    fmt::print("head has enough: {}\n", error.code().message());
  }
  const eddy::ExitStatus end = co_await yes.stop(1s);
  fmt::print("{} lines, yes {}\n", std::stoi(count), end.to_string());
}

/// A program that takes too long is asked to end, is killed if it does not listen, and is gone when the timeout throws.
eddy::Task<> give_up() {
  try {
    co_await eddy::timeout(100ms, eddy::run_process({"sleep", "60"}));
  } catch (const eddy::TimeoutError&) {
    fmt::print("sleep timed out\n");
  }
}

eddy::Task<> async_main() {
  co_await count_words();
  co_await count_some_of_endless_many();
  co_await give_up();
  const auto missing = co_await eddy::run_process({"ls", "/no/such/file"});
  fmt::print("ls {}\n", missing.status.success() ? "succeeded" : "failed");
}

int main() { eddy::run(async_main()); }
