// LeakOnPurpose: a scope whose allocations a leak checker overlooks.
//
// Frames that are stuck when their loop ends are left alone on purpose, and so are lost.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/config.hpp>

#if defined(EDDY_ASAN)
#include <sanitizer/lsan_interface.h>
#endif

namespace test {

struct LeakOnPurpose {
#if defined(EDDY_ASAN)
  LeakOnPurpose() { __lsan_disable(); }
  ~LeakOnPurpose() { __lsan_enable(); }
#else
  LeakOnPurpose() {}
  ~LeakOnPurpose() {}
#endif
  LeakOnPurpose(const LeakOnPurpose&) = delete;
  LeakOnPurpose& operator=(const LeakOnPurpose&) = delete;
};

}  // namespace test
