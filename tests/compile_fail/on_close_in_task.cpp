// expect: eddy: on_close can only be awaited in the body of an AsyncGenerator
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

eddy::Task<> wrong() {
  co_await eddy::on_close([]() -> eddy::Task<> { co_return; });
}
