// expect: eddy: a coroutine.s parameter of type T&& would dangle
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

#include <cstddef>
#include <string>

auto wrong() {
  auto size = [](auto&& text) -> eddy::Task<std::size_t> { co_return text.size(); };
  return size(std::string("text"));
}
