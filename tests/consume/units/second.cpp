// What the other unit awaits.
//
// SPDX-License-Identifier: MIT
#include "units.hpp"

#if !defined(UNITS_OF_SINGLE_HEADER)
#include <eddy/io/pipe.hpp>
#endif

#include <string>
#include <utility>

eddy::Task<int> sum(eddy::Queue<int>& queue, int count) {
  int result = 0;
  for (int i = 0; i < count; ++i) {
    const int item = co_await queue.get();
    result += item;
  }
  co_return result;
}

namespace {

eddy::Task<> say(eddy::PipeWriter writer, std::string words) {
  co_await writer.write(words);
  writer.close();
}

}  // namespace

eddy::Task<std::string> said_over_a_pipe(std::string words) {
  auto [reader, writer] = eddy::open_pipe();
  auto speaker = eddy::create_task(say(std::move(writer), std::move(words)));
  std::string heard = co_await reader.read_all(1000);
  co_await speaker;
  co_return heard;
}
