// The umbrella of floor 5: streams, sockets, files, processes, signals and pools.
//
// TLS is in <eddy/io/tls.hpp>, which needs OpenSSL.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/io/adopted_descriptors.hpp>
#include <eddy/io/attached_descriptor.hpp>
#include <eddy/io/child_process.hpp>
#include <eddy/io/descriptor.hpp>
#include <eddy/io/descriptor_stream.hpp>
#include <eddy/io/directory_walk.hpp>
#include <eddy/io/exit_status.hpp>
#include <eddy/io/file.hpp>
#include <eddy/io/file_calls.hpp>
#include <eddy/io/file_contents.hpp>
#include <eddy/io/file_state.hpp>
#include <eddy/io/foreign.hpp>
#include <eddy/io/host_port.hpp>
#include <eddy/io/listener.hpp>
#include <eddy/io/memory_pipe.hpp>
#include <eddy/io/memory_stream.hpp>
#include <eddy/io/named_pipe.hpp>
#include <eddy/io/pipe.hpp>
#include <eddy/io/pool.hpp>
#include <eddy/io/pool_core.hpp>
#include <eddy/io/pool_parts.hpp>
#include <eddy/io/process.hpp>
#include <eddy/io/process_options.hpp>
#include <eddy/io/process_spawn.hpp>
#include <eddy/io/read_buffer.hpp>
#include <eddy/io/resolver.hpp>
#include <eddy/io/run_process.hpp>
#include <eddy/io/server.hpp>
#include <eddy/io/server_state.hpp>
#include <eddy/io/signal.hpp>
#include <eddy/io/socket_address.hpp>
#include <eddy/io/socket_names.hpp>
#include <eddy/io/socket_stream.hpp>
#include <eddy/io/standard_streams.hpp>
#include <eddy/io/stream.hpp>
#include <eddy/io/stream_error.hpp>
#include <eddy/io/system_calls.hpp>
#include <eddy/io/tcp.hpp>
#include <eddy/io/udp.hpp>
#include <eddy/io/unix_socket.hpp>
