// Generators over generators are lazy: each value goes through the whole chain before the next one is made.
// SPDX-License-Identifier: MIT
#include "support/oracle.hpp"

using namespace oracle;

namespace {

eddy::AsyncGenerator<int> numbers(int limit) {
  for (int i = 0; i < limit; ++i) {
    trace("number", i);
    co_yield i;
    co_await eddy::sleep(1s);
  }
  trace("no more numbers");
}

eddy::AsyncGenerator<int> odd(eddy::AsyncGenerator<int> source) {
  while (auto i = co_await source.next()) {
    if (*i % 2 == 1) {
      co_yield *i;
    } else {
      trace("skip", *i);
    }
  }
}

eddy::AsyncGenerator<int> squares(eddy::AsyncGenerator<int> source) {
  while (auto i = co_await source.next()) {
    trace("square", *i);
    co_yield *i** i;
  }
}

eddy::Task<> async_main() {
  eddy::get_running_loop().call_later(500ms, [] { trace("half a second"); });
  eddy::get_running_loop().call_later(2500ms, [] { trace("two seconds and a half"); });
  auto source = squares(odd(numbers(4)));
  while (auto i = co_await source.next()) trace("got", *i);
  trace("main ends");
}

}  // namespace

ORACLE_MAIN(async_main)
