// Named pipes: who opens one does not wait for the other end.
//
// SPDX-License-Identifier: MIT
#include "support/run.hpp"
#include "support/temporary_folder.hpp"

#include <eddy/io.hpp>

#include <cerrno>
#include <stdexcept>
#include <string>
#include <sys/stat.h>
#include <system_error>
#include <utility>

using namespace test;

namespace {

fs::path make_fifo(const TemporaryFolder& folder) {
  const fs::path path = folder / "fifo";
  if (::mkfifo(path.c_str(), 0600) != 0) throw std::runtime_error("mkfifo");
  return path;
}
eddy::Task<std::string> line_of(eddy::PipeReader& reader) { return reader.read_line(); }
eddy::Task<eddy::PipeWriter> writer_of(fs::path path) { co_return eddy::open_fifo_writer(path); }

int error_of_writer(const fs::path& path) {
  try {
    const eddy::PipeWriter writer = eddy::open_fifo_writer(path);
  } catch (const std::system_error& error) {
    CHECK(std::string(error.what()).find(path.native()) != std::string::npos);
    return error.code().value();
  }
  return 0;
}

}  // namespace

EDDY_TEST_CASE("a reader of a named pipe waits for its first writer, and ends with its last", "[socket]") {
  const TemporaryFolder folder;
  const fs::path path = make_fifo(folder);
  eddy::PipeReader reader = eddy::open_fifo_reader(path);
  auto reading = eddy::create_task(line_of(reader));
  co_await eddy::sleep(5ms);
  CHECK_FALSE(reading.done());
  {
    eddy::PipeWriter writer = eddy::open_fifo_writer(path);
    co_await writer.write("one\n");
    const std::string line = co_await reading;
    CHECK(line == "one\n");
    co_await writer.write("two");
  }
  const std::string rest = co_await reader.read_all(100);
  CHECK(rest == "two");
  const std::string end = co_await reader.read(10);
  CHECK(end.empty());
}

EDDY_TEST_CASE("a reader that is kept open has one writer after the other", "[socket]") {
  const TemporaryFolder folder;
  const fs::path path = make_fifo(folder);
  const eddy::FifoOptions options{.keep_open = true};
  eddy::PipeReader reader = eddy::open_fifo_reader(path, options);
  for (const char* text : {"one\n", "two\n", "three\n"}) {
    {
      eddy::PipeWriter writer = eddy::open_fifo_writer(path);
      co_await writer.write(text);
    }
    const std::string line = co_await reader.read_line();
    CHECK(line == text);
  }
  auto reading = eddy::create_task(line_of(reader));
  co_await eddy::sleep(5ms);
  CHECK_FALSE(reading.done());
  reading.cancel();
  co_await eddy::sleep(1ms);  // the reader must outlive it
  CHECK(reading.cancelled());
}

EDDY_TEST_CASE("a writer without a reader is ENXIO at once, and can be tried again until there is one", "[socket]") {
  const TemporaryFolder folder;
  const fs::path path = make_fifo(folder);
  CHECK(error_of_writer(path) == ENXIO);
  CHECK(error_of_writer(folder / "nothing") == ENOENT);
  auto opening = eddy::create_task(eddy::retry({.max_attempts = 10'000, .delay = 1ms}, writer_of, path));
  co_await eddy::sleep(5ms);
  CHECK_FALSE(opening.done());
  eddy::PipeReader reader = eddy::open_fifo_reader(path);
  eddy::PipeWriter writer = co_await std::move(opening);
  co_await writer.write("text");
  const std::string text = co_await reader.read_exactly(4);
  CHECK(text == "text");
  reader.close();
  int error = 0;
  try {
    co_await writer.write("more");
  } catch (const std::system_error& failure) {
    error = failure.code().value();
  }
  CHECK(error == EPIPE);
}

EDDY_TEST_CASE("what is no named pipe is refused with a sentence", "[socket]") {
  const TemporaryFolder folder;
  put(folder / "file", "text");
  std::string what;
  try {
    const eddy::PipeReader reader = eddy::open_fifo_reader(folder / "file");
  } catch (const std::invalid_argument& error) {
    what = error.what();
  }
  CHECK(what == "eddy: \"" + (folder / "file").native() + "\" is no named pipe: mkfifo makes one");
  CHECK(content_of(folder / "file") == "text");
  co_return;
}
