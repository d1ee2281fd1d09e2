// A loop over wait with FIRST_COMPLETED: each round has all that are done when it goes on, not only the first.
// SPDX-License-Identifier: MIT
#include "support/oracle.hpp"

#include <chrono>
#include <string>
#include <vector>

using namespace oracle;

namespace {

eddy::Task<std::string> worker(std::string name, eddy::TaskHandle<> opening, int turns = 0) {
  trace("start", name);
  co_await opening;
  for (int i = 0; i < turns; ++i) co_await eddy::yield();
  trace("end", name);
  co_return name;
}

eddy::Task<> open_after(std::chrono::seconds delay) { co_await eddy::sleep(delay); }

eddy::Task<> async_main() {
  auto early = eddy::create_task(open_after(1s));
  auto late = eddy::create_task(open_after(2s));
  std::vector<eddy::TaskHandle<std::string>> pending;
  pending.push_back(eddy::create_task(worker("a", late)));
  pending.push_back(eddy::create_task(worker("b", early)));
  pending.push_back(eddy::create_task(worker("c", early, 1)));
  pending.push_back(eddy::create_task(worker("d", early)));
  pending.push_back(eddy::create_task(worker("e", early, 2)));
  while (!pending.empty()) {
    auto result = co_await eddy::wait(pending, eddy::ReturnWhen::first_completed);
    std::string names;
    for (const auto& task : result.done) names += task.result() + ' ';
    pending = result.pending;
    trace("round: " + names + "- pending:", pending.size());
  }
}

}  // namespace

ORACLE_MAIN(async_main)
