// expect: eddy: a generator.s parameter of type T&& would dangle
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

#include <string>

eddy::AsyncGenerator<char> wrong(std::string&& text) {
  for (const char c : text) co_yield c;
}
