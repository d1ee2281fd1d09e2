// throw_displacing: one exception takes the place of another, and the displaced one stays attached to it.
//
// Used where a cleanup fails after its body had failed, and where the end of `run` has to report over main's outcome.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/error.hpp>

#include <exception>
#include <new>
#include <stdexcept>
#include <system_error>
#include <utility>
#if defined(__cpp_rtti)
#include <typeinfo>
#endif

namespace eddy::inline EDDY_ABI::detail {

#if defined(__cpp_rtti)
// What std::throw_with_nested throws; that one costs each includer a lot to compile.
template <class E>
class WithNested : public E, public std::nested_exception {
 public:
  explicit WithNested(const E& error) : E(error) {}
};

// std::nested_exception needs the static type, and an exception_ptr hides it: so each type is tried, exactly, since a copy
// of a base class would lose the rest of the object.
template <class E>
void throw_nested_if_exactly(const std::exception& error) {
  if (typeid(error) == typeid(E)) throw WithNested<E>(static_cast<const E&>(error));
}

template <class... Es>
void throw_nested_if_any(const std::exception_ptr& error, const std::exception_ptr& displaced) {
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& e) {
    try {
      std::rethrow_exception(displaced);
    } catch (...) {  // inside, a std::nested_exception takes the displaced one
      (throw_nested_if_exactly<Es>(e), ...);
    }
  } catch (...) {
  }
}
#endif

// Throws `error`, with `displaced` nested into it (std::rethrow_if_nested finds it) when its type is one of the
// standard library's or eddy's. Another type cannot be copied with its type kept: then `report(displaced)` is called
// first, so that it does not vanish.
template <class Report>
[[noreturn]] void throw_displacing(std::exception_ptr error, std::exception_ptr displaced, Report report) {
  if (displaced) {
#if defined(__cpp_rtti)
    throw_nested_if_any<std::runtime_error, std::logic_error, std::invalid_argument, std::out_of_range,
                        std::length_error, std::domain_error, std::range_error, std::overflow_error,
                        std::underflow_error, std::system_error, std::bad_alloc, RuntimeError, TimeoutError,
                        CancelledError, InvalidStateError, LoopClosed, BusyResourceError, NoRunningLoop, DeadlockError,
                        KeyboardInterrupt>(error, displaced);
#endif
    report(std::move(displaced));
  }
  std::rethrow_exception(std::move(error));
}

}  // namespace eddy::inline EDDY_ABI::detail
