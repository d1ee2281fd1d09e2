// expect: eddy: as_completed takes a range: name it first: std::vector handles\{a, b\}
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

void wrong(eddy::TaskHandle<> a, eddy::TaskHandle<> b) { auto order = eddy::as_completed({a, b}); }
