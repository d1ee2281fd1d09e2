// TraceEvents: makes the events of a trace, one at a time, and hands them to its file.
//
// Times are nanoseconds since the trace began. A lane is what viewers call a thread. The loop's is that of a main thread, whose
// number is that of the process: Perfetto takes a thread 0 for it, too.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/debug/trace_file.hpp>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

namespace eddy::inline EDDY_ABI::debug::detail {

class TraceEvents {
 public:
  using Nanoseconds = std::int64_t;
  static constexpr std::uint64_t kLoop = 1;  // the lane of the event loop

  TraceEvents(const std::string& path, std::uint64_t max_bytes) : file_(path, max_bytes) {
    file_.add(R"({"ph":"M","pid":1,"tid":1,"name":"process_name","args":{"name":"eddy"}})", true);
    file_.add(R"({"ph":"M","pid":1,"tid":1,"name":"thread_name","args":{"name":"event loop"}})", true);
  }

  [[nodiscard]] const TraceFile& file() const noexcept { return file_; }
  void close() noexcept { file_.close(); }

  // A new lane.
  std::uint64_t add_lane(std::string_view name) {
    event_ = R"({"ph":"M","pid":1,"tid":)" + std::to_string(++lanes_) + R"(,"name":"thread_name","args":{"name":)";
    append_json(event_, name);
    event_ += "}}";
    file_.add(event_);
    return lanes_;
  }
  // A slice is begun, given its arguments, and ended. It is shorter at each end than it was by `level` nanoseconds, one more than
  // the slice around it, so that no two of a lane begin or end together. Where some do, viewers guess which is around the other,
  // by their places in the file, or leave one out; and where one ends as the next begins, those that add up floating point may
  // take it for the other's parent.
  void begin_slice(std::uint64_t lane, std::string_view name, const char* category, Nanoseconds from, Nanoseconds to, Nanoseconds level) {
    const Nanoseconds length = std::max(to - from, Nanoseconds{0});
    const Nanoseconds inset = std::min(level, length - length / 2);
    begin_event("X", lane, name, category, from + inset);
    event_ += R"(,"dur":)";
    append_time(event_, length - 2 * inset);
    event_ += R"(,"args":{)";
    no_arguments_ = true;
  }
  void argument(std::string_view name, std::string_view value) {
    if (value.empty()) return;
    event_ += no_arguments_ ? "\"" : ",\"";
    (event_ += name) += "\":";
    append_json(event_, value);
    no_arguments_ = false;
  }
  void end_slice() {
    event_ += "}}";
    file_.add(event_);
  }
  // `values` are the members of a JSON object.
  void add_counter(const char* name, std::string_view values, Nanoseconds at) {
    begin_event("C", kLoop, name, "loop", at);
    (event_ += R"(,"args":{)") += values;
    event_ += "}}";
    file_.add(event_);
  }
  void add_mark(std::uint64_t lane, std::string_view text, Nanoseconds at) {
    begin_event("i", lane, text, "mark", at);
    event_ += R"(,"s":"t"})";
    file_.add(event_);
  }
  void add_dropped(Nanoseconds at) {
    begin_event("i", kLoop, std::to_string(file_.dropped()) + " events were left out: the file would have become too long", "mark", at);
    event_ += R"(,"s":"g"})";
    file_.add(event_, true);
  }

 private:
  void begin_event(const char* phase, std::uint64_t lane, std::string_view name, const char* category, Nanoseconds at) {
    event_ = R"({"ph":")";
    (event_ += phase) += R"(","pid":1,"tid":)" + std::to_string(lane) + R"(,"cat":")";
    (event_ += category) += R"(","ts":)";
    append_time(event_, at);
    event_ += R"(,"name":)";
    append_json(event_, name);
  }

  TraceFile file_;
  std::string event_;  // the one that is being made
  std::uint64_t lanes_ = kLoop;
  bool no_arguments_ = true;
};

}  // namespace eddy::inline EDDY_ABI::debug::detail
