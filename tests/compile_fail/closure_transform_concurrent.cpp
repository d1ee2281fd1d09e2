// expect: eddy: g\+\+ before 13 miscompiles a lambda with such captures.*eddy::own\(std::move\(f\)\)
// compiler: g++<13
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

#include <cstddef>
#include <string>

eddy::AsyncGenerator<int> numbers() { co_yield 1; }
eddy::Task<std::size_t> size_of(std::string text) { co_return text.size(); }

eddy::Task<> wrong(std::string text) {
  co_await (numbers() | eddy::transform_concurrent([text](int) { return size_of(text); }, 2)).next();
}
