// What the two units of a program share. Each includes more of eddy: headers of its own, or the single one, which has all.
//
// SPDX-License-Identifier: MIT
#pragma once

#if defined(UNITS_OF_SINGLE_HEADER)
#include <eddy_single.hpp>
#else
#include <eddy/eddy.hpp>
#endif

#include <string>

eddy::Task<int> sum(eddy::Queue<int>& queue, int count);
eddy::Task<std::string> said_over_a_pipe(std::string words);
