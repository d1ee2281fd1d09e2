// expect: eddy: g\+\+ before 13 miscompiles a lambda with such captures.*eddy::own\(std::move\(f\)\)
// compiler: g++<13
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

#include <cstddef>
#include <string>

struct Resource {
  eddy::Task<> aenter();
  eddy::Task<> aexit();
};

eddy::Task<std::size_t> wrong(Resource& resource, std::string text) {
  co_return co_await eddy::async_with(resource, [text]() -> eddy::Task<std::size_t> { co_return text.size(); });
}
