// expect: eddy: g\+\+ before 13 miscompiles a lambda with such captures.*eddy::own\(std::move\(f\)\)
// compiler: g++<13
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

#include <string>

eddy::Task<> wrong(eddy::Condition& condition, std::string text) {
  co_await condition.wait_for([text] { return text.empty(); });
}
