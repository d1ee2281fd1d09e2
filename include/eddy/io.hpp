//
// TLS is in <eddy/io/tls.hpp>, which needs OpenSSL.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/io/attached_descriptor.hpp>
#include <eddy/io/descriptor.hpp>
#include <eddy/io/descriptor_stream.hpp>
#include <eddy/io/pipe.hpp>
#include <eddy/io/read_buffer.hpp>
#include <eddy/io/socket_stream.hpp>
#include <eddy/io/stream.hpp>
#include <eddy/io/stream_error.hpp>
#include <eddy/io/system_calls.hpp>
