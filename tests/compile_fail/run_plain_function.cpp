// expect: eddy: this function gives nothing that can be awaited
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

int answer() { return 42; }

int main() { return eddy::run(answer); }
