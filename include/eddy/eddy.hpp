// The umbrella of floors 0 to 3: the loop, tasks, combinators, synchronisation and flow.
//
// Threads (`to_thread`) are in <eddy/threads.hpp>, so that programs without them do not pay for the thread headers.
//
// In the order of the floors, so that compilers name few files before a sentence of the library.
//
// SPDX-License-Identifier: MIT
#pragma once

// clang-format off
#include <eddy/base/awaitable.hpp>
#include <eddy/base/callable.hpp>
#include <eddy/base/callback.hpp>
#include <eddy/base/config.hpp>
#include <eddy/base/error.hpp>
#include <eddy/base/exception_group.hpp>
#include <eddy/base/frame_allocator.hpp>
#include <eddy/base/fwd.hpp>
#include <eddy/base/intrusive_list.hpp>
#include <eddy/base/nested_error.hpp>
#include <eddy/base/outcome.hpp>
#include <eddy/base/reference.hpp>
#include <eddy/base/replace.hpp>
#include <eddy/base/scope_exit.hpp>
#include <eddy/base/time.hpp>
#include <eddy/base/version.hpp>
#include <eddy/loop/close_hooks.hpp>
#include <eddy/loop/context.hpp>
#include <eddy/loop/descriptor_callbacks.hpp>
#include <eddy/loop/descriptor_table.hpp>
#include <eddy/loop/event_loop.hpp>
#include <eddy/loop/exception_handler.hpp>
#include <eddy/loop/frame.hpp>
#include <eddy/loop/handle.hpp>
#include <eddy/loop/loop_core.hpp>
#include <eddy/loop/loop_hold.hpp>
#include <eddy/loop/reactor.hpp>
#include <eddy/loop/reactor_epoll.hpp>
#include <eddy/loop/reactor_poll.hpp>
#include <eddy/loop/ready_queue.hpp>
#include <eddy/loop/scheduler.hpp>
#include <eddy/loop/signal_handlers.hpp>
#include <eddy/loop/signal_wakeup.hpp>
#include <eddy/loop/task_details.hpp>
#include <eddy/loop/timer_queue.hpp>
#include <eddy/loop/wait_queue.hpp>
#include <eddy/loop/waiter.hpp>
#include <eddy/loop/waker.hpp>
#include <eddy/task/promise.hpp>
#include <eddy/task/task.hpp>
#include <eddy/task/task_handle.hpp>
#include <eddy/task/cancellation.hpp>
#include <eddy/task/child_group.hpp>
#include <eddy/task/context_var.hpp>
#include <eddy/task/create_task.hpp>
#include <eddy/task/current_task.hpp>
#include <eddy/task/done_callback.hpp>
#include <eddy/task/foreign_awaiter.hpp>
#include <eddy/task/future.hpp>
#include <eddy/task/misuse.hpp>
#include <eddy/task/readiness.hpp>
#include <eddy/task/run.hpp>
#include <eddy/task/run_loop.hpp>
#include <eddy/task/runner.hpp>
#include <eddy/task/sleep.hpp>
#include <eddy/task/task_tree.hpp>
#include <eddy/task/watcher.hpp>
#include <eddy/combine/as_completed.hpp>
#include <eddy/combine/concurrent_map.hpp>
#include <eddy/combine/finally.hpp>
#include <eddy/combine/gather.hpp>
#include <eddy/combine/race.hpp>
#include <eddy/combine/retry.hpp>
#include <eddy/combine/scope.hpp>
#include <eddy/combine/shield.hpp>
#include <eddy/combine/slot_group.hpp>
#include <eddy/combine/staggered_race.hpp>
#include <eddy/combine/task_group.hpp>
#include <eddy/combine/timeout.hpp>
#include <eddy/combine/wait.hpp>
#include <eddy/sync/barrier.hpp>
#include <eddy/sync/bounded_semaphore.hpp>
#include <eddy/sync/condition.hpp>
#include <eddy/sync/event.hpp>
#include <eddy/sync/latch.hpp>
#include <eddy/sync/lock.hpp>
#include <eddy/sync/once.hpp>
#include <eddy/sync/semaphore.hpp>
#include <eddy/sync/sync_waiter.hpp>
#include <eddy/flow/async_generator.hpp>
#include <eddy/flow/channel.hpp>
#include <eddy/flow/exchange.hpp>
#include <eddy/flow/generator_cleanup.hpp>
#include <eddy/flow/interval.hpp>
#include <eddy/flow/queue.hpp>
#include <eddy/flow/queue_storage.hpp>
#include <eddy/flow/stored_item.hpp>
#include <eddy/flow/stream_concurrency.hpp>
#include <eddy/flow/stream_operators.hpp>
// clang-format on
