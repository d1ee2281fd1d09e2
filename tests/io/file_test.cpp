// File: opening, reading, writing, seeking, lines, and how several tasks share one.
//
// SPDX-License-Identifier: MIT
#include <eddy/io/file.hpp>

#include "support/blocked_pool.hpp"
#include "support/temporary_folder.hpp"
#include "support/work.hpp"
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <type_traits>
#include <utility>

using namespace test;
using eddy::File;
using eddy::FileMode;
using eddy::open_file;
using eddy::SeekFrom;

static_assert(!std::is_copy_constructible_v<File>, "moved only");
static_assert(std::is_nothrow_move_constructible_v<File> && std::is_nothrow_move_assignable_v<File>, "moved freely");

EDDY_TEST_CASE("a file is written, sought and read with a position of its own", "[real][c404]") {
  const TemporaryFolder folder;
  File file = co_await open_file(folder / "file", FileMode::read_write_truncate);
  co_await file.write("0123456789");
  std::uint64_t position = co_await file.tell();
  CHECK(position == 10);
  position = co_await file.seek(2);
  CHECK(position == 2);
  std::string text = co_await file.read(3);
  CHECK(text == "234");
  position = co_await file.tell();
  CHECK(position == 5);
  co_await file.write("ab");
  text = co_await file.read(2);
  CHECK(text == "78");
  position = co_await file.seek(-3, SeekFrom::end);
  CHECK(position == 7);
  position = co_await file.seek(-1, SeekFrom::current);
  CHECK(position == 6);
  text = co_await file.read_all();
  CHECK(text == "b789");
  position = co_await file.seek(1, SeekFrom::end);
  CHECK(position == 11);
  co_await file.write("!");
  const std::uint64_t size = co_await file.size();
  CHECK(size == 12);
  co_await file.close();
  CHECK(content_of(folder / "file") == std::string("01234ab789\0!", 12));
}

EDDY_TEST_CASE("read gives fewer bytes only at the end, and none there", "[real]") {
  const TemporaryFolder folder;
  put(folder / "file", std::string(70'000, 'x') + "end");
  File file = co_await open_file(folder / "file");
  std::string text = co_await file.read(0);
  CHECK(text.empty());
  text = co_await file.read(70'000);
  CHECK(text == std::string(70'000, 'x'));
  const std::string last = co_await file.read(100);
  CHECK(last == "end");
  CHECK(last.capacity() < 1000);
  text = co_await file.read(100);
  CHECK(text.empty());
  text = co_await file.read(static_cast<std::size_t>(-1));
  CHECK(text.empty());
  co_await file.seek(70'001);
  text = co_await file.read(static_cast<std::size_t>(-1));
  CHECK(text == "nd");
  text = co_await file.read_all();
  CHECK(text.empty());
}

EDDY_TEST_CASE("a file that has grown is read on from where it ended", "[real]") {
  const TemporaryFolder folder;
  put(folder / "file", "one");
  File file = co_await open_file(folder / "file");
  std::string text = co_await file.read_all();
  CHECK(text == "one");
  put(folder / "file", "one two");
  text = co_await file.read_all();
  CHECK(text == " two");
}

EDDY_TEST_CASE("each mode opens what it says", "[real]") {
  const TemporaryFolder folder;
  const fs::path there = folder / "there";
  const auto opens = [&](fs::path path, FileMode mode) -> eddy::Task<std::string> {
    put(there, "old");
    File file = co_await open_file(path, mode);
    std::uint64_t position = co_await file.tell();
    std::string how = std::to_string(position);
    how += co_await ending(file.write("new")) == "value" ? "w" : "";
    co_await file.seek(0);
    how += co_await ending(file.read(1)) == "value" ? "r" : "";
    how += ' ' + content_of(path);
    fs::remove(path);
    co_return how;
  };
  struct Row {
    FileMode mode;
    const char* existing;
    const char* missing;
  };
  const std::string no_file = "No such file or directory";
  const std::string exists = "File exists";
  for (const Row& row :
       {Row{FileMode::read, "0r old", nullptr}, Row{FileMode::write, "0w new", "0w new"},
        Row{FileMode::append, "3w oldnew", "0w new"}, Row{FileMode::create_new, nullptr, "0w new"},
        Row{FileMode::read_write, "0wr new", nullptr}, Row{FileMode::read_write_truncate, "0wr new", "0wr new"},
        Row{FileMode::read_append, "3wr oldnew", "0wr new"}, Row{FileMode::read_create_new, nullptr, "0wr new"}}) {
    CAPTURE(static_cast<int>(row.mode));
    const auto existing = co_await eddy::gather(eddy::return_exceptions, opens(there, row.mode));
    const auto missing = co_await eddy::gather(eddy::return_exceptions, opens(folder / "missing", row.mode));
    const auto check = [](const eddy::Outcome<std::string>& outcome, const char* expected, const std::string& error) {
      CHECK(outcome.has_value() == (expected != nullptr));
      if (outcome.has_value()) {
        CHECK(outcome.value() == expected);
      } else {
        CHECK(std::string(outcome.what()).ends_with("\": " + error));
      }
    };
    check(std::get<0>(existing), row.existing, exists);
    check(std::get<0>(missing), row.missing, no_file);
  }
}

EDDY_TEST_CASE("appending goes to the end wherever that is by then, and the position follows", "[real]") {
  const TemporaryFolder folder;
  File first = co_await open_file(folder / "log", FileMode::append);
  File second = co_await open_file(folder / "log", FileMode::read_append);
  co_await first.write("one\n");
  co_await second.write("two\n");
  co_await first.write("three\n");
  CHECK(content_of(folder / "log") == "one\ntwo\nthree\n");
  std::uint64_t position = co_await first.tell();
  CHECK(position == 14);
  position = co_await second.tell();
  CHECK(position == 8);
  co_await second.seek(4);
  auto line = co_await second.read_line();
  CHECK(line == "two\n");
  co_await second.write("four");
  line = co_await second.read_line();
  CHECK(line.empty());
  CHECK(content_of(folder / "log") == "one\ntwo\nthree\nfour");
}

EDDY_TEST_CASE("a file that is made has the permission bits that were asked for, and is not inherited", "[real]") {
  const TemporaryFolder folder;
  const ::mode_t before = ::umask(022);
  File usual = co_await open_file(folder / "usual", FileMode::write);
  const eddy::FileOptions private_program{.permissions = fs::perms{0700}};
  File own = co_await open_file(folder / "own", FileMode::create_new, private_program);
  File open = co_await open_file(folder / "open", FileMode::append, {.permissions = fs::perms{0777}});
  ::umask(before);
  CHECK(permissions_of(usual.path()) == 0644);
  CHECK(permissions_of(own.path()) == 0700);
  CHECK(permissions_of(open.path()) == 0755);
  CHECK((::fcntl(usual.fileno(), F_GETFD) & FD_CLOEXEC) != 0);
}

EDDY_TEST_CASE("read_line gives lines with their newlines, also what is behind the last one", "[real]") {
  const TemporaryFolder folder;
  const std::string longest(200'000, 'l');
  put(folder / "file", "one\n\ntwo\r\n" + longest + "\n \nlast");
  File file = co_await open_file(folder / "file");
  std::vector<std::string> lines;
  do lines.push_back(co_await file.read_line());
  while (!lines.back().empty());
  CHECK(lines == std::vector<std::string>{"one\n", "\n", "two\r\n", longest + "\n", " \n", "last", ""});
  co_await file.seek(3);
  const auto rest = co_await file.read_line();
  CHECK(rest == "\n");
  const std::uint64_t position = co_await file.tell();
  CHECK(position == 4);
}

EDDY_TEST_CASE("lines gives each line of a file, and none of an empty one", "[real]") {
  const TemporaryFolder folder;
  const auto lines_of = [&](std::string content) -> eddy::Task<std::vector<std::string>> {
    put(folder / "file", content);
    File file = co_await open_file(folder / "file");
    auto source = file.lines();
    std::vector<std::string> lines;
    while (auto line = co_await source.next()) lines.push_back(std::move(*line));
    const auto none = co_await source.next();
    CHECK_FALSE(none.has_value());
    co_return lines;
  };
  using Lines = std::vector<std::string>;
  const Lines of_nothing = co_await lines_of("");
  CHECK(of_nothing.empty());
  const Lines of_newline = co_await lines_of("\n");
  CHECK(of_newline == Lines{""});
  const Lines unended = co_await lines_of("a\nb");
  CHECK(unended == Lines{"a", "b"});
  const Lines ended = co_await lines_of("a\nb\n");
  CHECK(ended == Lines{"a", "b"});
  const std::string block(65'536, 'x');
  const Lines around_a_block = co_await lines_of(block + "\n" + block.substr(1) + "\n" + "\n" + block + block);
  CHECK(around_a_block == Lines{block, block.substr(1), "", block + block});
}

EDDY_TEST_CASE("thousands of lines are given, and those that were read ahead need no thread", "[real]") {
  const TemporaryFolder folder;
  std::string content;
  for (int i = 0; i < 20'000; ++i) content += "line " + std::to_string(i) + '\n';
  put(folder / "file", content);
  File file = co_await open_file(folder / "file");
  auto lines = file.lines();
  int next = 0;
  bool in_order = true;
  BlockedPool pool;
  while (auto line = co_await lines.next()) {
    in_order = in_order && *line == "line " + std::to_string(next);
    if (++next == 100) co_await pool.block();
    if (next == 5'000) co_await pool.open();  // within the first block
  }
  CHECK(in_order);
  CHECK(next == 20'000);
}

EDDY_TEST_CASE("lines, reads and seeks of one file go on from where each other ended", "[real]") {
  const TemporaryFolder folder;
  put(folder / "file", "1\n2\n345\n6\n7\n8\n");
  File file = co_await open_file(folder / "file");
  auto lines = file.lines();
  auto line = co_await lines.next();
  CHECK(line == "1");
  const auto second = co_await file.read_line();
  CHECK(second == "2\n");
  const std::string text = co_await file.read(1);
  CHECK(text == "3");
  line = co_await lines.next();
  CHECK(line == "45");
  co_await file.seek(10);
  line = co_await lines.next();
  CHECK(line == "7");
}

EDDY_TEST_CASE("what is longer than the limit stays unread", "[real]") {
  const TemporaryFolder folder;
  put(folder / "file", std::string(300'000, 'x') + "\nshort\n");
  File file = co_await open_file(folder / "file");
  std::size_t limit = 0;
  std::size_t consumed = 0;
  try {
    (void)co_await file.read_line(100'000);
  } catch (const eddy::LimitOverrunError& error) {
    limit = error.limit();
    consumed = error.consumed();
  }
  CHECK(limit == 100'000);
  CHECK(consumed > limit);
  CHECK(consumed < 300'000);
  std::string how = co_await ending(file.read_line(300'000));
  CHECK(how == "more than the limit of 300000 bytes");
  how = co_await ending(file.read_all(300'006));
  CHECK(how == "more than the limit of 300006 bytes");
  std::uint64_t position = co_await file.tell();
  CHECK(position == 0);
  const std::string line = co_await file.read_line(300'001);
  CHECK((line == std::string(300'000, 'x') + '\n'));
  {
    auto lines = file.lines(5);
    how = co_await ending(lines.next());
    CHECK(how == "more than the limit of 5 bytes");
  }
  const std::string rest = co_await file.read_all(6);
  CHECK(rest == "short\n");
  position = co_await file.tell();
  CHECK(position == 300'007);
  put(folder / "file", std::string(File::line_limit - 1, 'y') + "\n" + std::string(File::line_limit + 1, 'z'));
  co_await file.seek(0);
  const auto longest = co_await file.read_line();
  CHECK((longest == std::string(File::line_limit - 1, 'y') + '\n'));
  how = co_await ending(file.read_line());
  CHECK(how == "more than the limit of 1048576 bytes");
  const auto unlimited = co_await file.read_line(File::no_limit);
  CHECK((unlimited == std::string(File::line_limit + 1, 'z')));
  const std::string nothing = co_await file.read_all(0);
  CHECK(nothing.empty());
  const auto at_end = co_await file.read_line(0);
  CHECK(at_end.empty());
}

EDDY_TEST_CASE("twenty megabytes are written and read back", "[real][large]") {
  const TemporaryFolder folder;
  std::string data;
  for (std::uint32_t i = 0; data.size() < 20'000'000; ++i) data += std::to_string(i * 2'654'435'761U);
  File file = co_await open_file(folder / "file", FileMode::read_write_truncate);
  co_await file.write(data);
  co_await file.seek(0);
  std::string text = co_await file.read_all();
  CHECK((text == data));
  co_await file.seek(1);
  text = co_await file.read(15'000'000);
  CHECK((text == data.substr(1, 15'000'000)));
  text = co_await file.read(15'000'000);
  CHECK((text == data.substr(15'000'001)));
}

EDDY_TEST_CASE("truncate cuts a file or makes it longer, and forgets what was read ahead", "[real]") {
  const TemporaryFolder folder;
  put(folder / "file", "0123456789");
  File file = co_await open_file(folder / "file", FileMode::read_write);
  std::string text = co_await file.read(4);
  co_await file.truncate(6);
  text = co_await file.read(10);
  CHECK(text == "45");
  co_await file.truncate(2);
  std::uint64_t position = co_await file.tell();
  CHECK(position == 6);
  co_await file.truncate(8);
  text = co_await file.read(10);
  CHECK(text == std::string(2, '\0'));
  CHECK(content_of(folder / "file") == std::string("01\0\0\0\0\0\0", 8));
  const std::string how = co_await ending(file.truncate(static_cast<std::uint64_t>(-1)));
  CHECK(how == "eddy: cannot truncate \"" + (folder / "file").native() + "\": File too large");
  co_await file.sync();
  co_await file.sync_data();
}

EDDY_TEST_CASE("operations of several tasks are done in the order in which they were awaited", "[real][order]") {
  const TemporaryFolder folder;
  File file = co_await open_file(folder / "file", FileMode::read_write_truncate);
  BlockedPool pool;
  co_await pool.block();
  std::vector<eddy::TaskHandle<>> writers;
  std::string expected;
  for (char letter = 'a'; letter <= 'z'; ++letter) {
    writers.push_back(eddy::create_task(file.write(std::string(10'000, letter))));
    expected += std::string(10'000, letter);
  }
  auto told = eddy::create_task(file.tell());
  for (int i = 0; i < 10; ++i) co_await eddy::yield();
  CHECK_FALSE(told.done());
  co_await pool.open();
  co_await eddy::gather(std::move(writers));
  const std::uint64_t position = co_await told;
  CHECK(position == 260'000);
  CHECK((content_of(folder / "file") == expected));
}

EDDY_TEST_CASE("two tasks that read one file each get what the other does not", "[real]") {
  const TemporaryFolder folder;
  std::string content;
  for (int i = 0; i < 3'000; ++i) content += std::to_string(10'000 + i) + '\n';
  put(folder / "file", content);
  File file = co_await open_file(folder / "file");
  std::vector<std::string> found;
  const auto reader = [&]() -> eddy::Task<> {
    while (true) {
      std::string line = co_await file.read_line();
      if (line.empty()) co_return;
      found.push_back(std::move(line));
      co_await eddy::yield();
    }
  };
  co_await eddy::gather(reader(), reader(), reader());
  std::sort(found.begin(), found.end());
  std::string sorted;
  for (const std::string& line : found) sorted += line;
  CHECK(sorted == content);
}

EDDY_TEST_CASE("close waits for the operations that were awaited before, and later ones are refused",
               "[real][order][c405]") {
  const TemporaryFolder folder;
  File file = co_await open_file(folder / "file", FileMode::write);
  BlockedPool pool;
  co_await pool.block();
  const auto first = eddy::create_task(file.write("one"));
  const auto second = eddy::create_task(file.write("two"));
  const auto closing = eddy::create_task(file.close());
  auto late = eddy::create_task(file.write("three"));
  for (int i = 0; i < 10; ++i) co_await eddy::yield();
  CHECK_FALSE(closing.done());
  CHECK_FALSE(file.is_closed());
  co_await pool.open();
  co_await closing;
  CHECK(first.done());
  CHECK(second.done());
  CHECK(file.is_closed());
  CHECK(content_of(folder / "file") == "onetwo");
  const std::string how = co_await ending(late);
  CHECK(how == "eddy: cannot write \"" + (folder / "file").native() + "\": the file was closed; open it again");
}

EDDY_TEST_CASE("after close every operation throws ClosedResourceError, and closing again does nothing", "[real]") {
  const TemporaryFolder folder;
  put(folder / "file", "text");
  File file = co_await open_file(folder / "file");
  auto lines = file.lines();
  const int number = file.fileno();
  co_await file.close();
  co_await file.close();
  CHECK(file.is_closed());
  CHECK(file.fileno() == -1);
  CHECK(::fcntl(number, F_GETFD) == -1);
  CHECK(file.path() == folder / "file");
  const auto refused = [](auto work) -> eddy::Task<bool> {
    try {
      (void)co_await std::move(work);
    } catch (const eddy::ClosedResourceError&) {
      co_return true;
    }
    co_return false;
  };
  const auto [a, b, c, d, e] =
      co_await eddy::gather(refused(file.read(1)), refused(file.read_all()), refused(file.read_line()),
                            refused(file.seek(0)), refused(file.tell()));
  CHECK((a && b && c && d && e));
  const auto [f, g, h, i, j] =
      co_await eddy::gather(refused(file.size()), refused(file.truncate(0)), refused(file.sync()),
                            refused(file.sync_data()), refused(file.write("")));
  CHECK((f && g && h && i && j));
  const std::string next = co_await ending(lines.next());
  CHECK(next == "eddy: cannot read \"" + (folder / "file").native() + "\": the file was closed; open it again");
}

EDDY_TEST_CASE("a File that was moved from or never opened is closed", "[real]") {
  const TemporaryFolder folder;
  File file = co_await open_file(folder / "file", FileMode::write);
  File other;
  CHECK(other.is_closed());
  other = std::move(file);
  CHECK(file.is_closed());  // NOLINT(bugprone-use-after-move)
  CHECK_FALSE(other.is_closed());
  co_await file.close();
  CHECK_THROWS_AS(file.write("text"), eddy::ClosedResourceError);
  CHECK_THROWS_AS(file.path(), eddy::ClosedResourceError);
  co_await other.write("text");
  const int number = other.fileno();
  other = File();
  CHECK(::fcntl(number, F_GETFD) == -1);
  CHECK(content_of(folder / "file") == "text");
}

EDDY_TEST_CASE("a File may be moved and destroyed while an operation is under way", "[real]") {
  const TemporaryFolder folder;
  std::optional<File> file = co_await open_file(folder / "file", FileMode::write);
  const int number = file->fileno();
  BlockedPool pool;
  co_await pool.block();
  const auto writing = eddy::create_task(file->write("text"));
  co_await settle();
  {
    const File moved = std::move(*file);
    file.reset();
  }
  CHECK(::fcntl(number, F_GETFD) != -1);
  co_await pool.open();
  co_await writing;
  CHECK(::fcntl(number, F_GETFD) == -1);
  CHECK(content_of(folder / "file") == "text");
}
