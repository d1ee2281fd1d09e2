// expect: eddy: this cannot be awaited
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

eddy::Task<> wrong(const eddy::Task<int>& task) { co_await task; }
