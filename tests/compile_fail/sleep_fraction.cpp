// expect: eddy: a delay has a unit: write sleep\(1s\)
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

eddy::Task<> wrong() { co_await eddy::sleep(0.5); }
