// Looking into a running program: a picture of what it did and when, in a file for speedscope, Perfetto or Chrome.
//
// A small kitchen: three cooks take orders from a queue. Each order is chopped (one board for all: a lock), cooked (a sleep,
// with a deadline) and photographed (blocking work: a thread). One cook computes for 20 milliseconds without a `co_await`,
// which holds up everybody: the trace shows it as loop lag. Half-way the program prints who waits for whom.
//
//     22_trace trace.json
//
// Open the file at https://www.speedscope.app or https://ui.perfetto.dev.
//
// SPDX-License-Identifier: MIT

#include <eddy/debug.hpp>
#include <eddy/eddy.hpp>
#include <eddy/threads.hpp>

#include <fmt/format.h>

#include <chrono>
#include <exception>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace std::chrono_literals;

struct Kitchen {
  eddy::Queue<std::string> orders{4};
  eddy::Lock board;
  int served = 0;
};

void photograph(const std::string&) { std::this_thread::sleep_for(4ms); }  // blocking, so it belongs into a thread

void compute_the_bill() {  // too long for the loop's thread
  const auto end = std::chrono::steady_clock::now() + 20ms;
  while (std::chrono::steady_clock::now() < end) continue;
}

eddy::Task<> chop(Kitchen& kitchen) {
  const auto board = co_await kitchen.board.scoped();
  co_await eddy::sleep(3ms);
}

eddy::Task<> cook(Kitchen& kitchen) {
  for (;;) {
    const std::string order = co_await kitchen.orders.get();
    co_await chop(kitchen);
    const bool in_time = co_await eddy::move_on_after(8ms, eddy::sleep(order == "roast" ? 1h : 5ms));
    if (in_time) co_await eddy::to_thread(photograph, order);
    if (order == "banquet") compute_the_bill();
    if (in_time) ++kitchen.served;
    kitchen.orders.task_done();
  }
}

eddy::Task<> take_orders(Kitchen& kitchen) {
  for (const char* order : {"soup", "salad", "roast", "soup", "banquet", "salad", "soup", "stew", "cake", "roast"}) {
    co_await kitchen.orders.put(order);
  }
}

eddy::Task<> async_main(std::string path) {
  eddy::debug::Trace trace(path);
  Kitchen kitchen;
  std::vector<eddy::TaskHandle<>> cooks;
  for (const char* name : {"Ada", "Bob", "Eve"}) cooks.push_back(eddy::create_task(cook(kitchen), {.name = name}));

  const auto orders = eddy::create_task(take_orders(kitchen), {.name = "orders"});
  co_await eddy::sleep(2ms);
  eddy::debug::print_call_graph(stdout);
  co_await orders;
  trace.mark("all orders are taken");
  co_await kitchen.orders.join();

  for (auto& each : cooks) each.cancel("the kitchen closes");
  co_await eddy::wait(cooks);
  fmt::print("{} served; {} has {} events\n", kitchen.served, path, trace.events());
}

int main(int argc, char** argv) {
  try {
    eddy::run(async_main(argc > 1 ? argv[1] : "trace.json"));
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
  }
}
