// expect: eddy: this function cannot be called with an item of the stream piped into it
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

#include <string>
#include <utility>

auto wrong(eddy::AsyncGenerator<int> source) {
  return std::move(source) | eddy::filter([](std::string) { return true; });
}
