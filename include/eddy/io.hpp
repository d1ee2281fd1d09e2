// The umbrella of floor 5: input and output.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/io/directory_walk.hpp>
#include <eddy/io/file.hpp>
#include <eddy/io/file_calls.hpp>
#include <eddy/io/file_contents.hpp>
#include <eddy/io/file_state.hpp>
#include <eddy/io/stream_error.hpp>
