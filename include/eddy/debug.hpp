// Looking into a running program: who waits for whom, why a task was cancelled, how an error came, a trace of everything.
//
// It is a side door: no floor includes it. What it looks at is there anyway, and a program that does not look pays nothing.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/debug/call_graph.hpp>
#include <eddy/debug/cancel_cause.hpp>
#include <eddy/debug/loop_watch.hpp>
#include <eddy/debug/recorder.hpp>
#include <eddy/debug/trace.hpp>
#include <eddy/debug/trace_file.hpp>
