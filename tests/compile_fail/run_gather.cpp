// expect: eddy: this is no function: what can only be awaited.*is given in a lambda
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

eddy::Task<int> answer() { co_return 42; }

void wrong() { eddy::run(eddy::gather(answer(), answer())); }
