// expect: eddy: this function cannot be called .* \(give the function, not what it returned\)
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>
#include <eddy/threads.hpp>

int answer();

eddy::Task<> wrong() { co_await eddy::to_thread(answer()); }
