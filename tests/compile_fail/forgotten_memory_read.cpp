// expect: nothing is read until this is awaited: co_await it
// flags: -Werror=unused-result -Werror=unused-value
// SPDX-License-Identifier: MIT
#include <eddy/io/memory_stream.hpp>

eddy::Task<> wrong(eddy::MemoryStream& stream, std::span<char> space) {
  stream.read_some(space);
  co_await stream.write("x");
}
