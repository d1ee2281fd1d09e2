// expect: eddy: this is no function: what can only be awaited.*is given in a lambda
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

void wrong(eddy::TaskHandle<int> handle) { eddy::create_task(handle); }
