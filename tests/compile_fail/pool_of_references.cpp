// expect: eddy: the members of a pool are objects that can be moved: for others use std::unique_ptr
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>
#include <eddy/io/pool.hpp>

eddy::Task<int&> make_member();

void wrong() { eddy::Pool<int&> pool(make_member); }
