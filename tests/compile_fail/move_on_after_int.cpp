// expect: eddy: this can neither be awaited nor called
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

#include <chrono>

eddy::Task<> wrong() {
  co_await eddy::move_on_after(std::chrono::seconds(1), 42);
}
