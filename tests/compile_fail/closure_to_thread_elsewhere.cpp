// expect: compiles
// compiler: clang++
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>
#include <eddy/threads.hpp>

#include <cstddef>
#include <string>

eddy::Task<std::size_t> right(std::string text) {
  co_return co_await eddy::to_thread([text]() -> std::size_t { return text.size(); });
}
