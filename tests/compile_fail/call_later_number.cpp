// expect: eddy: a delay has a unit: write .*call_later\(1s, callback\)
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

void wrong(eddy::EventLoop& loop) { loop.call_later(5, [] {}); }
