// A deadline that has passed lets the work run up to its first wait that blocks, and no further.
// SPDX-License-Identifier: MIT
#include "support/oracle.hpp"

using namespace oracle;

namespace {

struct Ends {
  ~Ends() { trace("work ends"); }
};

eddy::Task<> work(eddy::Queue<int>& queue) {
  const Ends ends;
  trace("work starts");
  trace("got", co_await queue.get());
  trace("got", co_await queue.get());
  trace("got", co_await queue.get());
}

eddy::Task<> async_main() {
  eddy::Queue<int> queue;
  for (int item = 0; item < 2; ++item) queue.put_nowait(item);
  co_await eddy::sleep(5s);
  const auto now = eddy::get_running_loop().time();
  try {
    co_await eddy::timeout_at(now - 1s, work(queue));
  } catch (const eddy::TimeoutError&) {
    trace("timed out");
  }
  queue.put_nowait(2);
  queue.put_nowait(3);
  queue.put_nowait(4);
  co_await eddy::timeout_at(now - 1s, work(queue));
  trace("in time, since it did not wait");
}

}  // namespace

ORACLE_MAIN(async_main)
