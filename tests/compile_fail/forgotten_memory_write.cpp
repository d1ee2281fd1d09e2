// expect: nothing is written until this is awaited: co_await it
// flags: -Werror=unused-result -Werror=unused-value
// SPDX-License-Identifier: MIT
#include <eddy/io/memory_stream.hpp>

eddy::Task<> wrong(eddy::MemoryStream& stream) {
  stream.write("x");
  co_await stream.write_eof();
}
