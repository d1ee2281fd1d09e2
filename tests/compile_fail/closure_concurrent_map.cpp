// expect: eddy: g\+\+ before 13 miscompiles a lambda with such captures.*eddy::own\(std::move\(f\)\)
// compiler: g++<13
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

#include <cstddef>
#include <string>
#include <vector>

eddy::Task<std::vector<std::size_t>> wrong(std::vector<int> numbers, std::string text) {
  co_return co_await eddy::concurrent_map(numbers, [text](int) -> eddy::Task<std::size_t> { co_return text.size(); });
}
