// expect: eddy: this function gives nothing that can be awaited
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

int body(eddy::TaskGroup&) { return 42; }

eddy::Task<> wrong() {
  co_await eddy::task_group(body);
}
