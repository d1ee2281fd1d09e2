// A bounded queue stops a fast producer; two producers get their places in the order in which they asked.
// SPDX-License-Identifier: MIT
#include "support/oracle.hpp"

using namespace oracle;

namespace {

eddy::Task<> producer(std::string name, eddy::Queue<std::string>& queue) {
  for (int number = 0; number < 3; ++number) {
    co_await queue.put(name + std::to_string(number));
    trace(name, "has put", number);
  }
  trace(name, "ends");
}

eddy::Task<> consumer(eddy::Queue<std::string>& queue) {
  for (int i = 0; i < 6; ++i) {
    co_await eddy::sleep(1s);
    trace("got", co_await queue.get());
  }
}

eddy::Task<> async_main() {
  eddy::Queue<std::string> queue(2);
  const auto a = eddy::create_task(producer("a", queue));
  const auto b = eddy::create_task(producer("b", queue));
  const auto c = eddy::create_task(consumer(queue));
  co_await eddy::gather(a, b, c);
  trace("left:", queue.qsize());
}

}  // namespace

ORACLE_MAIN(async_main)
