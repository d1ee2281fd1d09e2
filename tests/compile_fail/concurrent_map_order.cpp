// expect: eddy: options have names, and the range comes first: write concurrent_map\(range, fn\) or \(range, fn, {.limit = 4}\)
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

#include <vector>

eddy::Task<int> square(int number) { co_return number * number; }

eddy::Task<> wrong(std::vector<int> numbers) { co_await eddy::concurrent_map(square, numbers); }
