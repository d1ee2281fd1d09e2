// The file of trace events: valid JSON whatever the names are, and bounded.
//
// SPDX-License-Identifier: MIT
#include "support/child.hpp"
#include "support/run.hpp"
#include "support/temporary_folder.hpp"

#include <eddy/debug/trace_file.hpp>
#include <eddy/loop/event_loop.hpp>

#include <cerrno>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <system_error>

using eddy::debug::detail::append_json;
using eddy::debug::detail::append_time;
using eddy::debug::detail::TraceFile;

namespace {

std::string json(std::string_view text) {
  std::string out;
  append_json(out, text);
  return out;
}

}  // namespace

TEST_CASE("a JSON string escapes what must be escaped") {
  CHECK(json("plain") == "\"plain\"");
  CHECK(json("a\"b\\c") == R"("a\"b\\c")");
  CHECK(json("line\nend\t\x7f") == R"("line\u000aend\u0009\u007f")");
  CHECK(json(std::string_view("\0", 1)) == R"("\u0000")");
  CHECK(json("") == "\"\"");
}

TEST_CASE("a JSON string keeps UTF-8 and replaces every byte that is none") {
  CHECK(json("sch\xc3\xb6n \xe2\x82\xac \xf0\x9f\x98\x80") == "\"sch\xc3\xb6n \xe2\x82\xac \xf0\x9f\x98\x80\"");
  CHECK(json("\xff") == R"("\ufffd")");
  CHECK(json("\xc3") == R"("\ufffd")");                            // cut short
  CHECK(json("\xc3(") == R"("\ufffd(")");
  CHECK(json("\xc0\xaf") == R"("\ufffd\ufffd")");                  // a long form
  CHECK(json("\xe0\x80\xaf") == R"("\ufffd\ufffd\ufffd")");
  CHECK(json("\xed\xa0\x80") == R"("\ufffd\ufffd\ufffd")");        // a surrogate
  CHECK(json("\xf4\x90\x80\x80") == R"("\ufffd\ufffd\ufffd\ufffd")");  // beyond the last
  CHECK(json("\xf0\x9f\x98") == R"("\ufffd\ufffd\ufffd")");
}

TEST_CASE("a time is in microseconds, with three digits behind the point") {
  const auto time = [](std::int64_t nanoseconds) {
    std::string out;
    append_time(out, nanoseconds);
    return out;
  };
  CHECK(time(0) == "0.000");
  CHECK(time(1) == "0.001");
  CHECK(time(1'234'567) == "1234.567");
  CHECK(time(-5) == "0.000");
  CHECK(time(std::numeric_limits<std::int64_t>::max()) == "9223372036854775.807");
  CHECK(time(std::numeric_limits<std::int64_t>::min()) == "0.000");
}

TEST_CASE("a trace file is an array of its events") {
  const test::TemporaryFolder folder;
  const std::string path = folder / "trace.json";
  TraceFile file(path, 1000);
  file.add(R"({"ph":"M"})");
  file.add(R"({"ph":"X"})");
  file.close();
  file.close();
  CHECK(test::content_of(path) == "[\n{\"ph\":\"M\"},\n{\"ph\":\"X\"}\n]\n");
  CHECK(file.events() == 2);
  CHECK(file.dropped() == 0);
  CHECK(file.error() == 0);
}

TEST_CASE("a trace file without events is an empty array") {
  const test::TemporaryFolder folder;
  const std::string path = folder / "trace.json";
  { const TraceFile file(path, 1000); }
  CHECK(test::content_of(path) == "[\n]\n");
}

TEST_CASE("a trace file does not grow beyond its limit, and counts what it drops") {
  const test::TemporaryFolder folder;
  const std::string path = folder / "trace.json";
  TraceFile file(path, 100'000);
  const std::string event = R"({"ph":"i","name":")" + std::string(900, 'x') + "\"}";
  for (int i = 0; i < 1000; ++i) file.add(event);
  file.add(R"({"ph":"end"})", true);
  file.close();
  CHECK(file.events() + file.dropped() == 1001);
  CHECK(file.dropped() > 800);
  const std::string text = test::content_of(path);
  CHECK(text.size() < 100'100);
  CHECK(text.size() > 90'000);
  CHECK(text.substr(text.size() - 17) == ",\n{\"ph\":\"end\"}\n]\n");
}

TEST_CASE("a trace file that has left out an event leaves out those after it, which may refer to it") {
  const test::TemporaryFolder folder;
  const std::string path = folder / "trace.json";
  TraceFile file(path, 20);
  file.add(R"({"ph":"M","name":"a lane"})");
  file.add(R"({"ph":"X"})");
  file.close();
  CHECK(file.dropped() == 2);
  CHECK(test::content_of(path) == "[\n]\n");
}

TEST_CASE("a trace file that cannot be made says which", "[misuse]") {
  try {
    const TraceFile file("/nowhere/trace.json", 1000);
    FAIL("it was made");
  } catch (const std::system_error& error) {
    CHECK(error.code().value() == ENOENT);
    CHECK(std::string(error.what()).find("/nowhere/trace.json") != std::string::npos);
  }
}

TEST_CASE("a trace file is left to the parent by a forked child", "[real]") {
  const eddy::EventLoop loop;  // from the first one on forks are counted
  const test::TemporaryFolder folder;
  const std::string path = folder / "trace.json";
  TraceFile file(path, 1000);
  file.add(R"({"ph":"M"})");
  const test::Ended ended = test::in_child([&] {
    file.add(R"({"ph":"child"})");
    file.close();
  });
  CHECK(ended.exited());
  file.add(R"({"ph":"X"})");
  file.close();
  CHECK(test::content_of(path) == "[\n{\"ph\":\"M\"},\n{\"ph\":\"X\"}\n]\n");
}

TEST_CASE("a trace file that the system takes no more of remembers why", "[socket]") {
  TraceFile file("/dev/full", 10'000'000);
  const std::string event(1000, ' ');
  for (int i = 0; i < 1000; ++i) file.add(event);
  file.close();
  CHECK(file.error() == ENOSPC);
  CHECK(file.dropped() > 900);
}
