// Designed difference: a result that is there at the very moment of the deadline is delivered; asyncio drops it.
// SPDX-License-Identifier: MIT
#include "support/oracle.hpp"

using namespace oracle;

namespace {

eddy::Task<int> answer(int delay) {
  co_await eddy::sleep(std::chrono::seconds(delay));
  co_return delay;
}

eddy::Task<int> wait_for_answer(eddy::Future<int> future) { co_return co_await future; }

eddy::Task<> async_main() {
  for (const int delay : {1, 2, 3}) {
    try {
      trace("answer", co_await eddy::timeout(2s, answer(delay)));
    } catch (const eddy::TimeoutError&) {
      trace("no answer in 2 of", delay);
    }
  }
  const auto future = eddy::get_running_loop().create_future<int>();
  eddy::get_running_loop().call_later(2s, [future] { future.set_result(7); });
  try {
    trace("answer", co_await eddy::timeout(2s, wait_for_answer(future)));
  } catch (const eddy::TimeoutError&) {
    trace("no answer, though there is one:", future.result());
  }
}

}  // namespace

ORACLE_MAIN(async_main)
