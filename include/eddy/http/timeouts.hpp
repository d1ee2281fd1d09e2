// Timeouts and Retry: how long a request may take, and how often it is made.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/time.hpp>

#include <chrono>
#include <optional>

namespace eddy::inline EDDY_ABI {
namespace http {

/// How long a request may take: any duration, `std::nullopt` for no limit. One of zero or less has passed at once.
/// Plain data, so it can be written where it is used: `.timeouts({.total = 10s, .idle = 2s})`. Source:
/// aiohttp.ClientTimeout.
struct Timeouts {
  /// All of it, up to the last byte of the body: waiting for a turn, redirects and retries included.
  TimeLimit total = std::chrono::minutes(5);
  /// Finding the address, connecting, and TLS.
  TimeLimit connect = std::chrono::seconds(30);
  /// From the end of sending to the beginning of the response.
  TimeLimit first_byte = std::nullopt;
  /// Without a byte in either direction; not while the program itself keeps it waiting.
  TimeLimit idle = std::nullopt;
};

/// How often, and how patiently, a request is made again when it could not be answered. Only methods that may be
/// repeated are (GET, HEAD, OPTIONS, PUT, DELETE, TRACE), and only bodies that can be sent again, so none from a
/// generator. Tried again are ConnectionError, TimeoutError but for the total, and the statuses 429, 502, 503 and 504;
/// when all attempts are used up, their last error or response is what the request gives. Plain data. Source:
/// aiohttp_retry, urllib3's Retry.
struct Retry {
  int max_attempts = 3;                             ///< requests in all; 1 for no retry, less is refused
  Duration delay = std::chrono::milliseconds(500);  ///< before the second attempt
  double factor = 2.0;                              ///< each further delay is so many times the one before
  Duration max_delay = std::chrono::seconds(30);    ///< no delay is longer, but for Retry-After
  double jitter = 0.2;                              ///< each delay is made longer or shorter by up to this part of it
  /// How long a delay the server may ask for by Retry-After; if it asks for more, its response is given instead.
  Duration max_retry_after = std::chrono::minutes(2);
  bool any_method = false;  ///< also POST and PATCH, if the server knows repetitions
};

}  // namespace http
}  // namespace eddy::inline EDDY_ABI
