// expect: a generator runs once, so it cannot be copied: write std::move\(source\)
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

auto wrong(eddy::AsyncGenerator<int>& source) { return source | eddy::take(2); }
