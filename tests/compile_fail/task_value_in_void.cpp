// expect: return_value
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

eddy::Task<> wrong() {
  co_return 42;
}
