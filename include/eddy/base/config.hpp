// What the library assumes of the platform, and every compiler workaround, in one place.
//
// Nothing else in the library asks which compiler it is built with. Each workaround names the hazard and the version
// that ends it.
//
// SPDX-License-Identifier: MIT
#pragma once

#if !defined(__linux__)
#error "eddy supports Linux: its reactors are epoll(7) and poll(2)."
#endif
#if !defined(__cpp_impl_coroutine) && !defined(__cpp_coroutines)
#error "eddy needs C++20 coroutines: compile with -std=c++20 or later."
#endif

#if defined(EDDY_SINGLE_HEADER)  // defined at its end
#error "eddy: a header of <eddy/...> follows eddy_single.hpp, which holds all of them; include one of the two only."
#endif

#if defined(__SANITIZE_ADDRESS__)
#define EDDY_ASAN 1
#elif defined(__SANITIZE_THREAD__)
#define EDDY_TSAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define EDDY_ASAN 1
#elif __has_feature(thread_sanitizer)
#define EDDY_TSAN 1
#elif __has_feature(memory_sanitizer)
#define EDDY_MSAN 1
#endif
#endif

// EDDY_PLAIN_NEW: define it to give every coroutine frame its own `operator new`, so that memory tools see each one.
// Sanitizers imply it. It changes the library's layout and inline bodies, therefore the name of the inline namespace
// below changes with it: units built differently fail to link instead of misbehaving.
#if defined(EDDY_ASAN)
#define EDDY_ABI v0_asan
#elif defined(EDDY_TSAN)
#define EDDY_ABI v0_tsan
#elif defined(EDDY_MSAN)
#define EDDY_ABI v0_msan
#elif defined(EDDY_PLAIN_NEW)
#define EDDY_ABI v0_plain
#else
#define EDDY_ABI v0
#define EDDY_FRAME_POOL 1
#endif

// The types of parameters are part of a function's mangled name, that of the result is not. So the namespace's name is a
// tag of its types as well: functions that return one and variables of one carry it, also those of programs.
#define EDDY_TEXT_OF(name) #name
#define EDDY_TAG(name) __attribute__((abi_tag(EDDY_TEXT_OF(name))))
namespace eddy {
inline namespace EDDY_ABI EDDY_TAG(EDDY_ABI) {}
}  // namespace eddy

#define EDDY_NOINLINE __attribute__((noinline))
#define EDDY_COLD __attribute__((noinline, cold))
#define EDDY_INLINE inline __attribute__((always_inline))

#if defined(__clang__)
#define EDDY_CLANG __clang_major__
#else
#define EDDY_GCC __GNUC__
#endif

// Symmetric transfer is a tail call on clang with every flag. On g++ it is one only at -O2, and sanitizers switch it off
// again, which no macro tells; a chain of hand-overs would then grow the stack. So g++ hands over directly a bounded
// number of times and then returns to the loop's driver. (GCC bug 100897; no version ends it.)
#if defined(EDDY_GCC)
#define EDDY_HOP_BUDGET 200
#endif

// clang before 18 may write to the frame after await_suspend has handed it over (llvm#56301), unless it is not inlined.
#if defined(EDDY_CLANG) && EDDY_CLANG < 18
#define EDDY_SUSPEND EDDY_NOINLINE
#else
#define EDDY_SUSPEND
#endif

// g++ 11 and 12 lay out the frame wrongly when a bare `co_await` is the condition of if, while or switch in a coroutine
// whose outermost block declares no local (seen on 12.2; gone in 13). Each promise checks where it was put.
#if defined(EDDY_GCC) && EDDY_GCC < 13
#define EDDY_CHECK_FRAME_LAYOUT 1
// g++ 11 and 12 relocate aggregate and closure prvalues, and those that `?:` chooses, bit by bit in a full expression that
// contains co_await (gone in 13): callables that are not trivially copyable are refused as rvalues, see
// base/callable.hpp, and a Task that was relocated stops the program, see task/task.hpp.
#define EDDY_CLOSURE_PRVALUES_BREAK 1
#endif

namespace eddy::inline EDDY_ABI::detail {

// The condition of a static_assert in what is there to refuse a wrong use with a sentence, whatever its arguments are.
template <class...>
inline constexpr bool always_false = false;

}  // namespace eddy::inline EDDY_ABI::detail
