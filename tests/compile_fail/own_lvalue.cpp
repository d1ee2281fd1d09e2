// expect: eddy: own\(\) moves its function: write own\(std::move\(f\)\)
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

#include <string>

auto wrong(std::string text) {
  auto size = [text] { return text.size(); };
  return eddy::own(size);  // std::move is missing
}
