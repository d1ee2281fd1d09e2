// An eager task runs up to its first wait inside create_task; the others start in later turns, in order.
// SPDX-License-Identifier: MIT
#include "support/oracle.hpp"

#include <chrono>
#include <string>
#include <utility>

using namespace oracle;

namespace {

eddy::Task<std::string> child(std::string name, std::chrono::seconds delay) {
  trace("start", name);
  if (delay > 0s) co_await eddy::sleep(delay);
  trace("end", name);
  co_return name;
}

template <class T>
eddy::TaskHandle<T> eager(eddy::Task<T> task) {
  return eddy::create_task(std::move(task), {.eager_start = true});
}

eddy::Task<> parent() {
  trace("start parent");
  auto inner = eager(child("inner", 0s));
  trace("inner done:", inner.done());
  co_await inner;
  auto other = eager(child("other", 2s));
  trace("other done:", other.done());
  co_await other;
  trace("end parent");
}

eddy::Task<> async_main() {
  eddy::get_running_loop().call_soon([] { trace("callback"); });
  auto queued = eddy::create_task(child("queued", 0s));
  auto quick = eager(child("quick", 0s));
  auto slow = eager(child("slow", 1s));
  auto nested = eager(parent());
  trace("done:", queued.done(), quick.done(), slow.done(), nested.done());
  trace("got", co_await quick, co_await slow, co_await queued);
  co_await nested;
}

}  // namespace

ORACLE_MAIN(async_main)
