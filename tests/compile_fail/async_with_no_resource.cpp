// expect: eddy: async_with takes a resource .*aenter\(\)
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

eddy::Task<> body() { co_return; }

eddy::Task<> wrong() {
  int number = 42;
  co_await eddy::async_with(number, body);
}
