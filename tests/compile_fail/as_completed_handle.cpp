// expect: eddy: this takes a range of handles, such as a std::vector of them
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

void wrong(eddy::TaskHandle<int> handle) { (void)eddy::as_completed(handle); }
