// A timeout that expires in the pass in which its task is cancelled, before or after it, does not swallow the cancel.
// SPDX-License-Identifier: MIT
#include "support/oracle.hpp"

#include <vector>

using namespace oracle;

namespace {

struct IsStopped {
  const std::string& name;
  ~IsStopped() { trace(name, "is stopped"); }
};

struct Ends {
  const std::string& name;
  ~Ends() { trace(name, "ends, cancelling:", eddy::current_task().cancelling()); }
};

eddy::Task<> work(const std::string& name) {
  const IsStopped is_stopped{name};
  co_await eddy::sleep(9s);
}

eddy::Task<> worker(std::string name) {
  {
    const Ends ends{name};
    try {
      co_await eddy::timeout(2s, work(name));
    } catch (const eddy::TimeoutError&) {
      trace(name, "timed out");
    }
  }
  co_await eddy::sleep(1s);
  trace(name, "goes on");
}

eddy::Task<> async_main() {
  eddy::EventLoop& loop = eddy::get_running_loop();
  auto first = eddy::create_task(worker("cancelled first"));
  loop.call_later(2s, [first]() mutable { first.cancel(); });
  co_await eddy::yield();
  auto last = eddy::create_task(worker("cancelled last"));
  co_await eddy::yield();
  loop.call_later(2s, [last]() mutable { last.cancel(); });
  const std::vector tasks{first, last};
  co_await eddy::wait(tasks);
  trace("cancelled:", first.cancelled(), last.cancelled());
}

}  // namespace

ORACLE_MAIN(async_main)
