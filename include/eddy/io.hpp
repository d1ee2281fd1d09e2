// The umbrella of floor 5: input and output, and what is built around it.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/io/foreign.hpp>
#include <eddy/io/pool.hpp>
#include <eddy/io/signal.hpp>
