// expect: eddy: retry takes a policy, then the function, then its arguments: write retry\(\{\.max_attempts = 3\}, f, arguments\)
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

eddy::Task<int> fetch(int page);

eddy::Task<> wrong() { co_await eddy::retry(fetch, 1); }
