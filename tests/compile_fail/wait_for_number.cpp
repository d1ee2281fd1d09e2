// expect: eddy: a limit is 5s or nullopt: .*wait_for\(task, 5s\)
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

eddy::Task<int> answer() { co_return 42; }

eddy::Task<> wrong() { co_await eddy::wait_for(answer(), 5); }
