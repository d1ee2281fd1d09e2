// expect: the member is given back at once: keep the lease in a variable
// flags: -Werror=unused-result -Werror=unused-value
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>
#include <eddy/io/pool.hpp>

void wrong(eddy::Pool<int>& pool) { pool.try_acquire(); }
