// Designed difference: a slot that becomes free takes the oldest putter's item at once, before that putter runs again.
// SPDX-License-Identifier: MIT
#include "support/oracle.hpp"

using namespace oracle;

namespace {

eddy::Task<> producer(eddy::Queue<int>& queue) {
  for (int item = 0; item < 5; ++item) {
    co_await queue.put(item);
    trace("put", item);
  }
}

eddy::Task<> consumer(eddy::Queue<int>& queue) {
  for (int i = 0; i < 5; ++i) {
    const int item = co_await queue.get();
    trace("got", item, "left:", queue.qsize());
  }
}

eddy::Task<> async_main() {
  eddy::Queue<int> queue(2);
  const auto a = eddy::create_task(producer(queue));
  const auto b = eddy::create_task(consumer(queue));
  co_await eddy::gather(a, b);
}

}  // namespace

ORACLE_MAIN(async_main)
