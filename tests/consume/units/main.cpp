// Awaits what the other unit defines.
//
// SPDX-License-Identifier: MIT
#include "units.hpp"

#if !defined(UNITS_OF_SINGLE_HEADER)
#include <eddy/threads.hpp>
#endif

#include <chrono>
#include <cstdio>
#include <string>

namespace {

using namespace std::chrono_literals;

eddy::Task<int> number(int value) { co_return value; }

eddy::Task<> async_main() {
  eddy::Queue<int> queue(2);
  auto adder = eddy::create_task(sum(queue, 4), {.name = "adder"});
  for (int i = 1; i <= 4; ++i) co_await queue.put(i);
  const int added = co_await adder;

  const std::string words = co_await eddy::timeout(10s, said_over_a_pipe("seven words go in and come out"));
  const std::size_t length = co_await eddy::to_thread([](std::string text) { return text.size(); }, words);

  bool late = false;
  try {
    co_await eddy::wait_for(eddy::sleep(10s), 1ms);
  } catch (const eddy::TimeoutError&) {
    late = true;
  }

  const auto [one, two] = co_await eddy::gather(number(1), number(2));
  const int three = co_await eddy::race(number(3), number(4));
  std::printf("eddy %d: %d, %zu, %s, %d\n", EDDY_VERSION, added, length, late ? "late" : "in time", one + two + three);
}

}  // namespace

int main() { eddy::run(async_main()); }
