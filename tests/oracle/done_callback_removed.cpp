// A done callback can be taken back until the future is done; then it is queued, and runs although another removes it.
// SPDX-License-Identifier: MIT
#include "support/oracle.hpp"

using namespace oracle;

namespace {

eddy::Task<> async_main() {
  const auto future = eddy::get_running_loop().create_future<int>();
  eddy::DoneCallbackId second{};

  const auto first = [future, &second] { trace("first; removed the second:", future.remove_done_callback(second)); };

  future.add_done_callback(first);
  second = future.add_done_callback([] { trace("second"); });
  const auto third = future.add_done_callback([] { trace("third"); });
  const auto fourth = future.add_done_callback([] { trace("fourth"); });
  trace("removed the third:", future.remove_done_callback(third));
  trace("and once more:", future.remove_done_callback(third));
  future.set_result(1);
  trace("set; removed the fourth:", future.remove_done_callback(fourth));
  future.add_done_callback([] { trace("third"); });
  co_await future;
  trace("main goes on, without waiting");
  co_await eddy::yield();
  trace("main ends");
}

}  // namespace

ORACLE_MAIN(async_main)
