// expect: a generator runs once, so it cannot be copied: write std::move\(source\)
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

void wrong(eddy::AsyncGenerator<int>& source) { auto copy = source; }
