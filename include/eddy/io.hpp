// The umbrella of floor 5: sockets and their addresses.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/io/host_port.hpp>
#include <eddy/io/resolver.hpp>
#include <eddy/io/socket_address.hpp>
