// current_task names the task that runs, in callbacks it is none; all_tasks names those that have not ended.
// SPDX-License-Identifier: MIT
#include "support/oracle.hpp"

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

using namespace oracle;

namespace {

std::string everybody() {
  std::vector<std::string> names;
  for (const eddy::TaskRef& task : eddy::all_tasks()) names.push_back(task.name());
  std::sort(names.begin(), names.end());
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : " ") + name;
  return text;
}

void callback() { trace("in a callback:", static_cast<bool>(eddy::current_task())); }

eddy::Task<> helper() {
  trace("a helper runs in", eddy::current_task().name());
  co_return;
}

eddy::Task<> child(std::chrono::seconds delay) {
  trace("start", eddy::current_task().name());
  co_await helper();
  co_await eddy::sleep(delay);
  trace("end", eddy::current_task().name(), "- all:", everybody());
}

eddy::Task<> body(eddy::TaskGroup& group) {
  group.create_task(child(1s), {.name = "grouped"});
  trace("all:", everybody());
  co_return;
}

eddy::Task<> async_main() {
  eddy::current_task().set_name("main");
  eddy::get_running_loop().call_soon(callback);
  auto a = eddy::create_task(child(3s), {.name = "a"});
  auto b = eddy::create_task(child(1s), {.name = "b"});
  trace("all:", everybody());
  co_await b;
  trace(a.name(), b.name(), "- all:", everybody());
  a.set_name("z");
  co_await eddy::task_group(body);
  co_await a;
  trace("all:", everybody());
}

}  // namespace

ORACLE_MAIN(async_main)
