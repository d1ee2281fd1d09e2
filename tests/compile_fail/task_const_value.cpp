// expect: eddy: a Task gives its value away: write Task<T> in place of Task<const T>
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

eddy::Task<const int> wrong() { co_return 42; }
