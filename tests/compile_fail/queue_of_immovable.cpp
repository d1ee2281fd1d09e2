// expect: eddy: a queue or channel moves its items: this type cannot be moved
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

void wrong() { eddy::Queue<eddy::Lock> queue; }
