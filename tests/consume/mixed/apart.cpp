// Uses eddy, and calls a unit that uses eddy; neither sees an object of the other's.
//
// SPDX-License-Identifier: MIT
#include "shared.hpp"

#include <cstdio>

int main() {
  for (int i = 0; i < 3; ++i) {
    std::printf("%d %d\n", eddy::run(work(i)), run_second(i));
  }
}
