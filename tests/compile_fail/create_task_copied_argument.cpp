// expect: eddy: a task owns its function and arguments, and one of these cannot be copied: std::move it
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

#include <memory>

eddy::Task<> work(std::unique_ptr<int>) { co_return; }

void wrong(std::unique_ptr<int> number) { eddy::create_task(work, number); }
