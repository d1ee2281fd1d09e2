// expect: eddy: g\+\+ before 13 miscompiles a lambda with such captures.*eddy::own\(std::move\(f\)\)
// compiler: g++<13
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

#include <cstddef>
#include <string>

eddy::Task<> nothing() { co_return; }

eddy::Task<std::size_t> wrong(std::string text) {
  co_return co_await eddy::try_finally([text]() -> eddy::Task<std::size_t> { co_return text.size(); }, [] { return nothing(); });
}
