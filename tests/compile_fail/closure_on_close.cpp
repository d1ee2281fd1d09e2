// expect: eddy: g\+\+ before 13 miscompiles a lambda with such captures.*eddy::own\(std::move\(f\)\)
// compiler: g++<13
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

#include <string>

eddy::Task<> close(std::string name);

eddy::AsyncGenerator<int> wrong(std::string name) {
  co_await eddy::on_close([name] { return close(name); });
  co_yield 1;
}
