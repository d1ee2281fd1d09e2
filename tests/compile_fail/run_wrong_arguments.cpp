// expect: eddy: this function cannot be called with these arguments
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

eddy::Task<int> answer(int) { co_return 42; }

int main() { return eddy::run(answer); }
