// expect: eddy: a queue or channel holds objects: .*leave out const
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

void wrong() { eddy::Queue<const int> queue; }
