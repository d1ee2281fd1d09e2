// expect: eddy: this cannot be awaited
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

eddy::Task<> wrong(eddy::AsyncGenerator<int> source) { co_await source; }
