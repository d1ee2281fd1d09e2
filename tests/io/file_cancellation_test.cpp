// File: what a cancel does to an operation, before a thread has begun it and afterwards, and where it leaves the position.
//
// SPDX-License-Identifier: MIT
#include <eddy/io/file.hpp>

#include "support/blocked_pool.hpp"
#include "support/temporary_folder.hpp"
#include "support/work.hpp"
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdint>
#include <thread>
#include <utility>

using namespace test;
using eddy::File;
using eddy::FileMode;
using eddy::open_file;

namespace {

// A named pipe, of which the test has both ends, so that opening it does not wait.
class NamedPipe {
 public:
  explicit NamedPipe(fs::path path) : path_(std::move(path)) {
    if (::mkfifo(path_.c_str(), 0600) == 0) number_ = ::open(path_.c_str(), O_RDWR | O_CLOEXEC);
  }
  NamedPipe(const NamedPipe&) = delete;
  NamedPipe& operator=(const NamedPipe&) = delete;
  ~NamedPipe() { ::close(number_); }
  void put(std::string_view text) const {
    CHECK(::write(number_, text.data(), text.size()) == static_cast<ssize_t>(text.size()));
  }
  [[nodiscard]] const fs::path& path() const { return path_; }

 private:
  fs::path path_;
  int number_ = -1;
};

// Opens both ends of a named pipe for a moment, so that nobody waits for the other end when the test is stopped half-way.
struct OpenBothEnds {
  fs::path path;
  ~OpenBothEnds() { ::close(::open(path.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC)); }
};
// A descriptor of the test's own.
struct Descriptor {
  int number = -1;
  ~Descriptor() { ::close(number); }
};

// Lets time pass for threads.
eddy::Task<> real_time(std::chrono::milliseconds duration) {
  const auto end = std::chrono::steady_clock::now() + duration;
  while (std::chrono::steady_clock::now() < end) co_await eddy::yield();
}

}  // namespace

EDDY_TEST_CASE("an operation that is cancelled before a thread has begun it changes nothing", "[real][order][c404]") {
  const TemporaryFolder folder;
  put(folder / "file", "0123456789");
  File file = co_await open_file(folder / "file", FileMode::read_write);
  (void)co_await file.read(4);
  co_await file.seek(2);  // nothing is read ahead any more
  BlockedPool pool;
  co_await pool.block();
  const auto check_cancelled = [](auto work) -> eddy::Task<> {
    auto task = eddy::create_task(std::move(work));
    for (int i = 0; i < 5; ++i) co_await eddy::yield();
    CHECK_FALSE(task.done());
    task.cancel();
    for (int i = 0; i < 5; ++i) co_await eddy::yield();
    CHECK(task.cancelled());
  };
  co_await check_cancelled(file.write("abc"));
  co_await check_cancelled(file.read(3));
  co_await check_cancelled(file.read_all());
  co_await check_cancelled(file.read_line());
  co_await check_cancelled(file.truncate(1));
  co_await check_cancelled(file.seek(0, eddy::SeekFrom::end));
  co_await check_cancelled(open_file(folder / "other", FileMode::write));
  co_await pool.open();
  CHECK_FALSE(fs::exists(folder / "other"));
  const std::uint64_t position = co_await file.tell();
  CHECK(position == 2);
  const std::string rest = co_await file.read_all();
  CHECK(rest == "23456789");
}

EDDY_TEST_CASE("an operation that is cancelled while it waits for others changes nothing and holds up nobody",
               "[real][order]") {
  const TemporaryFolder folder;
  File file = co_await open_file(folder / "file", FileMode::write);
  BlockedPool pool;
  co_await pool.block();
  const auto first = eddy::create_task(file.write("one"));
  auto second = eddy::create_task(file.write("two"));
  auto closing = eddy::create_task(file.close());
  const auto third = eddy::create_task(file.write("three"));
  for (int i = 0; i < 5; ++i) co_await eddy::yield();
  second.cancel();
  closing.cancel();
  co_await pool.open();
  co_await first;
  co_await third;
  CHECK(second.cancelled());
  CHECK(closing.cancelled());
  CHECK_FALSE(file.is_closed());
  CHECK(content_of(folder / "file") == "onethree");
}

EDDY_TEST_CASE("a close that is cancelled when nothing holds it up closes all the same", "[real][order]") {
  const TemporaryFolder folder;
  File file = co_await open_file(folder / "file", FileMode::write);
  const int number = file.fileno();
  BlockedPool pool;
  co_await pool.block();
  auto closing = eddy::create_task(file.close());
  for (int i = 0; i < 5; ++i) co_await eddy::yield();
  CHECK(file.is_closed());
  closing.cancel();
  for (int i = 0; i < 5; ++i) co_await eddy::yield();
  CHECK(closing.cancelled());
  CHECK(::fcntl(number, F_GETFD) == -1);
  co_await pool.open();
}

EDDY_TEST_CASE("a read that a thread has begun is waited for, and its value is delivered", "[real][order][c404]") {
  const TemporaryFolder folder;
  const NamedPipe pipe(folder / "pipe");
  File file = co_await open_file(pipe.path());
  std::string got;
  bool went_on = false;
  const auto reader = [&]() -> eddy::Task<> {
    got = co_await file.read(5);
    co_await eddy::yield();
    went_on = true;
  };
  auto reading = eddy::create_task(reader());
  co_await real_time(50ms);  // the thread is in read(2) now
  reading.cancel();
  co_await real_time(20ms);
  CHECK_FALSE(reading.done());
  pipe.put("hello world\n");
  const std::string how = co_await ending(reading);
  CHECK(how == "CancelledError ");
  CHECK(got == "hello");
  CHECK_FALSE(went_on);
  const auto rest = co_await file.read_line();
  CHECK(rest == " world\n");
}

EDDY_TEST_CASE("a read that is stopped half-way takes nothing, and its task sees no exception", "[real][order]") {
  const TemporaryFolder folder;
  const NamedPipe pipe(folder / "pipe");
  File file = co_await open_file(pipe.path());
  bool threw = false;
  const auto reader = [&]() -> eddy::Task<> {
    try {
      (void)co_await file.read_line();
    } catch (...) {
      threw = true;
    }
  };
  auto reading = eddy::create_task(reader());
  co_await real_time(50ms);
  reading.cancel();
  pipe.put("half a ");
  const std::string how = co_await ending(reading);
  CHECK(how == "CancelledError ");
  CHECK_FALSE(threw);
  pipe.put("line\n");
  auto line = co_await file.read_line();
  CHECK(line == "half a line\n");
  // The same with a timeout, and with read.
  const auto late = [&]() -> eddy::Task<> {
    co_await real_time(100ms);
    pipe.put("123");
  };
  const auto [timed, none] = co_await eddy::gather(ending_by_kind(eddy::timeout(50ms, file.read(6))), late());
  static_cast<void>(none);
  CHECK(timed == "TimeoutError");
  pipe.put("456");
  const std::string text = co_await file.read(6);
  CHECK(text == "123456");
}

EDDY_TEST_CASE("a write that a thread has begun goes on to its end and counts", "[real][order][c404]") {
  const TemporaryFolder folder;
  ::mkfifo((folder / "pipe").c_str(), 0600);
  const Descriptor reader{::open((folder / "pipe").c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC)};
  File file = co_await open_file(folder / "pipe", FileMode::write);
  const std::string data(500'000, 'x');  // a pipe takes 64 KiB
  auto writing = eddy::create_task(file.write(data));
  co_await real_time(50ms);
  writing.cancel();
  co_await real_time(20ms);
  CHECK_FALSE(writing.done());
  std::string got;
  std::vector<char> block(65'536);
  while (got.size() < data.size()) {
    const ssize_t count = ::read(reader.number, block.data(), block.size());
    if (count > 0) got.append(block.data(), static_cast<std::size_t>(count));
    co_await eddy::yield();
  }
  co_await writing;  // its value was delivered
  CHECK((got == data));
}

EDDY_TEST_CASE("a file that is opened for a task which is cancelled meanwhile is given or closed", "[real][order]") {
  const TemporaryFolder folder;
  ::mkfifo((folder / "pipe").c_str(), 0600);
  const OpenBothEnds finally{folder / "pipe"};
  int number = -1;
  bool went_on = false;
  const auto opener = [&]() -> eddy::Task<> {
    File file = co_await open_file(folder / "pipe");
    number = file.fileno();
    co_await eddy::yield();
    went_on = true;
  };
  auto opening = eddy::create_task(opener());
  co_await real_time(50ms);
  opening.cancel();
  co_await real_time(20ms);
  CHECK_FALSE(opening.done());
  const Descriptor writer{::open((folder / "pipe").c_str(), O_WRONLY | O_CLOEXEC)};
  const std::string how = co_await ending(opening);
  CHECK(how == "CancelledError ");
  CHECK_FALSE(went_on);
  CHECK(number != -1);
  CHECK(::fcntl(number, F_GETFD) == -1);
}

EDDY_TEST_CASE("a generator of lines that is cut by a cancel leaves the line to the file", "[real][order]") {
  const TemporaryFolder folder;
  put(folder / "file", "one\n" + std::string(70'000, 'x') + "\nlast\n");
  File file = co_await open_file(folder / "file");
  auto lines = file.lines();
  auto line = co_await lines.next();
  CHECK(line == "one");
  BlockedPool pool;
  co_await pool.block();
  const auto next = [&]() -> eddy::Task<> { (void)co_await lines.next(); };
  auto waiting = eddy::create_task(next());
  for (int i = 0; i < 5; ++i) co_await eddy::yield();
  waiting.cancel();
  for (int i = 0; i < 5; ++i) co_await eddy::yield();
  CHECK(waiting.cancelled());
  co_await pool.open();
  const std::string how = co_await ending_by_kind(lines.next());
  CHECK(how.starts_with("CancelledError"));
  const auto second = co_await file.read_line();
  CHECK((second == std::string(70'000, 'x') + '\n'));
}
