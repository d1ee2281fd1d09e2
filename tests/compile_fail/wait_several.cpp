// expect: wait takes a range, such as a std::vector of handles
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

eddy::Task<> wrong(eddy::TaskHandle<int> a, eddy::TaskHandle<int> b) { co_await eddy::wait(a, b); }
