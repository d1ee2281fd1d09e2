// expect: eddy: a task owns its function and arguments, and one of these cannot be copied: std::move it
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

#include <chrono>
#include <memory>

eddy::Task<> work(std::unique_ptr<int>) { co_return; }

eddy::Task<> wrong(std::unique_ptr<int> number) { co_await eddy::timeout(std::chrono::seconds(1), work, number); }
