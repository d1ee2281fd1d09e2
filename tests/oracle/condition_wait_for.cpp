// wait_for asks its predicate under the lock, at first and after each notification, until it is true.
// SPDX-License-Identifier: MIT
#include "support/oracle.hpp"

#include <vector>

using namespace oracle;

namespace {

eddy::Task<> buyer(const char* name, int price, eddy::Condition& condition, const std::vector<int>& offers) {
  const auto affordable = [&] {
    std::string all;
    for (const int offer : offers) all += ' ' + std::to_string(offer);
    trace(std::string(name) + " looks at" + all);
    return offers.back() <= price;
  };

  auto guard = co_await condition.scoped();
  co_await condition.wait_for(affordable);
  trace(name, "buys at", offers.back());
}

eddy::Task<> async_main() {
  eddy::Condition condition;
  std::vector<int> offers{9};
  const auto a = eddy::create_task(buyer("a", 5, condition, offers));
  const auto b = eddy::create_task(buyer("b", 7, condition, offers));
  for (const int offer : {8, 6, 4}) {
    co_await eddy::sleep(1s);
    auto guard = co_await condition.scoped();
    offers.push_back(offer);
    condition.notify_all();
    trace("offer", offer);
  }
  co_await eddy::gather(a, b);
}

}  // namespace

ORACLE_MAIN(async_main)
