// expect: eddy: this cannot be awaited
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

eddy::Task<> wrong(eddy::Lock& lock) { co_await lock; }
