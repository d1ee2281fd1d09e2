// A cancel inside a generator's wait: Python then gives the end, as if it were complete; here the next one throws.
// SPDX-License-Identifier: MIT
#include "support/finally.hpp"
#include "support/oracle.hpp"

#include <optional>
#include <string>
#include <vector>

using namespace oracle;

namespace {

eddy::AsyncGenerator<int> numbers() {
  const Finally finally("left the generator");
  for (int i = 0; i < 9; ++i) {
    co_await eddy::sleep(1s);
    co_yield i;
  }
}

eddy::Task<> consume(eddy::AsyncGenerator<int>& source) {
  const Finally finally("left the consumer");
  while (auto i = co_await source.next()) trace("got", *i);
}

std::string describe(const std::optional<int>& item) { return item ? std::to_string(*item) : "the end"; }

eddy::Task<> async_main() {
  auto source = numbers();
  auto task = eddy::create_task(consume(source));
  co_await eddy::sleep(2500ms);
  trace("cancel");
  task.cancel();
  const std::vector<eddy::TaskHandle<>> waited{task};
  (void)co_await eddy::wait(waited);
  for (int i = 0; i < 2; ++i) {
    try {
      trace("next:", describe(co_await source.next()));
    } catch (const eddy::CancelledError&) {
      trace("next: it was cut short");
    }
  }
  co_await source.aclose();
  trace("closed:", describe(co_await source.next()));
}

}  // namespace

ORACLE_MAIN(async_main)
