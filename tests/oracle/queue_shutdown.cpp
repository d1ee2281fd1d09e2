// shutdown: putters that wait fail, getters take what is left and fail then.
// SPDX-License-Identifier: MIT
#include "support/oracle.hpp"

#include <vector>

using namespace oracle;

namespace {

eddy::Task<> putter(int item, eddy::Queue<int>& queue) {
  try {
    co_await queue.put(item);
    trace("put", item);
  } catch (const eddy::QueueShutDown&) {
    trace(item, "was refused");
  }
}

eddy::Task<> getter(std::string name, eddy::Queue<int>& queue) {
  try {
    for (;;) {
      trace(name, "got", co_await queue.get());
      co_await eddy::sleep(1s);
    }
  } catch (const eddy::QueueShutDown&) {
    trace(name, "sees the end");
  }
}

eddy::Task<> async_main() {
  eddy::Queue<int> queue(2);
  std::vector<eddy::TaskHandle<>> tasks;
  for (int item = 0; item < 4; ++item) tasks.push_back(eddy::create_task(putter(item, queue)));
  co_await eddy::sleep(1s);
  queue.shutdown();
  trace("shut down with", queue.qsize(), "items");
  for (const char* name : {"a", "b", "c"}) tasks.push_back(eddy::create_task(getter(name, queue)));
  co_await eddy::gather(tasks);
  co_await putter(4, queue);
  try {
    queue.get_nowait();
  } catch (const eddy::QueueShutDown&) {
    trace("main sees the end");
  }
}

}  // namespace

ORACLE_MAIN(async_main)
