// aclose leaves the generator where it stands and waits for its cleanup; after it, and again after that, comes the end.
// SPDX-License-Identifier: MIT
#include "support/finally.hpp"
#include "support/oracle.hpp"

#include <optional>
#include <string>

using namespace oracle;

namespace {

eddy::Task<> clean_up() {
  trace("cleaning up");
  co_await eddy::sleep(1s);
  trace("cleaned up");
}

eddy::AsyncGenerator<int> numbers() {
  co_await eddy::on_close(clean_up);
  const Finally finally("left the body");
  for (int i = 0; i < 9; ++i) {
    trace("yield", i);
    co_yield i;
  }
}

eddy::Task<> ticker() {
  for (int tick = 0; tick < 2; ++tick) {
    co_await eddy::sleep(750ms);
    trace("tick", tick);
  }
}

std::string describe(const std::optional<int>& item) { return item ? std::to_string(*item) : "the end"; }

eddy::Task<> async_main() {
  auto ticking = eddy::create_task(ticker());
  auto source = numbers();
  trace("got", describe(co_await source.next()));
  trace("got", describe(co_await source.next()));
  trace("close");
  co_await source.aclose();
  trace("closed");
  trace("next:", describe(co_await source.next()));
  co_await source.aclose();
  trace("next:", describe(co_await source.next()));
  auto unused = numbers();
  co_await unused.aclose();
  trace("unused:", describe(co_await unused.next()));
  co_await ticking;
}

}  // namespace

ORACLE_MAIN(async_main)
