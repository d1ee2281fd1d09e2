// Designed difference: a generator that is dropped leaves its body at once; asyncio closes it in a task some turns later.
// SPDX-License-Identifier: MIT
#include "support/finally.hpp"
#include "support/oracle.hpp"

using namespace oracle;

namespace {

eddy::AsyncGenerator<int> numbers() {
  const Finally finally("left the body");
  for (int i = 0; i < 9; ++i) co_yield i;
}

eddy::Task<> read() {
  {
    auto source = numbers();
    while (auto i = co_await source.next()) {
      trace("got", *i);
      break;
    }
  }
  trace("read goes on");
  co_await eddy::yield();
  trace("after a turn");
}

eddy::Task<> async_main() {
  co_await read();
  co_await eddy::sleep(1s);
}

}  // namespace

ORACLE_MAIN(async_main)
