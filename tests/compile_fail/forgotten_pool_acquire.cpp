// expect: nothing is acquired until this is awaited: co_await it
// flags: -Werror=unused-result -Werror=unused-value
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>
#include <eddy/io/pool.hpp>

void wrong(eddy::Pool<int>& pool) { pool.acquire(); }
