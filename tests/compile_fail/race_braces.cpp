// expect: eddy: race takes its tasks without braces: write race\(f\(\), g\(\)\)
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

eddy::Task<int> one();

eddy::Task<int> wrong() { co_return co_await eddy::race({one(), one()}); }
