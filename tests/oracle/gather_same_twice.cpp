// The same task given to gather twice runs once and stands in both places; so it is with several gathers of it.
// SPDX-License-Identifier: MIT
#include "support/oracle.hpp"

#include <chrono>
#include <string>

using namespace oracle;

namespace {

eddy::Task<std::string> child(std::string name, std::chrono::seconds delay) {
  trace("start", name);
  co_await eddy::sleep(delay);
  trace("end", name);
  co_return name;
}

eddy::Task<> reader(std::string name, eddy::TaskHandle<std::string> task, std::chrono::seconds delay) {
  const auto [first, second, own] = co_await eddy::gather(task, task, child(name, delay));
  trace(name, "has", first, second, own);
}

eddy::Task<> async_main() {
  auto shared = eddy::create_task(child("shared", 2s));
  auto one = eddy::create_task(reader("one", shared, 3s));
  auto two = eddy::create_task(reader("two", shared, 1s));
  {
    const auto [first, second] = co_await eddy::gather(shared, shared);
    trace("main has", first, second);
  }
  co_await eddy::gather(one, two);
  const auto [first, second] = co_await eddy::gather(shared, shared);
  trace("main has", first, second, "again");
}

}  // namespace

ORACLE_MAIN(async_main)
