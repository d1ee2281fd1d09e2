// expect: eddy: the cleanup of try_finally must return Task<>
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

eddy::Task<int> work() { co_return 42; }
eddy::Task<int> cleanup() { co_return 1; }

eddy::Task<int> wrong() {
  co_return co_await eddy::try_finally(work(), cleanup());
}
