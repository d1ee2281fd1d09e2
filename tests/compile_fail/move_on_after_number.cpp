// expect: eddy: a limit is 5s or nullopt: .*move_on_after\(5s, task\)
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

eddy::Task<int> answer() { co_return 42; }

eddy::Task<> wrong() { co_await eddy::move_on_after(5, answer()); }
