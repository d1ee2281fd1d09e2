// expect: eddy: an AsyncMock remembers a copy of each argument, so each must be copyable
// SPDX-License-Identifier: MIT
#include <eddy/testing/async_mock.hpp>

#include <memory>

eddy::testing::AsyncMock<int(std::unique_ptr<int>)> wrong;
