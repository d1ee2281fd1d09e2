// expect: eddy: g\+\+ before 13 miscompiles an array of such functions.*std::vector
// compiler: g++<13
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <string>

eddy::Task<> wrong(std::string text) {
  const auto size = [text]() -> eddy::Task<std::size_t> { co_return text.size(); };
  co_await eddy::staggered_race(std::array{size, size}, std::chrono::seconds(1));
}
