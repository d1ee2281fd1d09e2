// expect: compiles
// compiler: clang++
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

#include <cstddef>
#include <string>

eddy::Task<> nothing() { co_return; }

eddy::Task<std::size_t> right(std::string text) {
  co_return co_await eddy::try_finally([text]() -> eddy::Task<std::size_t> { co_return text.size(); }, [] { return nothing(); });
}
