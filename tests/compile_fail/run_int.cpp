// expect: eddy: this function cannot be called
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

int main() { eddy::run(42); }
