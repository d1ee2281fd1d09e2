// expect: eddy: a pool's factory is a coroutine function that gives a member
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>
#include <eddy/io/pool.hpp>

int make_member() { return 1; }

void wrong() { eddy::Pool<int> pool(make_member); }
