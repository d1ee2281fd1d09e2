// Catch2 by way of the testing kit, which knows both of its versions. Tests include this header and no other of Catch2's.
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/testing/checks.hpp>
