// expect: eddy: an AsyncMock gives a value: let R be no reference
// SPDX-License-Identifier: MIT
#include <eddy/testing/async_mock.hpp>

eddy::testing::AsyncMock<int&()> wrong;
