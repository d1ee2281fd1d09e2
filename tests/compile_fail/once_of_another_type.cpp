// expect: eddy: the value of this Once cannot be made from what the function gives
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

#include <string>

eddy::Task<int> answer() { co_return 42; }

eddy::Task<> wrong(eddy::Once<std::string*>& once) { co_await once.call(answer); }
