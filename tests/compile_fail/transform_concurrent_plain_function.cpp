// expect: eddy: this function gives nothing that can be awaited
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

#include <utility>

auto wrong(eddy::AsyncGenerator<int> source) {
  return std::move(source) | eddy::transform_concurrent([](int number) { return number; }, 4);
}
