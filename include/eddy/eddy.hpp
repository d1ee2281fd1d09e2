// The umbrella of floors 0 to 3: the loop, tasks, combinators, synchronisation and flow.
//
// Threads (`to_thread`) are in <eddy/threads.hpp>, so that programs without them do not pay for the thread headers.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/awaitable.hpp>
#include <eddy/base/callable.hpp>
#include <eddy/base/callback.hpp>
#include <eddy/base/config.hpp>
#include <eddy/base/error.hpp>
#include <eddy/base/fwd.hpp>
#include <eddy/base/nested_error.hpp>
#include <eddy/base/outcome.hpp>
#include <eddy/base/scope_exit.hpp>
#include <eddy/base/time.hpp>
#include <eddy/base/version.hpp>
#include <eddy/combine/finally.hpp>
#include <eddy/combine/gather.hpp>
#include <eddy/combine/shield.hpp>
#include <eddy/combine/timeout.hpp>
#include <eddy/loop/event_loop.hpp>
#include <eddy/sync/semaphore.hpp>
#include <eddy/task/context_var.hpp>
#include <eddy/task/create_task.hpp>
#include <eddy/task/current_task.hpp>
#include <eddy/task/future.hpp>
#include <eddy/task/readiness.hpp>
#include <eddy/task/run.hpp>
#include <eddy/task/sleep.hpp>
#include <eddy/task/task.hpp>
#include <eddy/task/task_handle.hpp>
