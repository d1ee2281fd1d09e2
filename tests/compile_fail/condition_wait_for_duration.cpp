// expect: eddy: the predicate of Condition::wait_for takes no arguments
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

#include <chrono>

eddy::Task<> wrong(eddy::Condition& condition) {
  co_await condition.wait_for(std::chrono::seconds(1));
}
