// File: what the system refuses, interrupts and does in part.
//
// SPDX-License-Identifier: MIT
#include <eddy/io/file.hpp>
#include <eddy/io/file_contents.hpp>

#include "support/temporary_folder.hpp"
#include "support/work.hpp"
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <system_error>
#include <utility>

using namespace test;
using eddy::File;
using eddy::FileMode;
using eddy::open_file;

namespace {

std::string quoted(const fs::path& path) { return '"' + path.native() + '"'; }

// While it lives, files end at `size` bytes: what goes beyond that is written in part, then refused.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(::rlim_t size) {
    before_handler_ = ::signal(SIGXFSZ, SIG_IGN);
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const ::rlimit limit{size, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    ::signal(SIGXFSZ, before_handler_);
  }

 private:
  ::rlimit before_{};
  ::sighandler_t before_handler_ = nullptr;
};

// While it lives, SIGUSR1 interrupts the pool's threads, which must be there, and not the loop's.
class Interruptions {
 public:
  Interruptions() {
    struct ::sigaction action {};
    action.sa_handler = [](int) { ++interrupted; };  // without SA_RESTART
    ::sigaction(SIGUSR1, &action, &before_action_);
    ::sigset_t own;
    ::sigemptyset(&own);
    ::sigaddset(&own, SIGUSR1);
    ::pthread_sigmask(SIG_BLOCK, &own, &before_mask_);
    interrupted = 0;
  }
  Interruptions(const Interruptions&) = delete;
  Interruptions& operator=(const Interruptions&) = delete;
  ~Interruptions() {
    ::pthread_sigmask(SIG_SETMASK, &before_mask_, nullptr);
    ::sigaction(SIGUSR1, &before_action_, nullptr);
  }
  // Interrupts so many times.
  static eddy::Task<> send(int times) {
    for (int i = 0; i < times; ++i) {
      const int before = interrupted;
      ::kill(::getpid(), SIGUSR1);
      while (interrupted == before) co_await eddy::yield();
      co_await eddy::sleep(2ms);
    }
  }

 private:
  static inline std::atomic<int> interrupted = 0;
  struct ::sigaction before_action_ {};
  ::sigset_t before_mask_{};
};

eddy::Task<> start_a_thread() {
  co_await eddy::to_thread([] {});
}

}  // namespace

EDDY_TEST_CASE("what the system refuses is a std::system_error with the path", "[real]") {
  const TemporaryFolder folder;
  put(folder / "file", "text");
  fs::create_symlink("loop", folder / "loop");
  std::error_code code;
  try {
    (void)co_await open_file(folder / "nowhere");
  } catch (const std::system_error& error) {
    code = error.code();
  }
  CHECK(code == std::errc::no_such_file_or_directory);
  CHECK(code.category() == std::generic_category());
  std::string how = co_await ending(open_file(folder / "nowhere"));
  CHECK(how == "eddy: cannot open " + quoted(folder / "nowhere") + ": No such file or directory");
  how = co_await ending(open_file(folder.path()));
  CHECK(how == "eddy: cannot open " + quoted(folder.path()) + ": Is a directory");
  how = co_await ending(open_file(folder.path(), FileMode::write));
  CHECK(how == "eddy: cannot open " + quoted(folder.path()) + ": Is a directory");
  how = co_await ending(open_file(folder / "file" / "below"));
  CHECK(how == "eddy: cannot open " + quoted(folder / "file" / "below") + ": Not a directory");
  how = co_await ending(open_file(folder / "loop"));
  CHECK(how == "eddy: cannot open " + quoted(folder / "loop") + ": Too many levels of symbolic links");
  how = co_await ending(open_file(folder / std::string(256, 'n'), FileMode::write));
  CHECK(how.ends_with(": File name too long"));
  how = co_await ending(open_file(""));
  CHECK(how == "eddy: cannot open \"\": No such file or directory");
  if (::geteuid() != 0) {
    ::chmod((folder / "file").c_str(), 0);
    how = co_await ending(open_file(folder / "file"));
    CHECK(how == "eddy: cannot open " + quoted(folder / "file") + ": Permission denied");
  }
}

EDDY_TEST_CASE("reading what is open for writing is refused with a sentence, and the other way round", "[real]") {
  const TemporaryFolder folder;
  File writer = co_await open_file(folder / "file", FileMode::write);
  File reader = co_await open_file(folder / "file");
  const std::string no_read =
      "eddy: cannot read what was opened for writing only: " + quoted(folder / "file") + ": Bad file descriptor";
  const std::string no_write =
      "eddy: cannot write what was opened for reading only: " + quoted(folder / "file") + ": Bad file descriptor";
  std::string how = co_await ending(writer.read(1));
  CHECK(how == no_read);
  how = co_await ending(writer.read_line());
  CHECK(how == no_read);
  auto lines = writer.lines();
  how = co_await ending(lines.next());
  CHECK(how == no_read);
  how = co_await ending(reader.write("text"));
  CHECK(how == no_write);
  how = co_await ending(reader.truncate(0));
  CHECK(how == no_write);
  how = co_await ending(reader.seek(-1));
  CHECK(how == "eddy: cannot seek to before the start of " + quoted(folder / "file") + ": Invalid argument");
  how = co_await ending(reader.seek(INT64_MAX, eddy::SeekFrom::current));
  CHECK(how == "value");
  how = co_await ending(reader.seek(1, eddy::SeekFrom::current));
  CHECK(how.ends_with("Invalid argument"));
}

EDDY_TEST_CASE("a full disk is told, and a write that fails in part leaves the position behind that part", "[real]") {
  const TemporaryFolder folder;
  File full = co_await open_file("/dev/full", FileMode::write);
  std::string how = co_await ending(full.write("text"));
  CHECK(how == "eddy: cannot write \"/dev/full\": No space left on device");
  for (const FileMode mode : {FileMode::write, FileMode::append}) {
    File file = co_await open_file(folder / "file", mode);
    const std::uint64_t start = co_await file.tell();
    const FileSizeLimit limit(start + 10'001);
    how = co_await ending(file.write(std::string(20'000, 'x')));
    CHECK(how == "eddy: cannot write " + quoted(folder / "file") + ": File too large");
    const std::uint64_t position = co_await file.tell();
    CHECK(position == start + 10'001);
  }
  const std::string before = content_of(folder / "file");
  CHECK(before.size() == 20'002);
  {
    const FileSizeLimit limit(30'000);
    how = co_await ending(eddy::write_file(folder / "file", std::string(2'000'000, 'y')));
    CHECK(how == "eddy: cannot write " + quoted(folder / "file") + ": File too large");
  }
  CHECK(content_of(folder / "file") == before);
  CHECK(std::distance(fs::directory_iterator(folder.path()), fs::directory_iterator()) == 1);
}

EDDY_TEST_CASE("an error in the middle of a read keeps what was read before", "[real]") {
  File file = co_await open_file("/proc/self/mem");  // there is nothing at its start
  std::string how = co_await ending(file.read(10));
  CHECK(how == "eddy: cannot read \"/proc/self/mem\": Input/output error");
  const std::uint64_t position = co_await file.tell();
  CHECK(position == 0);
  how = co_await ending(file.read_line());
  CHECK(how == "eddy: cannot read \"/proc/self/mem\": Input/output error");
}

EDDY_TEST_CASE("close tells an error of the system, and the file is closed then, too", "[real]") {
  const TemporaryFolder folder;
  File file = co_await open_file(folder / "file", FileMode::write);
  ::close(file.fileno());
  std::string how = co_await ending(file.close());
  CHECK(how == "eddy: cannot close " + quoted(folder / "file") + ": Bad file descriptor");
  CHECK(file.is_closed());
  how = co_await ending(file.close());
  CHECK(how == "value");
}

EDDY_TEST_CASE("sync tells what cannot be synced", "[real]") {
  File file = co_await open_file("/dev/null", FileMode::write);
  std::string how = co_await ending(file.sync());
  CHECK(how == "eddy: cannot sync \"/dev/null\": Invalid argument");
  how = co_await ending(file.sync_data());
  CHECK(how == "eddy: cannot sync \"/dev/null\": Invalid argument");
}

EDDY_TEST_CASE("a pipe has no position, and is read and written all the same", "[real]") {
  const TemporaryFolder folder;
  ::mkfifo((folder / "pipe").c_str(), 0600);
  const int both = ::open((folder / "pipe").c_str(), O_RDWR | O_CLOEXEC);
  File reader = co_await open_file(folder / "pipe");
  File writer = co_await open_file(folder / "pipe", FileMode::append);
  ::close(both);
  co_await writer.write("one\ntwo");
  co_await writer.write("\nthree");
  co_await writer.close();
  std::string how = co_await ending(reader.seek(0));
  CHECK(how == "eddy: cannot seek in " + quoted(folder / "pipe") + ": Illegal seek");
  how = co_await ending(reader.tell());
  CHECK(how == "eddy: cannot tell the position in " + quoted(folder / "pipe") + ": Illegal seek");
  const auto line = co_await reader.read_line();
  CHECK(line == "one\n");
  const std::string text = co_await reader.read(4);
  CHECK(text == "two\n");
  const std::string rest = co_await reader.read_all();
  CHECK(rest == "three");
}

EDDY_TEST_CASE("writing to a pipe without readers is an error and no signal", "[real]") {
  const TemporaryFolder folder;
  ::mkfifo((folder / "pipe").c_str(), 0600);
  const int reader = ::open((folder / "pipe").c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  File file = co_await open_file(folder / "pipe", FileMode::write);
  ::close(reader);
  const std::string how = co_await ending(file.write("text"));
  CHECK(how == "eddy: cannot write " + quoted(folder / "pipe") + ": Broken pipe");
}

EDDY_TEST_CASE("a call that a signal interrupts is made again", "[real][order]") {
  const TemporaryFolder folder;
  ::mkfifo((folder / "pipe").c_str(), 0600);
  co_await start_a_thread();
  const Interruptions signals;
  auto opening = eddy::create_task(open_file(folder / "pipe"));
  co_await Interruptions::send(5);
  CHECK_FALSE(opening.done());
  const int writer = ::open((folder / "pipe").c_str(), O_WRONLY | O_CLOEXEC);
  File file = co_await std::move(opening);
  auto reading = eddy::create_task(file.read(4));
  co_await Interruptions::send(5);
  CHECK_FALSE(reading.done());
  CHECK(::write(writer, "te", 2) == 2);
  co_await Interruptions::send(5);
  CHECK_FALSE(reading.done());
  CHECK(::write(writer, "xt", 2) == 2);
  const std::string text = co_await std::move(reading);
  CHECK(text == "text");
  ::close(writer);
}

EDDY_TEST_CASE("a write that a signal cuts short is gone on with", "[real][order]") {
  const TemporaryFolder folder;
  ::mkfifo((folder / "pipe").c_str(), 0600);
  const int reader = ::open((folder / "pipe").c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  File file = co_await open_file(folder / "pipe", FileMode::write);
  std::string data;
  while (data.size() < 300'000) data += std::to_string(data.size()) + ' ';
  const Interruptions signals;
  auto writing = eddy::create_task(file.write(data));
  std::string got;
  std::vector<char> block(10'000);
  while (got.size() < data.size()) {
    co_await Interruptions::send(1);
    const ssize_t count = ::read(reader, block.data(), block.size());
    if (count > 0) got.append(block.data(), static_cast<std::size_t>(count));
  }
  co_await writing;
  CHECK((got == data));
  ::close(reader);
}
