// expect: eddy: this function cannot be called with these arguments in another thread
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>
#include <eddy/threads.hpp>

int twice(int number) { return 2 * number; }

eddy::Task<int> wrong(eddy::ThreadPool& pool) {
  co_return co_await eddy::run_in_executor(pool, twice);
}
