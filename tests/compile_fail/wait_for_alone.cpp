// expect: eddy: wait_for takes what is awaited, then the limit: write co_await wait_for\(work\(\), 1s\)
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

eddy::Task<> work();

eddy::Task<> wrong() { co_await eddy::wait_for(work()); }
