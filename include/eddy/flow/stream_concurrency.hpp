// buffered, transform_concurrent and merge: stream operators that run something beside their consumer.
//
// What they run, what it reads from and the function belong to tasks of the loop. Dropping the generator cancels those
// tasks, and the loop ends them in its own time, for nothing refers to the consumer; debug mode reports it. `aclose`
// cancels them, too, and waits for the reading.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/flow/async_generator.hpp>
#include <eddy/flow/queue.hpp>
#include <eddy/flow/stream_operators.hpp>
#include <eddy/loop/context.hpp>
#include <eddy/loop/event_loop.hpp>
#include <eddy/task/create_task.hpp>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <optional>
#include <stdexcept>
#include <type_traits>
#include <utility>
#include <vector>

namespace eddy::inline EDDY_ABI {

namespace detail {

// Items on their way from pumps, which are tasks of the loop, to one generator.
template <class T>
struct StreamBuffer {
  explicit StreamBuffer(std::size_t size) : queue(size) {}
  std::uint32_t references = 0;
  Queue<T> queue;
  std::size_t pumps = 0;
  std::exception_ptr error;
  bool abandoned = false;  // nobody reads any more; a pump that was woken just before still looks here

  // A pump has ended; the last one, and one that failed, ends the stream.
  void pump_ended(std::exception_ptr failed) noexcept {
    --pumps;
    if (failed && (error || abandoned)) {
      report_lost(std::move(failed));
    } else if (failed) {
      error = std::move(failed);
    }
    if (pumps == 0 || error) queue.shutdown();
  }
  void throw_error() {
    if (error) std::rethrow_exception(std::exchange(error, nullptr));
  }
  void abandon() noexcept {
    abandoned = true;
    if (error) report_lost(std::exchange(error, nullptr));
  }

 private:
  // An error that no consumer can get any more.
  static void report_lost(std::exception_ptr lost) noexcept {
    if (is_cancelled_error(lost)) return;
    report(running_loop_slot(), "a source of a stream failed when nobody read from it any more", std::move(lost));
  }
};

// Tells the buffer how a pump ended. One that somebody cancelled must not look like one that has read everything.
template <class T>
class PumpEnd {
 public:
  explicit PumpEnd(LocalPointer<StreamBuffer<T>> buffer) : buffer_(std::move(buffer)) {}
  PumpEnd(const PumpEnd&) = delete;
  PumpEnd& operator=(const PumpEnd&) = delete;
  ~PumpEnd() {
    if (!ended_) buffer_->pump_ended(make_error<CancelledError>("a task that reads for a stream was cancelled"));
  }
  void ended(std::exception_ptr error) noexcept {
    ended_ = true;
    buffer_->pump_ended(std::move(error));
  }

 private:
  LocalPointer<StreamBuffer<T>> buffer_;
  bool ended_ = false;
};

struct Pumps {
  std::uint32_t references = 0;
  std::vector<TaskHandle<>> tasks;
};

// Waits for pumps that have ended or were cancelled.
template <class P>
Task<> pumps_ended(LocalPointer<P> pumps) {
  for (const auto& pump : pumps->tasks) {
    try {
      co_await pump;
    } catch (const CancelledError&) {
    }
  }
}

// Cancels the pumps when the generator that reads from them goes.
template <class T>
class PumpGuard {
 public:
  PumpGuard(LocalPointer<StreamBuffer<T>> buffer, LocalPointer<Pumps> pumps) : buffer_(std::move(buffer)), pumps_(std::move(pumps)) {}
  PumpGuard(const PumpGuard&) = delete;
  PumpGuard& operator=(const PumpGuard&) = delete;
  ~PumpGuard() {
    buffer_->abandon();
    for (auto& pump : pumps_->tasks) pump.cancel(Location());
  }

 private:
  LocalPointer<StreamBuffer<T>> buffer_;
  LocalPointer<Pumps> pumps_;
};

template <class T>
Task<> pump_stream(LocalPointer<StreamBuffer<T>> buffer, AsyncGenerator<T> source) {
  PumpEnd<T> end(buffer);
  std::exception_ptr error;
  try {
    while (auto item = co_await source.next()) {
      bool refused = false;
      try {
        co_await buffer->queue.put(std::move(*item));
      } catch (const QueueShutDown&) {
        refused = true;  // another pump has failed, which ends the stream
      }
      if (refused) break;
    }
  } catch (...) {
    error = std::current_exception();
  }
  end.ended(std::move(error));
}

template <class T>
AsyncGenerator<T> read_buffer(std::vector<AsyncGenerator<T>> sources, std::size_t size) {
  const LocalPointer<StreamBuffer<T>> buffer(new StreamBuffer<T>(size));
  const LocalPointer<Pumps> pumps(new Pumps);
  const auto ended = [pumps] { return pumps_ended(pumps); };
  co_await on_close(ended);
  const PumpGuard<T> guard(buffer, pumps);
  buffer->pumps = sources.size();
  pumps->tasks.reserve(sources.size());
  for (auto& source : sources) pumps->tasks.push_back(create_task(pump_stream<T>(buffer, std::move(source))));
  for (;;) {
    std::optional<T> item;
    try {
      item.emplace(co_await buffer->queue.get());
    } catch (const QueueShutDown&) {
    }
    if (!item) break;
    co_yield std::move(*item);
  }
  buffer->throw_error();
}

template <class F, class T>
using ConcurrentResult = AwaitResult<std::invoke_result_t<F&, std::remove_cvref_t<T>>>;

// One call of the function, with its own copy of nothing: the function is shared by all calls.
template <class F>
struct SharedFunction {
  explicit SharedFunction(F function) : fn(std::move(function)) {}
  std::uint32_t references = 0;
  F fn;
};

template <class F, class T>
Task<ConcurrentResult<F, T>> call_shared(LocalPointer<SharedFunction<F>> shared, T item) {
  co_return co_await shared->fn(std::move(item));
}

// Starts a call for each item; a place in the queue is taken before the call starts, so it bounds the calls that run.
template <class F, class T, class Place>
Task<> pump_calls(LocalPointer<StreamBuffer<TaskHandle<ConcurrentResult<F, T>>>> buffer, LocalPointer<StreamBuffer<Place>> places,
                  AsyncGenerator<T> source, LocalPointer<SharedFunction<F>> shared) {
  PumpEnd<TaskHandle<ConcurrentResult<F, T>>> end(buffer);
  std::exception_ptr error;
  try {
    while (auto item = co_await source.next()) {
      co_await places->queue.put(Place{});
      if (buffer->abandoned) break;
      buffer->queue.put_nowait(create_task(call_shared<F, T>(shared, std::move(*item))));
    }
  } catch (...) {
    error = std::current_exception();
  }
  end.ended(std::move(error));
}

// Cancels the calls whose results nobody will ask for.
template <class T>
struct CallGuard {
  explicit CallGuard(LocalPointer<StreamBuffer<TaskHandle<T>>> calls) : buffer(std::move(calls)) {}
  CallGuard(const CallGuard&) = delete;
  CallGuard& operator=(const CallGuard&) = delete;
  ~CallGuard() {
    if (current.valid()) current.cancel(Location());
    while (!buffer->queue.empty()) buffer->queue.get_nowait().cancel(Location());
  }
  LocalPointer<StreamBuffer<TaskHandle<T>>> buffer;
  TaskHandle<T> current;
};

template <class F, class T, class Place = Unit>
AsyncGenerator<ConcurrentResult<F, T>> transform_concurrently(AsyncGenerator<T> source, F fn, std::size_t limit) {
  using Result = ConcurrentResult<F, T>;
  const LocalPointer<StreamBuffer<TaskHandle<Result>>> buffer(new StreamBuffer<TaskHandle<Result>>(0));
  const LocalPointer<StreamBuffer<Place>> places(new StreamBuffer<Place>(limit));
  const LocalPointer<SharedFunction<F>> shared(new SharedFunction<F>(std::move(fn)));
  const LocalPointer<Pumps> pumps(new Pumps);
  const auto ended = [pumps] { return pumps_ended(pumps); };
  co_await on_close(ended);
  CallGuard<Result> calls(buffer);
  const PumpGuard<TaskHandle<Result>> guard(buffer, pumps);
  buffer->pumps = 1;
  pumps->tasks.reserve(1);
  pumps->tasks.push_back(create_task(pump_calls<F, T>(buffer, places, std::move(source), shared)));
  for (;;) {
    try {
      calls.current = co_await buffer->queue.get();
    } catch (const QueueShutDown&) {
      break;
    }
    co_await calls.current;  // which stays in the guard meanwhile: a cancel that is in force already is not forwarded
    Result result = co_await std::exchange(calls.current, TaskHandle<Result>());
    (void)places->queue.get_nowait();
    co_yield std::move(result);
  }
  buffer->throw_error();
}

}  // namespace detail

/// Reads up to `size` items ahead while the consumer is busy; order and errors stay. Dropping the generator cancels the
/// reading. Errors: std::invalid_argument for zero.
inline auto buffered(std::size_t size) {
  if (size == 0) throw std::invalid_argument("eddy: buffered needs room for at least one item");
  return detail::StreamOperator([size]<class T>(AsyncGenerator<T> source) {
    std::vector<AsyncGenerator<T>> sources;
    sources.push_back(std::move(source));
    return detail::read_buffer<T>(std::move(sources), size);
  });
}
/// Yields what `fn(item)`, a coroutine function that gives a value, gives for each item, in the order of the items, with up
/// to `limit` calls running or waiting to be consumed. The first error, in that order, ends the stream; the calls behind
/// it are cancelled, as they are when the generator is dropped. Errors: std::invalid_argument for a limit of zero.
/// Source: futures::StreamExt::buffered.
template <class F>
auto transform_concurrent(F&& fn, std::size_t limit) {
  if (limit == 0) throw std::invalid_argument("eddy: transform_concurrent needs a limit of at least one");
  detail::check_callable<F>();
  return detail::StreamOperator([fn = std::decay_t<F>(std::forward<F>(fn)), limit]<class T>(AsyncGenerator<T> source) mutable {
    if constexpr (detail::check_stream_function<std::decay_t<F>, detail::ItemOf<T>>()) {
      if constexpr (detail::check_gives_awaitable<std::decay_t<F>&, detail::ItemOf<T>>())
        return detail::transform_concurrently<std::decay_t<F>, T>(std::move(source), std::move(fn), limit);
    }
  });
}
/// Yields the items of all sources as they come, one item of each read ahead; ends when all have ended. The first error
/// ends it and cancels the other sources. Source: aiostream.stream.merge.
template <class T, class... More>
  requires(std::is_same_v<T, More> && ...)
AsyncGenerator<T> merge(AsyncGenerator<T> first, AsyncGenerator<More>... more) {
  std::vector<AsyncGenerator<T>> sources;
  sources.push_back(std::move(first));
  (sources.push_back(std::move(more)), ...);
  return detail::read_buffer<T>(std::move(sources), sources.size());
}

}  // namespace eddy::inline EDDY_ABI
