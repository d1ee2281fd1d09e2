// The smallest program that runs a task; it says which eddy it was compiled with.
//
// SPDX-License-Identifier: MIT
#include <eddy/base/version.hpp>
#include <eddy/task/run.hpp>
#include <eddy/task/sleep.hpp>

#include <chrono>
#include <cstdio>

namespace {

eddy::Task<int> later(int value) {
  co_await eddy::sleep(std::chrono::milliseconds(1));
  co_return value;
}

}  // namespace

int main() {
  const auto [major, minor, patch] = eddy::version;
  std::printf("eddy %d.%d.%d: %d\n", major, minor, patch, eddy::run(later(7)));
}
