// A group inside a group: the inner one ends first, and its error ends the outer one as a group inside a group.
// SPDX-License-Identifier: MIT
#include "support/finally.hpp"
#include "support/oracle.hpp"

#include <chrono>
#include <exception>
#include <stdexcept>
#include <string>

using namespace oracle;

namespace {

eddy::Task<> child(std::string name, std::chrono::seconds delay, bool fails = false) {
  const Finally finally("left " + name);
  co_await eddy::sleep(delay);
  if (fails) throw std::invalid_argument(name + " failed");
  trace("done", name);
}

eddy::Task<> inner_body(eddy::TaskGroup& group, std::string name, bool fails) {
  group.create_task(child(name + "1", 2s, fails));
  group.create_task(child(name + "2", 3s));
  trace("inner", name);
  co_return;
}

eddy::Task<> inner(std::string name, bool fails) {
  const Finally finally("left inner " + name);
  co_await eddy::task_group(inner_body, name, fails);
}

eddy::Task<> outer_body(eddy::TaskGroup& group, std::string name) {
  group.create_task(child(name + "3", 9s));
  trace("outer", name);
  co_await eddy::sleep(1500ms);
  group.create_task(inner(name, true));
}

eddy::Task<> outer(std::string name) {
  const Finally finally("left outer " + name);
  co_await eddy::task_group(outer_body, name);
}

eddy::Task<> body(eddy::TaskGroup& group) {
  group.create_task(inner("a", false));
  group.create_task(outer("b"));
  group.create_task(child("c", 9s));
  co_return;
}

void show(const eddy::ExceptionGroup& errors, const std::string& indent = "") {
  for (const std::exception_ptr& error : errors.exceptions()) {
    try {
      std::rethrow_exception(error);
    } catch (const eddy::ExceptionGroup& group) {
      trace(indent + "group");
      show(group, indent + "  ");
    } catch (const std::invalid_argument& plain) {
      trace(indent + plain.what());
    }
  }
}

eddy::Task<> async_main() {
  try {
    co_await eddy::task_group(body);
  } catch (const eddy::ExceptionGroup& errors) {
    show(errors);
  }
}

}  // namespace

ORACLE_MAIN(async_main)
