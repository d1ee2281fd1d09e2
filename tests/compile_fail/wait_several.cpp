// expect: eddy: wait takes a range: name it first: std::vector handles\{a, b\}
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

eddy::Task<> wrong(eddy::TaskHandle<int> a, eddy::TaskHandle<int> b) { co_await eddy::wait(a, b); }
