// expect: compiles
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

#include <cstddef>
#include <string>

eddy::Task<std::size_t> right(std::string& text) {
  // An `auto&&` that is bound to an lvalue is a T&.
  auto size = [](auto&& t) -> eddy::Task<std::size_t> { co_return t.size(); };
  co_return co_await size(text);
}
