// Designed difference: shield takes a running task. What it does is the same: the caller leaves, the task runs on.
// SPDX-License-Identifier: MIT
#include "support/oracle.hpp"

using namespace oracle;

namespace {

struct Ends {
  const char* what;
  std::string name;
  ~Ends() { trace(what, name, "ends"); }
};

eddy::Task<std::string> save(std::string name) {
  const Ends ends{"save of", name};
  trace("save", name);
  co_await eddy::sleep(2s);
  trace("saved", name);
  co_return name;
}

eddy::Task<> request(std::string name) {
  const Ends ends{"request", name};
  trace("result", co_await eddy::shield(eddy::create_task(save(name))));
}

eddy::Task<> async_main() {
  auto a = eddy::create_task(request("a"));
  const auto b = eddy::create_task(request("b"));
  co_await eddy::sleep(1s);
  a.cancel();
  try {
    co_await a;
  } catch (const eddy::CancelledError&) {
    trace("request a was cancelled");
  }
  co_await b;
  const auto saving = eddy::create_task(save("c"));
  try {
    co_await eddy::timeout(1s, eddy::shield(saving));
  } catch (const eddy::TimeoutError&) {
    trace("timed out, still saving:", !saving.done());
  }
  trace("result", co_await saving);
}

}  // namespace

ORACLE_MAIN(async_main)
