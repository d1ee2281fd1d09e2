// The umbrella of floor 5: streams, sockets, files, processes and signals.
//
// TLS is in <eddy/io/tls.hpp>, which needs OpenSSL.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/io/attached_descriptor.hpp>
#include <eddy/io/child_process.hpp>
#include <eddy/io/descriptor.hpp>
#include <eddy/io/descriptor_stream.hpp>
#include <eddy/io/exit_status.hpp>
#include <eddy/io/pipe.hpp>
#include <eddy/io/process.hpp>
#include <eddy/io/process_options.hpp>
#include <eddy/io/process_spawn.hpp>
#include <eddy/io/read_buffer.hpp>
#include <eddy/io/run_process.hpp>
#include <eddy/io/socket_stream.hpp>
#include <eddy/io/standard_streams.hpp>
#include <eddy/io/stream.hpp>
#include <eddy/io/stream_error.hpp>
#include <eddy/io/system_calls.hpp>
