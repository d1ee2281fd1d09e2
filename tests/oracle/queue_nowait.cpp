// put_nowait and get_nowait never wait: a full or an empty queue is an error. Whom they wake has his turn later.
// SPDX-License-Identifier: MIT
#include "support/oracle.hpp"

using namespace oracle;

namespace {

void put(eddy::Queue<int>& queue, int item) {
  try {
    queue.put_nowait(item);
    trace("put", item);
  } catch (const eddy::QueueFull&) {
    trace("no room for", item);
  }
}

void get(eddy::Queue<int>& queue) {
  try {
    trace("got", queue.get_nowait());
  } catch (const eddy::QueueEmpty&) {
    trace("nothing to get");
  }
}

eddy::Task<> putter(eddy::Queue<int>& queue, int item) {
  trace("putter waits with", item);
  co_await queue.put(item);
  trace("putter has put", item);
}

eddy::Task<> async_main() {
  eddy::Queue<int> queue(2);
  get(queue);
  for (const int item : {1, 2, 3}) put(queue, item);
  const auto task = eddy::create_task(putter(queue, 4));
  co_await eddy::yield();
  get(queue);
  trace("the putter has not run:", !task.done());
  co_await eddy::yield();
  trace("the putter has run:", task.done());
  put(queue, 5);
  for (int i = 0; i < 3; ++i) get(queue);
}

}  // namespace

ORACLE_MAIN(async_main)
