// expect: eddy: an eddy::Lock is awaited: write auto guard = co_await lock.scoped\(\);
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

#include <mutex>

void wrong(eddy::Lock& lock) { const std::lock_guard guard(lock); }
