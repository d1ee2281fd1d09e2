// allocations(): how often this program has called `operator new`; see the testing kit.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/testing/allocations.hpp>

namespace test {
using eddy::testing::allocations;
}  // namespace test
