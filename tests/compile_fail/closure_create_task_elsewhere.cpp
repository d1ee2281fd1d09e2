// expect: compiles
// compiler: clang++
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

#include <cstddef>
#include <string>

eddy::Task<std::size_t> right(std::string text) {
  co_return co_await eddy::create_task([text]() -> eddy::Task<std::size_t> { co_return text.size(); });
}
