// expect: eddy: co_yield belongs to an AsyncGenerator<T>; a Task<T> gives one value, by co_return
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

eddy::Task<int> wrong() { co_yield 42; }
