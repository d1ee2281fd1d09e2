// expect: eddy: a queue or channel holds objects: for references use pointers
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

void wrong() { eddy::Queue<int&> queue; }
