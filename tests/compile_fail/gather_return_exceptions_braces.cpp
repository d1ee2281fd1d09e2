// expect: eddy: gather takes its tasks without braces: write gather\(return_exceptions, f\(\), g\(\)\)
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

eddy::Task<int> one();

eddy::Task<> wrong() { co_await eddy::gather(eddy::return_exceptions, {one(), one()}); }
