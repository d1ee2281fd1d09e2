// expect: until (it|this) is awaited: co_await it
// flags: -Werror=unused-result -Werror=unused-value
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>
#include <eddy/io.hpp>

eddy::Task<> wrong(eddy::PipeWriter& pipe) {
  pipe.write("x");
  co_await eddy::yield();
}
