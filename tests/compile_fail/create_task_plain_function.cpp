// expect: eddy: this function gives nothing that can be awaited.*eddy::Task
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

int answer() { return 42; }

eddy::Task<> wrong() {
  co_await eddy::create_task(answer);
}
