// TraceFile: a file of trace events in Chrome's JSON format, written as they come.
//
// It is the format's array form, which speedscope and Perfetto also take without its end: so a file is of use at every moment,
// and is valid JSON once it is closed. Events are collected in a small buffer; nothing else of them is kept. A forked child,
// which shares the file, leaves it to its parent.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/config.hpp>
#include <eddy/loop/fork_guard.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <new>
#include <string>
#include <string_view>
#include <system_error>

namespace eddy::inline EDDY_ABI::debug::detail {

// Appends `text` as a JSON string. Bytes that are no UTF-8 would make a file that no reader takes: they become U+FFFD.
inline void append_json(std::string& json, std::string_view text) {
  const auto continues = [text](std::size_t at) { return at < text.size() && (static_cast<unsigned char>(text[at]) & 0xc0) == 0x80; };
  json += '"';
  for (std::size_t i = 0; i < text.size();) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x80) {
      if (byte == '"' || byte == '\\') {
        (json += '\\') += text[i];
      } else if (byte < 0x20 || byte == 0x7f) {
        char escape[8];
        std::snprintf(escape, sizeof escape, "\\u%04x", byte);
        json += escape;
      } else {
        json += text[i];
      }
      ++i;
      continue;
    }
    // The length that the first byte announces, and the second byte's bounds, which keep out surrogates and long forms.
    const std::size_t length = byte >= 0xf0 && byte <= 0xf4 ? 4 : (byte >= 0xe0 && byte < 0xf0 ? 3 : (byte >= 0xc2 && byte < 0xe0 ? 2 : 0));
    const unsigned second = i + 1 < text.size() ? static_cast<unsigned char>(text[i + 1]) : 0U;
    const bool in_bounds = (byte != 0xe0 || second >= 0xa0) && (byte != 0xed || second < 0xa0) && (byte != 0xf0 || second >= 0x90) &&
                           (byte != 0xf4 || second < 0x90);
    bool whole = length > 0 && in_bounds;
    for (std::size_t k = 1; whole && k < length; ++k) whole = continues(i + k);
    if (whole) {
      json += text.substr(i, length);
      i += length;
    } else {
      json += "\\ufffd";
      ++i;
    }
  }
  json += '"';
}

// Microseconds with nanoseconds behind the point.
inline void append_time(std::string& json, std::int64_t nanoseconds) {
  char text[40];
  const std::int64_t whole = nanoseconds < 0 ? 0 : nanoseconds;
  std::snprintf(text, sizeof text, "%lld.%03d", static_cast<long long>(whole / 1000), static_cast<int>(whole % 1000));
  json += text;
}

class TraceFile {
 public:
  // Errors: std::system_error if the file cannot be made.
  TraceFile(const std::string& path, std::uint64_t max_bytes) : max_bytes_(max_bytes) {
    buffer_.reserve(kBuffer + kBuffer / 2);
    fd_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd_ < 0) throw std::system_error(errno, std::generic_category(), "eddy: the trace cannot be written: " + path);
    buffer_ = "[";
  }
  TraceFile(const TraceFile&) = delete;
  TraceFile& operator=(const TraceFile&) = delete;
  ~TraceFile() { close(); }

  // Adds an event, a JSON object. One that would make the file too long is counted, and so are all after it: what they refer to
  // may be what was left out. `important` ones may make it longer.
  void add(std::string_view event, bool important = false) {
    const bool full = dropped_ > 0 || written_ + buffer_.size() + event.size() > max_bytes_;
    if (fd_ < 0 || fork_guard_.in_child() || (full && !important)) {
      ++dropped_;
      return;
    }
    buffer_ += first_ ? "\n" : ",\n";
    buffer_ += event;
    first_ = false;
    ++events_;
    if (buffer_.size() >= kBuffer) flush();
  }
  // Ends the file; a second call does nothing.
  void close() noexcept {
    if (fd_ < 0) return;
    if (!fork_guard_.in_child()) {
      try {
        buffer_ += "\n]\n";
        flush();
      } catch (const std::bad_alloc&) {
      }
    }
    if (fd_ >= 0 && ::close(fd_) != 0) error_ = errno;  // what a network's file system says of earlier writes
    fd_ = -1;
  }
  [[nodiscard]] std::uint64_t events() const noexcept { return events_; }
  [[nodiscard]] std::uint64_t dropped() const noexcept { return dropped_; }
  // What the system said when it took no more; 0 if it took all.
  [[nodiscard]] int error() const noexcept { return error_; }

 private:
  static constexpr std::size_t kBuffer = 64 * 1024;

  void flush() noexcept {
    const char* data = buffer_.data();
    std::size_t left = buffer_.size();
    while (left > 0) {
      const ssize_t size = ::write(fd_, data, left);
      if (size < 0 && errno == EINTR) continue;
      if (size < 0) {
        error_ = errno;
        ::close(fd_);
        fd_ = -1;
        break;
      }
      data += size;
      left -= static_cast<std::size_t>(size);
    }
    written_ += buffer_.size();
    buffer_.clear();
  }

  int fd_ = -1;
  bool first_ = true;
  int error_ = 0;
  std::uint64_t max_bytes_;
  std::uint64_t written_ = 0;
  std::uint64_t events_ = 0;
  std::uint64_t dropped_ = 0;
  std::string buffer_;
  eddy::detail::ForkGuard fork_guard_;
};

}  // namespace eddy::inline EDDY_ABI::debug::detail
