// expect: eddy: retry takes a policy, then the function, then its arguments: write retry\(\{\.max_attempts = 3\}, f, arguments\)
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

eddy::Task<int> fetch();

eddy::Task<> wrong() { co_await eddy::retry(3, fetch); }
