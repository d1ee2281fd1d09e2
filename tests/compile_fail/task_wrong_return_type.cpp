// expect: eddy: what co_return is given here cannot be converted
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

eddy::Task<int> wrong() {
  co_return "forty-two";
}
