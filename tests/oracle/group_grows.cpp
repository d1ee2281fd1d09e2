// Tasks of a group add tasks to it, also when its body has ended; the group ends with the last of them.
// SPDX-License-Identifier: MIT
#include "support/oracle.hpp"

#include <chrono>
#include <string>

using namespace oracle;

namespace {

eddy::Task<> child(eddy::TaskGroup& group, std::string name, int depth, std::chrono::seconds delay) {
  trace("start", name);
  co_await eddy::sleep(delay);
  if (depth > 0) {
    group.create_task(child(group, name + "l", depth - 1, 2 * delay));
    group.create_task(child(group, name + "r", depth - 1, 3 * delay));
  }
  trace("end", name);
}

eddy::Task<> body(eddy::TaskGroup& group) {
  group.create_task(child(group, "a", 2, 1s));
  trace("body");
  co_await eddy::yield();
  group.create_task(child(group, "b", 0, 5s));
  trace("body ends");
}

eddy::Task<> async_main() {
  co_await eddy::task_group(body);
  trace("group has ended");
}

}  // namespace

ORACLE_MAIN(async_main)
