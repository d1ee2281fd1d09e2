// Awaits a task of another unit's, gives it a semaphore, and sets an event of its own.
//
// SPDX-License-Identifier: MIT
#include "shared.hpp"

#include <cstdio>

eddy::Task<int> ask() {
  eddy::Semaphore semaphore(0);
  given_to_second(semaphore);
  co_await semaphore.acquire();
  object_of_second.set();
  co_await object_of_second.wait();
  co_return co_await made_by_second(7);
}

int main() { std::printf("%d\n", eddy::run(ask())); }
