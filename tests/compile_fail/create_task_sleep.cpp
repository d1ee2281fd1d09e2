// expect: eddy: this is no function: what can only be awaited.*is given in a lambda
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

#include <chrono>

void wrong() { eddy::create_task(eddy::sleep(std::chrono::seconds(1))); }
