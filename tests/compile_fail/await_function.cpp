// expect: eddy: this cannot be awaited: co_await takes a Task
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

eddy::Task<int> answer() { co_return 42; }

eddy::Task<> wrong() {
  co_await answer;  // the call's brackets are missing
}
