// std::reference_wrapper and std::ref without <functional>, which brings half of the standard library with it.
//
// SPDX-License-Identifier: MIT
#pragma once

#if __has_include(<bits/refwrap.h>)
#include <bits/refwrap.h>
#elif __has_include(<__functional/reference_wrapper.h>)
#include <__functional/reference_wrapper.h>
#else
#include <memory>
#endif
