// expect: a loop stays where it is: write auto& loop = get_running_loop\(\)
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

void wrong() { auto loop = eddy::get_running_loop(); }
