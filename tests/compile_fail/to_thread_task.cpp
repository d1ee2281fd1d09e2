// expect: eddy: this function cannot be called
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>
#include <eddy/threads.hpp>

eddy::Task<int> answer() { co_return 42; }

eddy::Task<int> wrong() {
  co_return co_await eddy::to_thread(answer());
}
