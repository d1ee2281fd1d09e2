// expect: eddy: this can only be awaited inside an eddy::Task
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

#include <chrono>
#include <coroutine>

// A coroutine type that knows nothing of the library.
struct Foreign {
  struct promise_type {
    Foreign get_return_object() { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() {}
  };
};

Foreign wrong() {
  co_await eddy::sleep(std::chrono::seconds(1));
}
