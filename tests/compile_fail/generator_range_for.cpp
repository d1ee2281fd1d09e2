// expect: eddy: a generator's items are awaited: write while \(auto item = co_await source.next\(\)\)
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

void wrong(eddy::AsyncGenerator<int> source) {
  for (int number : source) (void)number;
}
