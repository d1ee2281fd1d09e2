// expect: eddy: a coroutine.s parameter of type T&& would dangle
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

#include <cstddef>
#include <string>

struct Client {
  eddy::Task<std::size_t> wrong(std::string&& text) {
    co_return text.size();
  }
};
