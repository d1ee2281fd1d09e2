// The version of eddy, as macros for the preprocessor and as constants for programs.
//
// CMake reads the three numbers from here, so this file is the one place that names the version.
//
// SPDX-License-Identifier: MIT
#pragma once

#define EDDY_VERSION_MAJOR 0
#define EDDY_VERSION_MINOR 1
#define EDDY_VERSION_PATCH 0

/// The version as one number that grows with each release: 10000 * major + 100 * minor + patch.
#define EDDY_VERSION (EDDY_VERSION_MAJOR * 10000 + EDDY_VERSION_MINOR * 100 + EDDY_VERSION_PATCH)

#include <eddy/base/config.hpp>

namespace eddy::inline EDDY_ABI {

/// The version of the library that this program was compiled with.
struct Version {
  int major_number;  ///< rises when something that worked stops working
  int minor_number;  ///< rises when something is added
  int patch_number;  ///< rises when something is mended
};

/// The version of the headers in use; the macros `EDDY_VERSION_*` hold the same numbers.
inline constexpr Version version{EDDY_VERSION_MAJOR, EDDY_VERSION_MINOR, EDDY_VERSION_PATCH};

}  // namespace eddy::inline EDDY_ABI
