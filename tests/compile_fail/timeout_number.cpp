// expect: eddy: a limit is 5s or nullopt: timeout\(5s, task\)
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

eddy::Task<int> answer() { co_return 42; }

eddy::Task<> wrong() { co_await eddy::timeout(5, answer()); }
