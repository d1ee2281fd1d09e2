// The umbrella of HTTP. It needs libcurl 7.88 or later (CMake target eddy::http).
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/http/client_session.hpp>
#include <eddy/http/error.hpp>
#include <eddy/http/form.hpp>
#include <eddy/http/headers.hpp>
#include <eddy/http/request_options.hpp>
#include <eddy/http/response.hpp>
#include <eddy/http/session_options.hpp>
#include <eddy/http/timeouts.hpp>
