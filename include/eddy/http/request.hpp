// What a request does: it sends its body, waits for the head of the response, follows redirects, and tries again.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/error.hpp>
#include <eddy/base/time.hpp>
#include <eddy/combine/race.hpp>
#include <eddy/combine/retry.hpp>
#include <eddy/flow/async_generator.hpp>
#include <eddy/http/outgoing_body.hpp>
#include <eddy/http/session_core.hpp>
#include <eddy/http/transfer.hpp>
#include <eddy/loop/context.hpp>
#include <eddy/task/sleep.hpp>
#include <eddy/task/task.hpp>

#include <curl/curl.h>

#include <charconv>
#include <chrono>
#include <cstddef>
#include <ctime>
#include <exception>
#include <limits>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace eddy::inline EDDY_ABI::detail {

// A request or a response holds its transfer. When it goes, a transfer that runs is ended.
using HttpTransferPointer = std::unique_ptr<HttpTransfer>;

// Gives libcurl what a generator yields.
inline Task<> feed_transfer(HttpTransfer& transfer, AsyncGenerator<std::string>& source) {
  std::uint64_t total = 0;
  while (auto part = co_await source.next()) {
    if (part->empty()) continue;
    total += part->size();
    if (transfer.body_size && total > *transfer.body_size)
      throw std::length_error("eddy: the body of a request is longer than its size was said to be");
    transfer.feed(std::move(*part));
    while (transfer.sent < transfer.outgoing.size() && !transfer.done()) {
      transfer.changed.clear();
      co_await transfer.changed.wait();
    }
    if (transfer.done()) co_return;
  }
  if (transfer.body_size && total < *transfer.body_size)
    throw std::length_error("eddy: the body of a request is shorter than its size was said to be");
  transfer.end_feeding();
}
// The server wants no more: it says so by its status, after which libcurl sends nothing, or the transfer is over.
inline Task<> sending_ended(HttpTransfer& transfer) {
  while (!transfer.done() && !(transfer.has_head() && transfer.status >= 300)) {
    transfer.changed.clear();
    co_await transfer.changed.wait();
  }
}

// Changes a plan as the redirect that has come says. Errors: TooManyRedirects, InvalidUrl, InvalidStateError.
inline void follow_redirect(HttpPlan& plan, const HttpTransfer& transfer) {
  if (++plan.redirects > plan.max_redirects)
    throw http::TooManyRedirects(plan.method, transfer.shown(), plan.max_redirects);
  const int status = transfer.status;
  const bool to_get =
      (status == 303 && plan.method != "HEAD") || ((status == 301 || status == 302) && plan.method == "POST");
  HttpUrl next = parse_url(plan.method, *transfer.headers.get("location"), plan.url.text);
  next.credentials.clear();  // the server's, not the program's
  if (next.origin != plan.url.origin) {
    plan.drop_credentials = true;
    plan.cookies.clear();
  }
  plan.url = std::move(next);
  if (to_get) {
    plan.method = "GET";
    plan.body.reset();
    if (plan.headers) plan.headers->remove("Content-Type").remove("Content-Encoding").remove("Content-Language");
  } else if (plan.body && plan.body->used) {
    throw_misuse(
        "the server redirects a request whose body, a generator's, was sent already; it can be sent once");
  }
}

inline constexpr int kStale = 5;  // as often as libcurl does it

// Completes with a transfer whose head has come, and that is no redirect to be followed.
inline Task<HttpTransferPointer> run_transfers(LocalPointer<HttpSessionCore> core, HttpPlan& plan) {
  int stale = 0;  // connections that were kept and had ended
  for (;;) {
    auto transfer = std::make_unique<HttpTransfer>(core, plan);
    if (transfer->streams) {
      AsyncGenerator<std::string> opened;
      if (plan.body->kind != HttpBody::Kind::generator) {
        OutgoingBody body = co_await open_body(plan.body);
        transfer->body_size = body.size;
        opened = std::move(body.parts);
      } else if (std::exchange(plan.body->used, true)) {
        throw_misuse("the body of a request, a generator's, was sent already; it can be sent once");
      }
      AsyncGenerator<std::string>& source =
          plan.body->kind == HttpBody::Kind::generator ? plan.body->generator : opened;
      core->begin(*transfer);
      Task<> feeding = feed_transfer(*transfer, source);
      Task<> ending = sending_ended(*transfer);
      co_await race(std::move(feeding), std::move(ending));
      transfer->end_feeding();  // else libcurl would wait for the rest of a body that nobody wants any more
    } else {
      core->begin(*transfer);
    }
    while (!transfer->has_head() && !transfer->done()) {
      transfer->changed.clear();
      co_await transfer->changed.wait();
    }
    // libcurl asks again by itself, if it need not read a file again.
    if (!transfer->has_head() && transfer->stale && plan.body->kind != HttpBody::Kind::generator && ++stale <= kStale)
      continue;
    if (!transfer->has_head()) transfer->rethrow();
    if (!transfer->redirects()) co_return transfer;
    while (!transfer->done()) {
      transfer->changed.clear();
      co_await transfer->changed.wait();
    }
    follow_redirect(plan, *transfer);
  }
}

// A status that is worth another attempt; never seen outside.
struct HttpTryAgain {};
struct HttpTries {
  HttpPlan plan;
  int attempts = 0;
  TimePoint not_before = TimePoint::min();
  HttpTransferPointer last;  // the response that was not good enough
};

inline bool is_worth_retrying(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const HttpTryAgain&) {
    return true;
  } catch (const http::ConnectionError&) {
    return true;
  } catch (const http::TimeoutError& timeout) {
    return timeout.phase() != http::TimeoutPhase::total;
  } catch (...) {
    return false;
  }
}
// What Retry-After says, as a number of seconds or a date.
inline std::optional<Duration> retry_after(const http::Headers& headers) {
  const auto value = headers.get("retry-after");
  if (!value) return std::nullopt;
  long long seconds = 0;
  const auto [end, error] = std::from_chars(value->data(), value->data() + value->size(), seconds);
  if (error == std::errc::result_out_of_range && end == value->data() + value->size()) {
    seconds = value->starts_with('-') ? 0 : std::numeric_limits<long long>::max();
  } else if (error != std::errc() || end != value->data() + value->size()) {
    const std::time_t date = curl_getdate(std::string(*value).c_str(), nullptr);
    if (date == std::time_t{-1}) return std::nullopt;
    seconds = static_cast<long long>(date) - static_cast<long long>(std::time(nullptr));
  }
  return to_duration(std::chrono::duration<long long>(seconds < 0 ? 0 : seconds));
}

inline Task<HttpTransferPointer> try_transfers(LocalPointer<HttpSessionCore> core, HttpTries* tries) {
  if (tries->not_before > get_running_loop().time()) co_await sleep_until(tries->not_before);
  tries->last.reset();
  HttpPlan plan = tries->plan;
  HttpTransferPointer transfer = co_await run_transfers(core, plan);
  const int status = transfer->status;
  if (++tries->attempts >= plan.retry->max_attempts ||
      (status != 429 && status != 502 && status != 503 && status != 504))
    co_return transfer;
  const Duration wait = retry_after(transfer->headers).value_or(Duration::zero());
  tries->not_before = saturating_add(get_running_loop().time(), wait);
  if (wait > plan.retry->max_retry_after || tries->not_before >= plan.end) co_return transfer;
  tries->last = std::move(transfer);
  throw HttpTryAgain();
}

inline bool may_repeat(const HttpPlan& plan) noexcept {
  if (!plan.retry || (plan.body && plan.body->kind == HttpBody::Kind::generator)) return false;
  const std::string& method = plan.method;
  return plan.retry->any_method || method == "GET" || method == "HEAD" || method == "OPTIONS" || method == "PUT" ||
         method == "DELETE" || method == "TRACE";
}

inline Task<HttpTransferPointer> retry_transfers(LocalPointer<HttpSessionCore> core, const HttpPlan& plan) {
  HttpTries tries;
  tries.plan = plan;
  const http::Retry& retries = *tries.plan.retry;
  RetryPolicy policy{.max_attempts = retries.max_attempts,
                     .delay = retries.delay,
                     .factor = retries.factor,
                     .max_delay = retries.max_delay,
                     .jitter = retries.jitter,
                     .retry_on = &is_worth_retrying};
  // No wait that would end too late. An attempt that runs is ended by the timer of its transfer, which says more.
  const TimePoint end = tries.plan.end;
  RetryHooks hooks([end](const RetryAttempt& attempt) {
    if (saturating_add(get_running_loop().time(), attempt.delay) >= end) std::rethrow_exception(attempt.error);
  });
  try {
    HttpTransferPointer transfer = co_await retry(policy, std::move(hooks), &try_transfers, core, &tries);
    co_return transfer;
  } catch (const HttpTryAgain&) {
    co_return std::move(tries.last);
  }
}

}  // namespace eddy::inline EDDY_ABI::detail
