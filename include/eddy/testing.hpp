// The testing kit: test cases that are coroutines, on a clock that jumps; fixtures, mocks, sweeps. Needs Catch2, 2.13 or 3.
//
// Without Catch2, include the headers of testing/ one by one: all but checks.hpp and test_case.hpp do without it.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/testing/allocations.hpp>
#include <eddy/testing/async_mock.hpp>
#include <eddy/testing/blocked.hpp>
#include <eddy/testing/checks.hpp>
#include <eddy/testing/fixture.hpp>
#include <eddy/testing/leak_check.hpp>
#include <eddy/testing/order.hpp>
#include <eddy/testing/run_test.hpp>
#include <eddy/testing/sequencer.hpp>
#include <eddy/testing/sweep.hpp>
#include <eddy/testing/test_case.hpp>
#include <eddy/testing/virtual_clock.hpp>
