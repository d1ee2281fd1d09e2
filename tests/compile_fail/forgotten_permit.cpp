// expect: the permit is given back at once: keep it in a variable
// compiler: clang++
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

eddy::Task<> wrong(eddy::Semaphore& semaphore) {
  co_await semaphore.scoped();
  co_await eddy::yield();
}
