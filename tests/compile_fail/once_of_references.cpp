// expect: eddy: a Once keeps a value: for something that lives elsewhere use a pointer
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

eddy::Once<int&> wrong;
