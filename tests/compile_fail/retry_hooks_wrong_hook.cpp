// expect: eddy: RetryHooks takes before_wait\(const eddy::RetryAttempt&\)
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

eddy::Task<> fetch() { co_return; }

eddy::Task<> wrong() {
  co_await eddy::retry({.max_attempts = 2}, eddy::RetryHooks([](int) {}), fetch);
}
