// expect: eddy: a task owns its function and arguments, and one of these cannot be copied: std::move it
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

#include <memory>

eddy::Task<> body(eddy::TaskGroup&, std::unique_ptr<int>) { co_return; }

eddy::Task<> wrong(std::unique_ptr<int> number) { co_await eddy::task_group(body, number); }
