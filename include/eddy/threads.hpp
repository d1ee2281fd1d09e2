// The umbrella of floor 4: thread pools, and blocking work in them.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/threads/default_executor.hpp>
#include <eddy/threads/thread_pool.hpp>
#include <eddy/threads/threadsafe.hpp>
#include <eddy/threads/to_thread.hpp>
