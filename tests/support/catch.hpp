// The one place that knows which Catch2 is there: 3 has many headers, 2.13 (Debian 12) a single one.
// Tests include this header and no other of Catch2's.
// SPDX-License-Identifier: MIT
#pragma once

#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
#else
#include <catch2/catch.hpp>
#endif
