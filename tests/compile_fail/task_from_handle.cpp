// expect: eddy: create_task gives a TaskHandle<T>: write auto handle = create_task\(
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

eddy::Task<int> answer() { co_return 42; }

void wrong() { eddy::Task<int> task = eddy::create_task(answer()); }
