// libuv's timers at the benchmark's work. It has callbacks and no tasks: only the rows about timers can be compared.
//
// SPDX-License-Identifier: MIT
#include <uv.h>

#include <vector>

#include "peer.hpp"

namespace {

std::size_t fired = 0;

void sleep_all(std::size_t operations, std::size_t width) {
  uv_loop_t* loop = uv_default_loop();
  for (std::size_t i = 0; i < operations / width; ++i) {
    std::vector<uv_timer_t> timers(width);
    for (std::size_t j = 0; j < width; ++j) {
      uv_timer_init(loop, &timers[j]);
      uv_update_time(loop);  // as the tasks' sleep does: its delay counts from now
      uv_timer_start(
          &timers[j],
          [](uv_timer_t* timer) {
            ++fired;
            uv_close(reinterpret_cast<uv_handle_t*>(timer), nullptr);
          },
          static_cast<std::uint64_t>(peer::delay_of(j) / 1'000'000), 0);
    }
    uv_run(loop, UV_RUN_DEFAULT);
  }
}

void timeout_unfired(std::size_t operations, std::size_t) {
  uv_loop_t* loop = uv_default_loop();
  uv_timer_t timer;
  uv_timer_init(loop, &timer);
  for (std::size_t i = 0; i < operations; ++i) {
    uv_update_time(loop);
    uv_timer_start(&timer, [](uv_timer_t*) {}, 3'600'000, 0);
    uv_timer_stop(&timer);
  }
  uv_close(reinterpret_cast<uv_handle_t*>(&timer), nullptr);
  uv_run(loop, UV_RUN_DEFAULT);
}

double memory(std::size_t width) {
  uv_loop_t* loop = uv_default_loop();
  const double before = peer::resident_bytes();
  auto* timers = new std::vector<uv_timer_t>(width);
  for (uv_timer_t& timer : *timers) {
    uv_timer_init(loop, &timer);
    uv_timer_start(&timer, [](uv_timer_t*) {}, 86'400'000, 0);
  }
  return (peer::resident_bytes() - before) / static_cast<double>(width);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2 && std::strcmp(argv[1], "--version") == 0) {
    std::printf("libuv %s\n", uv_version_string());
    return 0;
  }
  return peer::run_all(argc, argv,
                       {{"sleep", 500'000, 100'000, sleep_all},
                        {"timeout_unfired", 5'000'000, 1, timeout_unfired},
                        {"memory", 0, 1'000'000, nullptr, memory}});
}
