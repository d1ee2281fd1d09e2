// Designed difference: no uncancel. The part that may be cancelled has a handle, and its task was never cancelled.
// SPDX-License-Identifier: MIT
#include "support/oracle.hpp"

#include <vector>

using namespace oracle;

namespace {

struct Ends {
  const std::string& name;
  ~Ends() { trace("download", name, "ends"); }
};

eddy::Task<> download(std::string name) {
  const Ends ends{name};
  trace("download", name);
  co_await eddy::sleep(9s);
  trace("downloaded", name);
}

eddy::Task<> browser(std::vector<std::string> pages, eddy::TaskHandle<>& running) {
  for (const std::string& page : pages) {
    running = eddy::create_task(download(page));
    try {
      co_await running;
    } catch (const eddy::CancelledError&) {
      trace("the download of", page, "was cancelled");
    }
  }
  trace("browser ends, cancelling:", eddy::current_task().cancelling());
}

eddy::Task<> async_main() {
  eddy::TaskHandle<> running;
  const std::vector<std::string> pages{"a", "b", "c"};
  const auto task = eddy::create_task(browser(pages, running));
  co_await eddy::sleep(1s);
  trace("stop:", running.cancel());
  co_await eddy::sleep(1s);
  trace("stop:", running.cancel());
  co_await task;
  trace("cancelled:", task.cancelled());
}

}  // namespace

ORACLE_MAIN(async_main)
