// What another thread posts to a busy loop runs in the order of its posts, and the results come back to threads.
// SPDX-License-Identifier: MIT
#include <eddy/threads.hpp>

#include "support/oracle.hpp"

#include <functional>
#include <thread>
#include <vector>

using namespace oracle;

namespace {

using StringFuture = eddy::ThreadsafeFuture<std::string>;
std::vector<StringFuture> futures;

eddy::Task<std::string> child(std::string name) {
  trace("coroutine", name, "starts");
  co_await eddy::yield();
  trace("coroutine", name, "ends");
  co_return name;
}

void other_thread(eddy::EventLoop& loop) {
  loop.call_soon_threadsafe([] { trace("callback 1"); });
  loop.call_soon_threadsafe([] { trace("callback 2"); });
  futures.push_back(eddy::run_coroutine_threadsafe(loop, child, "a"));
  futures.push_back(eddy::run_coroutine_threadsafe(loop, child, "b"));
  trace("the thread has posted");
}

std::string result_of(StringFuture& future) { return future.get(); }

eddy::Task<> async_main() {
  std::thread thread(other_thread, std::ref(eddy::get_running_loop()));
  thread.join();
  trace("nothing has run yet");
  for (StringFuture& future : futures) trace("result", co_await eddy::to_thread(result_of, std::ref(future)));
  trace("main ends");
}

}  // namespace

ORACLE_MAIN(async_main)
