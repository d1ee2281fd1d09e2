// expect: eddy: this function gives a value: call it by a Once<T>, which keeps it
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

eddy::Task<int> answer() { co_return 42; }

eddy::Task<> wrong(eddy::Once<>& once) { co_await once.call(answer); }
