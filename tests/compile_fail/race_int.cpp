// expect: eddy: race takes tasks, handles and other awaitables.* cannot be awaited
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

eddy::Task<int> answer() { co_return 42; }

eddy::Task<> wrong() {
  co_await eddy::race(answer(), 42);
}
