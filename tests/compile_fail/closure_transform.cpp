// expect: eddy: g\+\+ before 13 miscompiles a lambda with such captures.*eddy::own\(std::move\(f\)\)
// compiler: g++<13
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

#include <string>

eddy::AsyncGenerator<int> numbers() { co_yield 1; }

eddy::Task<> wrong(std::string text) {
  co_await (numbers() | eddy::transform([text](int) { return text.size(); })).next();
}
