// expect: eddy: retry needs the function that it is to call: write retry\(\{\.max_attempts = 3\}, f, arguments\)
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

eddy::Task<> wrong() { co_await eddy::retry({.max_attempts = 3}); }
