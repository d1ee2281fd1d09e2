// HttpSessionCore: whose turn it is, and what happens when a transfer begins, ends, or takes too long.
//
// A transfer first needs a place at its host (scheme, name and port), then one of the session's; both are given in the
// order in which they were asked for. So libcurl, which keeps the connections, has only those to look after that are
// under way, and an easy handle that is done goes to the next one in the same event.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/intrusive_list.hpp>
#include <eddy/http/curl_error.hpp>
#include <eddy/http/curl_multi.hpp>
#include <eddy/http/session_options.hpp>
#include <eddy/http/transfer.hpp>
#include <eddy/loop/close_hooks.hpp>
#include <eddy/loop/event_loop.hpp>

#include <curl/curl.h>
#include <sys/socket.h>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <limits>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace eddy::inline EDDY_ABI::detail {

struct HttpOrigin {
  std::size_t active = 0;    // places that are taken
  bool multiplexed = false;  // it speaks HTTP/2: a connection has many places
  IntrusiveList<HttpTransfer> waiting;
};

class HttpSessionCore final : CloseHook, CurlMulti::Owner {
 public:
  explicit HttpSessionCore(const http::SessionOptions& options, EventLoop& loop)
      : options_(options), loop_(&loop), setup_(options), multi_(loop, *this, setup_) {
    EventLoop::Internals::close_hooks(loop).push_back(this);
  }
  HttpSessionCore(const HttpSessionCore&) = delete;
  HttpSessionCore& operator=(const HttpSessionCore&) = delete;
  ~HttpSessionCore() { shut(); }

  [[nodiscard]] const http::SessionOptions& options() const noexcept { return options_; }
  [[nodiscard]] bool is_shut() const noexcept { return closed_; }
  [[nodiscard]] EventLoop* loop() const noexcept { return loop_; }
  [[nodiscard]] const CurlMulti& multi() const noexcept { return multi_; }
  [[nodiscard]] std::size_t active() const noexcept { return active_; }
  [[nodiscard]] std::size_t waiting() const noexcept { return waiting_; }
  [[nodiscard]] std::uint64_t begun() const noexcept { return begun_; }

  // Queues a transfer, or lets it run. Errors: SessionClosed, std::bad_alloc.
  void begin(HttpTransfer& transfer) {
    if (closed_) throw http::SessionClosed();
    transfer.origin = &origins_[transfer.url.origin];
    ++waiting_;
    transfer.stage = HttpTransfer::Stage::waits_for_host;
    transfer.origin->waiting.push_back(&transfer);
    watch_time(transfer);
    admit(*transfer.origin);
    serve();
    multi_.kick();
  }
  // Ends a transfer, wherever it stands: its connection is not used again. It has failed with `error`, which may be null.
  void abort(HttpTransfer& transfer, std::exception_ptr error, bool distrusted = false) noexcept {
    if (transfer.stage == HttpTransfer::Stage::fresh || transfer.done()) return;
    transfer.error = std::move(error);
    if (transfer.easy != nullptr) multi_.remove(transfer, distrusted);
    end(transfer);
    if (!closed_) multi_.kick();
  }
  // Lets libcurl go on with what was paused and is not any more.
  void resume(HttpTransfer& transfer) noexcept {
    if (transfer.easy == nullptr) return;
    if (loop_ != nullptr) transfer.active = loop_->time();
    watch_time(transfer);
    if (const CURLcode code = multi_.resume(transfer); code != CURLE_OK) return fail(transfer, code);
    multi_.kick();
  }
  // Its timer is set for the first of its timeouts, unless it is set for less.
  void watch_time(HttpTransfer& transfer) noexcept {
    http::TimeoutPhase phase{};
    const TimePoint when = transfer.deadline(phase);
    if (loop_ == nullptr || when >= transfer.timer.when()) return;
    (void)transfer.timer.arm(*loop_, when);
  }
  void check_time(HttpTransfer& transfer) noexcept {
    http::TimeoutPhase phase{};
    const TimePoint when = transfer.deadline(phase);
    if (loop_ == nullptr || when == TimePoint::max()) return;
    if (when > loop_->time()) {
      (void)transfer.timer.arm(*loop_, when);
      return;
    }
    abort(transfer, timeout_error(transfer, phase), true);
  }
  // Its server speaks HTTP/2. Called inside of libcurl, which must not be given anything now: see `settled`.
  void found_multiplexed(HttpTransfer& transfer) noexcept {
    if (transfer.origin != nullptr && !std::exchange(transfer.origin->multiplexed, true)) more_places_ = true;
  }
  // Nothing is done any more: who waits gets SessionClosed.
  void shut() noexcept {
    if (std::exchange(closed_, true)) return;
    while (HttpTransfer* transfer = running_.front()) abort(*transfer, make_error<http::SessionClosed>());
    while (HttpTransfer* transfer = turns_.front()) abort(*transfer, make_error<http::SessionClosed>());
    for (auto& [name, origin] : origins_) {
      while (HttpTransfer* transfer = origin.waiting.front()) abort(*transfer, make_error<http::SessionClosed>());
    }
    multi_.close();
    if (loop_ != nullptr) EventLoop::Internals::close_hooks(*loop_).remove(this);
    loop_ = nullptr;
  }

  std::uint32_t references = 0;

 private:
  static constexpr std::size_t kStreams = 100;        // of an HTTP/2 connection
  static constexpr std::size_t kOriginsKept = 1'000;  // that nobody uses

  static std::exception_ptr timeout_error(const HttpTransfer& transfer, http::TimeoutPhase phase) noexcept {
    try {
      std::string text = std::string("timed out while ") + doing(transfer);
      if (phase == http::TimeoutPhase::total) text += ": all of it took too long";
      if (phase == http::TimeoutPhase::idle) text += ": nothing came and nothing went";
      return std::make_exception_ptr(http::TimeoutError(transfer.method, transfer.shown(), text, phase));
    } catch (...) {
      return std::current_exception();
    }
  }
  static const char* doing(const HttpTransfer& transfer) noexcept {
    if (transfer.stage != HttpTransfer::Stage::runs) return "waiting for its turn";
    if (!transfer.connected) {
      if (transfer.measured().lookup == 0)
        return transfer.looks_up ? "finding the host's address" : "waiting for a connection";
      sockaddr_storage peer;  // libcurl 7.88 measures the connection and TLS as one
      socklen_t size = sizeof peer;
      const bool is_there = ::getpeername(transfer.easy->socket, reinterpret_cast<sockaddr*>(&peer), &size) == 0;
      return is_there ? "agreeing on TLS, or with the proxy" : "connecting";
    }
    if (transfer.has_head()) return "receiving the body";
    if (transfer.begun) return "receiving the head of the response";
    const bool sends = transfer.streams ? !transfer.fed || transfer.sent < transfer.outgoing.size()
                                        : transfer.taken && transfer.sent < transfer.body->text.size();
    return sends ? "sending the body" : "waiting for the response";
  }

  // Lets those who wait for a place at a host go on to wait for their turn.
  void admit(HttpOrigin& origin) noexcept {
    const std::size_t limit = setup_.limit_per_host == 0 ? std::numeric_limits<std::size_t>::max()
                              : origin.multiplexed       ? setup_.limit_per_host * kStreams
                                                         : setup_.limit_per_host;
    while (origin.active < limit && !origin.waiting.empty()) {
      HttpTransfer* const transfer = origin.waiting.pop_front();
      ++origin.active;
      transfer->stage = HttpTransfer::Stage::waits_for_turn;
      turns_.push_back(transfer);
    }
  }
  // Starts those whose turn it is.
  void serve() noexcept {
    if (closed_ || std::exchange(serving_, true)) return;
    while (!turns_.empty() && (setup_.limit == 0 || active_ < setup_.limit)) {
      HttpTransfer* const transfer = turns_.pop_front();
      --waiting_;
      ++active_;
      ++begun_;
      transfer->stage = HttpTransfer::Stage::runs;
      transfer->started = transfer->active = loop_->time();
      running_.push_back(transfer);
      watch_time(*transfer);
      try {
        multi_.add(*transfer);
      } catch (...) {
        transfer->error = std::current_exception();
        end(*transfer);
      }
    }
    serving_ = false;
  }
  // It has ended, and libcurl does not know it any more.
  void end(HttpTransfer& transfer) noexcept {
    HttpOrigin& origin = *std::exchange(transfer.origin, nullptr);
    if (transfer.stage == HttpTransfer::Stage::waits_for_host) {
      origin.waiting.remove(&transfer);
      --waiting_;
    } else {
      if (transfer.stage == HttpTransfer::Stage::runs) {
        running_.remove(&transfer);
        --active_;
      } else {
        turns_.remove(&transfer);
        --waiting_;
      }
      --origin.active;
    }
    transfer.stage = HttpTransfer::Stage::done;
    transfer.timer.disarm();
    transfer.paused = transfer.starved = false;
    transfer.wake();
    if (closed_) return;
    admit(origin);
    if (origin.active == 0 && origin.waiting.empty() && origins_.size() > kOriginsKept)
      origins_.erase(transfer.url.origin);
    serve();
  }

  void transfer_done(HttpTransfer& transfer, CURLcode code, const char* text, int error) noexcept override {
    const bool cut_on_purpose = transfer.discards && transfer.discarded > HttpTransfer::kDiscarded;
    note_error(transfer, cut_on_purpose ? CURLE_OK : code, text, error);
    end(transfer);
  }
  // While it was let go on.
  void fail(HttpTransfer& transfer, CURLcode code) noexcept {
    note_error(transfer, code, "", 0);
    abort(transfer, transfer.error);
  }
  static void note_error(HttpTransfer& transfer, CURLcode code, const char* text, int error) noexcept {
    if (transfer.error) return;
    const auto refuse = [&](const char* why) { throw http::ProtocolError(transfer.method, transfer.shown(), why); };
    try {
      // libcurl's words for a line of more than 100 KB, for one that is no field, and for more than it keeps of a body that
      // is unpacked while nobody reads.
      const bool odd = code == CURLE_OUT_OF_MEMORY || code == CURLE_BAD_FUNCTION_ARGUMENT;
      if (odd && transfer.begun && !transfer.head_done)
        refuse("the head of the response is too long or none, or there is no memory for it");
      if (odd && transfer.paused && transfer.headers.contains("content-encoding"))
        refuse("the body unpacks to too much at once, or there is no memory for it");
      if (code != CURLE_OK) transfer.error = error_of_curl(code, transfer.method, transfer.shown(), text, error);
      if (code == CURLE_OK && !transfer.head_done)
        transfer.error = error_of_curl(CURLE_PARTIAL_FILE, transfer.method, transfer.shown(),
                                       "the connection ended in the head of the response", 0);
    } catch (...) {
      transfer.error = std::current_exception();
    }
  }

  void settled() noexcept override {
    if (!std::exchange(more_places_, false) || closed_) return;
    for (auto& [name, origin] : origins_) {
      if (origin.multiplexed) admit(origin);
    }
    serve();
  }

  void begin_close() noexcept override {}
  [[nodiscard]] bool closed() noexcept override { return true; }  // there is nothing to be waited for
  void detach() noexcept override {
    loop_ = nullptr;
    shut();
  }

  const http::SessionOptions options_;
  EventLoop* loop_;  // null once it is gone, or the session was closed
  const CurlSetup setup_;
  CurlMulti multi_;
  std::unordered_map<std::string, HttpOrigin> origins_;
  IntrusiveList<HttpTransfer> turns_;
  IntrusiveList<HttpTransfer> running_;
  std::size_t active_ = 0;
  std::size_t waiting_ = 0;
  std::uint64_t begun_ = 0;
  bool more_places_ = false;  // at a host that has turned out to be multiplexed
  bool closed_ = false;
  bool serving_ = false;
};

inline HttpTransfer::HttpTransfer(LocalPointer<HttpSessionCore> session, const HttpPlan& plan)
    : core(std::move(session)),
      timer(this,
            [](void* self) noexcept {
              auto& transfer = *static_cast<HttpTransfer*>(self);
              transfer.core->check_time(transfer);
            }),
      method(plan.method),
      url(plan.url),
      body(plan.body),
      cookies(plan.cookies),
      timeouts(plan.timeouts),
      end(plan.end),
      max_body(plan.max_body),
      follows(plan.max_redirects > 0),
      redirect_count(plan.redirects) {
  const bool has_body = body || is_sent_with_body(method);
  has_list = plan.headers || plan.drop_credentials || has_body;
  if (has_list)
    list = HttpOptionsAccess::list(core->options(),
                                   plan.headers ? *plan.headers : HttpOptionsAccess::headers(core->options()),
                                   !plan.drop_credentials, has_body);
  if (!body) return;
  streams = body->kind != HttpBody::Kind::text;
  if (!streams) body_size = body->text.size();
  if (body->kind == HttpBody::Kind::generator) body_size = body->size;
}
inline HttpTransfer::~HttpTransfer() { core->abort(*this, nullptr); }

inline HttpMeasures HttpTransfer::measured() const noexcept {
  return easy == nullptr ? measures : CurlMulti::measures_of(easy->handle);
}
inline EventLoop* HttpTransfer::loop() const noexcept { return core->loop(); }
inline void HttpTransfer::note_activity() noexcept {
  if (timeouts.idle.limited() || timeouts.first_byte.limited()) active = loop()->time();
}
inline void HttpTransfer::connects() noexcept {
  // Again: the connection that was kept had ended.
  if (!std::exchange(connected, false)) return;
  started = loop()->time();
  core->watch_time(*this);
}
inline void HttpTransfer::request_begins() noexcept {
  connected = true;
  active = loop()->time();
  core->watch_time(*this);
}
inline void HttpTransfer::end_head() {
  head_done = true;
  const bool redirect = status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
  discards = follows && redirect && headers.contains("location");
  if (discards) {
    active = loop()->time();
    core->watch_time(*this);
  }
  if (version == 20) core->found_multiplexed(*this);
  wake();
}
inline void HttpTransfer::collect() noexcept {
  collects = true;
  if (std::exchange(paused, false)) core->resume(*this);
}
inline void HttpTransfer::feed(std::string data) noexcept {
  outgoing = std::move(data);
  sent = 0;
  if (!outgoing.empty() && std::exchange(starved, false)) core->resume(*this);
}
inline void HttpTransfer::end_feeding() noexcept {
  fed = true;
  if (std::exchange(starved, false)) core->resume(*this);
}

}  // namespace eddy::inline EDDY_ABI::detail
