// expect: eddy: this function gives nothing that can be awaited
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

eddy::Task<int> work() { co_return 42; }
void cleanup() {}

eddy::Task<int> wrong() {
  co_return co_await eddy::try_finally(work(), cleanup);
}
