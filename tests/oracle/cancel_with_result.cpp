// A waiter is cancelled after it was given its result: Python drops the result, here it arrives before the cancel.
// SPDX-License-Identifier: MIT
#include "support/finally.hpp"
#include "support/oracle.hpp"

#include <string>
#include <vector>

using namespace oracle;

namespace {

eddy::Task<std::string> produce(std::string name) {
  co_await eddy::sleep(1s);
  trace("produced", name);
  co_return name;
}

eddy::Task<> consume(std::string name, eddy::TaskHandle<std::string> task) {
  const Finally finally("left " + name);
  trace(name, "waits");
  trace(name, "has", co_await task);
  co_await eddy::sleep(1s);
  trace(name, "ends");
}

eddy::Task<> canceller(eddy::TaskHandle<std::string> source, std::vector<eddy::TaskHandle<>>& consumers) {
  co_await source;
  for (auto& consumer : consumers) trace("cancel:", consumer.cancel());
}

eddy::Task<> async_main() {
  auto source = eddy::create_task(produce("the result"));
  std::vector<eddy::TaskHandle<>> consumers;
  consumers.push_back(eddy::create_task(consume("early", source)));
  auto cancelling = eddy::create_task(canceller(source, consumers));
  consumers.push_back(eddy::create_task(consume("late", source)));
  co_await cancelling;
  (void)co_await eddy::wait(consumers);
  trace("cancelled:", consumers[0].cancelled(), consumers[1].cancelled());
}

}  // namespace

ORACLE_MAIN(async_main)
