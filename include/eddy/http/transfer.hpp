// HttpTransfer: one request to one server and what comes back, from its turn in the session to the last byte of its body.
//
// libcurl fills it from its callbacks, which are C: they throw nothing, wake whoever waits, and resume nobody. The body
// is kept in a buffer; when that is full the transfer pauses until somebody has read.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/error.hpp>
#include <eddy/base/intrusive_list.hpp>
#include <eddy/base/time.hpp>
#include <eddy/http/error.hpp>
#include <eddy/http/headers.hpp>
#include <eddy/http/loop_timer.hpp>
#include <eddy/http/options_access.hpp>
#include <eddy/loop/context.hpp>
#include <eddy/sync/event.hpp>

#include <curl/curl.h>

#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <exception>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace eddy::inline EDDY_ABI::detail {

class CurlMulti;
class HttpSessionCore;
struct HttpOrigin;
class HttpTransfer;

// An easy handle, used for one transfer after the other.
struct HttpEasy {
  HttpEasy() = default;
  HttpEasy(const HttpEasy&) = delete;
  HttpEasy& operator=(const HttpEasy&) = delete;
  ~HttpEasy() {
    if (handle != nullptr) curl_easy_cleanup(handle);
  }
  CURL* handle = nullptr;
  CurlMulti* multi = nullptr;
  HttpTransfer* transfer = nullptr;
  int socket = -1;       // the last one that was opened for it
  int socket_error = 0;  // why it got no socket
  bool plain = true;     // set up for a GET with the session's header
  bool waits = false;    // for a connection of HTTP/2 that is being made
  char text[CURL_ERROR_SIZE];
};

// What is measured of a transfer, in libcurl's microseconds.
struct HttpMeasures {
  curl_off_t lookup = 0;
  curl_off_t connect = 0;
  curl_off_t tls = 0;
  curl_off_t first_byte = 0;
  curl_off_t total = 0;
  bool reused = false;
};

class HttpTransfer : public ListHook {
 public:
  enum class Stage : unsigned char { fresh, waits_for_host, waits_for_turn, runs, done };
  static constexpr std::size_t kBuffered = 256U << 10;   // what is received ahead of its reader
  static constexpr std::size_t kDiscarded = 64U << 10;   // of a redirect's body, to keep its connection
  static constexpr std::chrono::seconds kPatience{1};    // for that, and for what an error shows of a body
  static constexpr std::size_t kHeadLimit = 256U << 10;  // less than libcurl's own
  static constexpr std::size_t kTextLimit = 256U << 20;  // of text() and bytes(), if nothing was set
  static constexpr std::size_t kSmallBody = 64U << 10;   // what is given to libcurl at once

  HttpTransfer(LocalPointer<HttpSessionCore> session, const HttpPlan& plan);
  HttpTransfer(const HttpTransfer&) = delete;
  HttpTransfer& operator=(const HttpTransfer&) = delete;
  ~HttpTransfer();

  [[nodiscard]] bool done() const noexcept { return stage == Stage::done; }
  [[nodiscard]] bool has_head() const noexcept { return head_done; }
  [[nodiscard]] bool redirects() const noexcept { return discards; }
  [[nodiscard]] HttpMeasures measured() const noexcept;  // so far
  [[nodiscard]] std::string shown() const { return shown_url(url.text); }
  void wake() noexcept { changed.set(); }
  void rethrow() const {
    if (error) std::rethrow_exception(error);
  }

  // What libcurl's callbacks do.
  std::size_t receive_head(std::string_view line) noexcept;
  std::size_t receive(const char* data, std::size_t size) noexcept;
  std::size_t send(char* to, std::size_t room) noexcept;
  bool rewind(curl_off_t offset) noexcept;
  void connects() noexcept;
  void request_begins() noexcept;

  // The reader of the body: takes what is there, and lets a transfer that has paused go on.
  [[nodiscard]] std::string take() noexcept;
  void collect() noexcept;  // all of it
  // The feeder of the body that is sent.
  void feed(std::string data) noexcept;
  void end_feeding() noexcept;

  // When the first of the timeouts passes that count now, and which that is.
  [[nodiscard]] TimePoint deadline(http::TimeoutPhase& phase) const noexcept;

  LocalPointer<HttpSessionCore> core;
  Stage stage = Stage::fresh;
  HttpEasy* easy = nullptr;      // while it runs
  HttpOrigin* origin = nullptr;  // from the moment it is queued until it is done
  LoopTimer timer;
  Event changed;

  // What is asked.
  std::string method;
  HttpUrl url;
  HttpBodyPointer body;
  CurlList list;
  bool has_list = false;  // else it is the session's
  std::optional<std::uint64_t> body_size;
  std::string cookies;
  http::Timeouts timeouts;
  TimePoint end;
  std::optional<std::size_t> max_body;
  bool follows;
  std::size_t redirect_count;  // before it

  // What is sent.
  std::string outgoing;  // of a body that is fed
  std::size_t sent = 0;  // of that, or of a text
  bool streams = false;
  bool fed = false;
  bool starved = false;  // libcurl waits for more
  bool taken = false;    // some of what was fed is gone
  bool stale = false;    // the connection that was kept had ended, and what is gone was sent there

  // What came.
  int status = 0;
  int version = 0;
  std::string reason;
  http::Headers headers;
  std::size_t head_size = 0;
  std::string buffer;
  std::size_t received = 0;
  std::size_t discarded = 0;
  HttpMeasures measures;
  std::exception_ptr error;
  TimePoint started{};
  TimePoint active{};     // when something last came or went
  bool looks_up = false;  // its host's name is, or was, looked up
  bool connected = false;
  bool begun = false;    // something of the response has come
  bool in_head = false;  // behind a status line
  bool head_done = false;
  bool discards = false;
  bool collects = false;
  bool paused = false;
  bool read = false;     // its body was given away
  bool reading = false;  // a task does, or a generator that has not ended
  Frame* reader = nullptr;  // the strand that waits for more of it, if one does

 private:
  [[nodiscard]] EventLoop* loop() const noexcept;
  void end_head();
  void note_activity() noexcept;
  void watch_time() noexcept;
  // Runs `fill` without letting an exception out. False if there was one; the transfer fails with it.
  template <class F>
  bool guarded(F fill) noexcept {
    try {
      fill();
      return true;
    } catch (...) {
      if (!error) error = std::current_exception();
      return false;
    }
  }
};

inline std::size_t HttpTransfer::receive_head(std::string_view line) noexcept {
  const std::size_t size = line.size();
  begun = true;
  note_activity();
  const bool good = guarded([&] {
    head_size += size;
    if (head_size > kHeadLimit)
      throw http::ProtocolError(method, shown(), "the head of the response is longer than 256 KiB");
    if (head_done) return;  // trailers
    const bool goes_on = line.starts_with(' ') || line.starts_with('\t');
    line = without_blanks(line);
    if (!in_head && line.starts_with("HTTP/")) {
      in_head = true;
      headers.expect_response();
      const std::size_t blank = line.find(' ');
      const std::string_view number = line.substr(5, blank - 5);
      version = number.starts_with('2') ? 20 : number == "1.0" ? 10 : number.starts_with('3') ? 30 : 11;
      line.remove_prefix(blank == std::string_view::npos ? line.size() : blank + 1);
      status = 0;
      std::from_chars(line.data(), line.data() + line.size(), status);
      reason = line.size() > 4 ? line.substr(4) : std::string_view();
    } else if (goes_on) {
      headers.append_to_last(line);
    } else if (line.empty()) {
      in_head = false;
      if (status >= 200 || status == 101) {
        end_head();
      } else {
        headers.clear();  // an interim response
      }
    } else if (const std::size_t colon = line.find(':'); colon != std::string_view::npos) {
      headers.append(line.substr(0, colon), line.substr(colon + 1));
    }
  });
  return good ? size : 0;
}

inline std::size_t HttpTransfer::receive(const char* data, std::size_t size) noexcept {
  if (discards) {
    discarded += size;
    return discarded > kDiscarded ? 0 : size;
  }
  note_activity();
  // Until all is sent nobody can read, and a server that answers meanwhile may take no more until its answer is taken.
  const std::size_t room = streams && !fed && status < 300 ? kTextLimit : kBuffered;
  if (!collects && buffer.size() >= room) {
    paused = true;
    return CURL_WRITEFUNC_PAUSE;
  }
  const bool good = guarded([&] {
    const std::size_t limit = max_body.value_or(collects ? kTextLimit : std::numeric_limits<std::size_t>::max());
    if (received > limit || size > limit - received) throw http::BodyTooLarge(method, shown(), limit);
    buffer.append(data, size);
    received += size;
  });
  wake();
  return good ? size : 0;
}

inline std::size_t HttpTransfer::send(char* to, std::size_t room) noexcept {
  note_activity();
  const std::string& source = streams ? outgoing : body->text;
  const std::size_t left = source.size() - sent;
  const std::size_t count = left < room ? left : room;
  if (count > 0) {
    std::memcpy(to, source.data() + sent, count);
    sent += count;
    taken = true;
  } else if (streams && !fed) {
    starved = true;
    wake();
    return CURL_READFUNC_PAUSE;
  }
  if (streams && sent == outgoing.size()) wake();
  return count;
}

inline bool HttpTransfer::rewind(curl_off_t offset) noexcept {
  if (streams) {
    stale = taken;
    return !taken && offset == 0;
  }
  if (offset < 0 || static_cast<std::size_t>(offset) > body->text.size()) return false;
  sent = static_cast<std::size_t>(offset);
  return true;
}

inline TimePoint HttpTransfer::deadline(http::TimeoutPhase& phase) const noexcept {
  TimePoint first = end;
  phase = http::TimeoutPhase::total;
  if (stage != Stage::runs) return first;
  const auto consider = [&](const TimeLimit& limit, TimePoint from, http::TimeoutPhase what) {
    if (!limit.limited()) return;
    const TimePoint when = saturating_add(from, limit.duration());
    if (when >= first) return;
    first = when;
    phase = what;
  };
  if (discards) {
    consider(TimeLimit(kPatience), active, http::TimeoutPhase::idle);
  } else if (!connected) {
    consider(timeouts.connect, started, http::TimeoutPhase::connect);
  } else if (!paused && !starved) {
    if (!begun) consider(timeouts.first_byte, active, http::TimeoutPhase::first_byte);
    consider(timeouts.idle, active, http::TimeoutPhase::idle);
  }
  return first;
}

inline std::string HttpTransfer::take() noexcept {
  std::string piece;
  piece.swap(buffer);
  return piece;
}

}  // namespace eddy::inline EDDY_ABI::detail
