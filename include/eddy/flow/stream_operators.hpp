// Stream operators: `source | transform(f) | filter(p) | take(n)`, each an AsyncGenerator made from another.
//
// These run in their consumer's turn and own what they read from. Those that run something beside it are in
// stream_concurrency.hpp.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/callable.hpp>
#include <eddy/flow/async_generator.hpp>

#include <cstddef>
#include <stdexcept>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace eddy::inline EDDY_ABI {

namespace detail {

// What stands behind `|`: a function from one generator to another.
template <class F>
class [[nodiscard("a stream operator does nothing until a generator is piped into it")]] StreamOperator {
 public:
  explicit StreamOperator(F make) : make_(std::move(make)) {}
  template <class T>
  auto apply(AsyncGenerator<T> source) && {
    return std::move(make_)(std::move(source));
  }

 private:
  F make_;
};

template <class T>
using ItemOf = std::conditional_t<std::is_reference_v<T>, T, std::remove_reference_t<T>&&>;

template <class F, class T>
constexpr bool check_stream_function() {
  static_assert(std::is_invocable_v<F&, T>, "eddy: this function cannot be called with an item of the stream piped into it");
  return std::is_invocable_v<F&, T>;
}

// What a function gives for an item, awaited if it gives an awaitable.
template <class F, class T>
struct Applied {
  using Given = std::invoke_result_t<F&, ItemOf<T>>;
  static constexpr bool kAwaits = Awaitable<Given>;
  template <class G, bool Awaits>
  struct Result {
    using Type = G;
  };
  template <class G>
  struct Result<G, true> {
    using Type = AwaitResult<G>;
  };
  using Type = typename Result<Given, kAwaits>::Type;
};

template <class F, class T>
AsyncGenerator<std::remove_cvref_t<typename Applied<F, T>::Type>> transform_stream(AsyncGenerator<T> source, F fn) {
  while (auto item = co_await source.next()) {
    if constexpr (Applied<F, T>::kAwaits) {
      auto given = co_await fn(static_cast<ItemOf<T>>(*item));
      co_yield std::move(given);
    } else {
      co_yield fn(static_cast<ItemOf<T>>(*item));
    }
  }
}

template <class F, class T>
AsyncGenerator<T> filter_stream(AsyncGenerator<T> source, F accept) {
  while (auto item = co_await source.next()) {
    bool accepted = false;
    if constexpr (Awaitable<std::invoke_result_t<F&, const std::remove_reference_t<T>&>>) {
      accepted = co_await accept(std::as_const(*item));
    } else {
      accepted = accept(std::as_const(*item));
    }
    if (accepted) co_yield static_cast<ItemOf<T>>(*item);
  }
}

template <class T>
AsyncGenerator<T> take_stream(AsyncGenerator<T> source, std::size_t count) {
  for (std::size_t taken = 0; taken < count; ++taken) {
    auto item = co_await source.next();
    if (!item) co_return;
    co_yield static_cast<ItemOf<T>>(*item);
  }
  co_await source.aclose();
}

template <class T>
AsyncGenerator<std::vector<T>> chunk_stream(AsyncGenerator<T> source, std::size_t size) {
  std::vector<T> chunk;
  while (auto item = co_await source.next()) {
    chunk.push_back(std::move(*item));
    if (chunk.size() < size) continue;
    co_yield std::exchange(chunk, {});
  }
  if (!chunk.empty()) co_yield std::move(chunk);
}

template <class T, class U>
AsyncGenerator<std::pair<T, U>> zip_streams(AsyncGenerator<T> left, AsyncGenerator<U> right) {
  for (;;) {
    auto first = co_await left.next();
    if (!first) break;
    auto second = co_await right.next();
    if (!second) break;
    co_yield std::pair<T, U>(std::move(*first), std::move(*second));
  }
  co_await left.aclose();
  co_await right.aclose();
}

}  // namespace detail

/// Pipes a generator, which is used up, into an operator.
template <class T, class F>
auto operator|(AsyncGenerator<T> source, detail::StreamOperator<F> stage) {
  return std::move(stage).apply(std::move(source));
}

/// Yields `fn(item)` for each item; what `fn` returns is awaited first if it is a Task or another awaitable. An error of
/// `fn` ends the stream with that error. Source: map.
template <class F>
auto transform(F&& fn) {
  detail::check_callable<F>();
  return detail::StreamOperator([fn = std::decay_t<F>(std::forward<F>(fn))]<class T>(AsyncGenerator<T> source) mutable {
    if constexpr (detail::check_stream_function<std::decay_t<F>, detail::ItemOf<T>>())
      return detail::transform_stream<std::decay_t<F>, T>(std::move(source), std::move(fn));
  });
}
/// Yields the items for which `accept(item)`, awaited if need be, is true.
template <class F>
auto filter(F&& accept) {
  detail::check_callable<F>();
  return detail::StreamOperator([fn = std::decay_t<F>(std::forward<F>(accept))]<class T>(AsyncGenerator<T> source) mutable {
    if constexpr (detail::check_stream_function<std::decay_t<F>, const std::remove_reference_t<T>&>())
      return detail::filter_stream<std::decay_t<F>, T>(std::move(source), std::move(fn));
  });
}
/// Yields the first `count` items, then closes the source and ends; for zero it does not even start the source.
inline auto take(std::size_t count) {
  return detail::StreamOperator(
      [count]<class T>(AsyncGenerator<T> source) { return detail::take_stream<T>(std::move(source), count); });
}
/// Yields vectors of `size` items; the last may be shorter, none is empty. Errors: std::invalid_argument for zero.
inline auto chunk(std::size_t size) {
  if (size == 0) throw std::invalid_argument("eddy: chunk needs a size of at least one");
  return detail::StreamOperator(
      [size]<class T>(AsyncGenerator<T> source) { return detail::chunk_stream<T>(std::move(source), size); });
}
/// Yields pairs of an item of each; ends with the shorter one and closes the other. The items are fetched one after the
/// other.
template <class T, class U>
AsyncGenerator<std::pair<T, U>> zip(AsyncGenerator<T> left, AsyncGenerator<U> right) {
  return detail::zip_streams<T, U>(std::move(left), std::move(right));
}

}  // namespace eddy::inline EDDY_ABI
