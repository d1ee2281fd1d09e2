// expect: eddy: g\+\+ before 13 miscompiles a lambda with such captures.*eddy::own\(std::move\(f\)\)
// compiler: g++<13
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

#include <cstddef>
#include <string>

eddy::Task<std::size_t> wrong(eddy::TaskGroup& group, std::string text) {
  co_return co_await group.start<std::size_t>([text](eddy::FutureSetter<std::size_t> started) -> eddy::Task<> {
    started(text.size());
    co_return;
  });
}
