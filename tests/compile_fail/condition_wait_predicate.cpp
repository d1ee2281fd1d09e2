// expect: eddy: a predicate is waited for by co_await condition.wait_for\(predicate\)
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

eddy::Task<> wrong(eddy::Condition& condition) {
  co_await condition.wait([] { return true; });
}
