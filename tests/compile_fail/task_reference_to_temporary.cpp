// expect: eddy: a reference to a temporary would dangle
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

#include <string>

eddy::Task<const std::string&> wrong() {
  co_return std::string("a temporary");
}
