// expect: eddy: gather takes its tasks without braces: write gather\(f\(\), g\(\)\)
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

eddy::Task<int> one();
eddy::Task<> two();

eddy::Task<> wrong() { co_await eddy::gather({one(), two()}); }
