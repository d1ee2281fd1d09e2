// expect: compiles
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

eddy::Task<int> answer() { co_return 42; }

eddy::Task<int> right() {
  const auto handle = eddy::create_task(answer());
  const int kept = co_await eddy::shield(handle);
  co_return kept + co_await eddy::shield(eddy::create_task(answer()));
}
