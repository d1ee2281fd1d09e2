// The unit that is called.
//
// SPDX-License-Identifier: MIT
#include "shared.hpp"

eddy::Event object_of_second;

int run_second(int value) { return eddy::run(work(value)); }
eddy::Task<int> made_by_second(int value) { co_return value; }
void given_to_second(eddy::Semaphore& semaphore) { semaphore.release(); }
