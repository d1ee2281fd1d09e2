// expect: eddy: shield .*write shield\(create_task\(
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

eddy::Task<int> answer() { co_return 42; }

eddy::Task<int> wrong() {
  co_return co_await eddy::shield(answer());
}
