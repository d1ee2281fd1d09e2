// read_file, write_file and append_file: whole files, replaced as a whole.
//
// SPDX-License-Identifier: MIT
#include <eddy/io/file_contents.hpp>

#include "support/blocked_pool.hpp"
#include "support/temporary_folder.hpp"
#include "support/work.hpp"
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <iterator>
#include <system_error>
#include <utility>

using namespace test;
using eddy::append_file;
using eddy::read_file;
using eddy::write_file;

namespace {

std::ptrdiff_t entries(const TemporaryFolder& folder) {
  return std::distance(fs::directory_iterator(folder.path()), fs::directory_iterator());
}

}  // namespace

EDDY_TEST_CASE("what write_file writes, read_file reads", "[real]") {
  const TemporaryFolder folder;
  for (const std::string& data : {std::string(), std::string("text"), std::string("\0\n\xff", 3),
                                  std::string(65'536, 'x'), std::string(3'000'001, 'y')}) {
    co_await write_file(folder / "file", data);
    const std::string text = co_await read_file(folder / "file");
    CHECK((text == data));
    CHECK(text.capacity() < 2 * data.size() + 100);
    CHECK((content_of(folder / "file") == data));
  }
  CHECK(entries(folder) == 1);
}

EDDY_TEST_CASE("read_file reads files whose size is not told", "[real]") {
  const std::string status = co_await read_file("/proc/self/status");
  CHECK(status.find("VmPeak:") != std::string::npos);
  const std::string nothing = co_await read_file("/dev/null");
  CHECK(nothing.empty());
}

EDDY_TEST_CASE("read_file refuses what is longer than its limit", "[real]") {
  const TemporaryFolder folder;
  put(folder / "file", "12345");
  const std::string text = co_await read_file(folder / "file", 5);
  CHECK(text == "12345");
  std::string how = co_await ending(read_file(folder / "file", 4));
  CHECK(how == "more than the limit of 4 bytes");
  how = co_await ending(read_file("/dev/zero", 3'000'000));
  CHECK(how == "more than the limit of 3000000 bytes");
}

EDDY_TEST_CASE("read_file stops for a cancel, though the file has no end", "[real][order]") {
  auto endless = eddy::create_task(read_file("/dev/zero"));
  co_await eddy::sleep(20ms);
  endless.cancel();
  const std::string how = co_await ending(endless);
  CHECK(how == "CancelledError ");
  const std::string timed = co_await ending_by_kind(eddy::timeout(20ms, read_file("/dev/zero")));
  CHECK(timed == "TimeoutError");
}

EDDY_TEST_CASE("append_file makes a file and adds to it", "[real]") {
  const TemporaryFolder folder;
  co_await append_file(folder / "file", "one");
  co_await append_file(folder / "file", "");
  co_await append_file(folder / "file", "two", {.sync = true});
  CHECK(content_of(folder / "file") == "onetwo");
}

EDDY_TEST_CASE("write_file keeps the permission bits of the file that it replaces", "[real]") {
  const TemporaryFolder folder;
  const ::mode_t before = ::umask(027);
  for (const unsigned bits : {0600U, 0640U, 0777U, 0400U}) {
    put(folder / "file", "old");
    ::chmod((folder / "file").c_str(), bits);
    co_await write_file(folder / "file", "new", {.sync = true});
    CHECK(permissions_of(folder / "file") == bits);
    CHECK(content_of(folder / "file") == "new");
    fs::remove(folder / "file");
  }
  co_await write_file(folder / "usual", "new");
  const eddy::WriteOptions private_program{.permissions = fs::perms{0700}};
  co_await write_file(folder / "own", "new", private_program);
  co_await append_file(folder / "log", "new", {.permissions = fs::perms{0604}});
  ::umask(before);
  CHECK(permissions_of(folder / "usual") == 0640);
  CHECK(permissions_of(folder / "own") == 0700);
  CHECK(permissions_of(folder / "log") == 0600);
}

EDDY_TEST_CASE("write_file replaces the file: who has the old one open keeps it", "[real]") {
  const TemporaryFolder folder;
  put(folder / "file", "old");
  std::ifstream open(folder / "file");
  fs::create_hard_link(folder / "file", folder / "link");
  co_await write_file(folder / "file", "new");
  std::string text;
  open >> text;
  CHECK(text == "old");
  CHECK(content_of(folder / "link") == "old");
  CHECK(content_of(folder / "file") == "new");
}

EDDY_TEST_CASE("write_file follows symbolic links, also to what is not there yet", "[real]") {
  const TemporaryFolder folder;
  fs::create_directory(folder / "sub");
  put(folder / "sub" / "file", "old");
  fs::create_symlink("sub/file", folder / "near");
  fs::create_symlink(folder / "near", folder / "far");
  fs::create_symlink("sub/new", folder / "dangling");
  fs::create_symlink("loop", folder / "loop");
  co_await write_file(folder / "far", "new");
  co_await write_file(folder / "dangling", "first");
  CHECK(fs::is_symlink(folder / "far"));
  CHECK(fs::is_symlink(folder / "near"));
  CHECK(fs::is_symlink(folder / "dangling"));
  CHECK(content_of(folder / "sub" / "file") == "new");
  CHECK(content_of(folder / "sub" / "new") == "first");
  const std::string how = co_await ending(write_file(folder / "loop", "text"));
  CHECK(how == "eddy: cannot write \"" + (folder / "loop").native() + "\": Too many levels of symbolic links");
}

EDDY_TEST_CASE("write_file writes to a device instead of replacing it", "[real]") {
  co_await write_file("/dev/null", "text");
  struct ::stat status {};
  CHECK(::stat("/dev/null", &status) == 0);
  CHECK(S_ISCHR(status.st_mode));
}

EDDY_TEST_CASE("a name of the greatest length can be written, and one without a folder", "[real]") {
  const TemporaryFolder folder;
  const std::string name(255, 'n');
  co_await write_file(folder / name, "text");
  CHECK(content_of(folder / name) == "text");
  const fs::path before = fs::current_path();
  fs::current_path(folder.path());
  co_await write_file("plain", "text", {.sync = true});
  fs::current_path(before);
  CHECK(content_of(folder / "plain") == "text");
}

EDDY_TEST_CASE("a write_file that fails says why, leaves the old content and no temporary file", "[real]") {
  const TemporaryFolder folder;
  fs::create_directory(folder / "directory");
  std::string how = co_await ending(write_file(folder / "directory", "text"));
  CHECK(how == "eddy: cannot write \"" + (folder / "directory").native() + "\": Is a directory");
  how = co_await ending(write_file(folder / "nowhere" / "file", "text"));
  CHECK(how == "eddy: cannot make a temporary file for \"" + (folder / "nowhere" / "file").native() +
                   "\": No such file or directory");
  how = co_await ending(write_file("/dev/full", "text"));
  CHECK(how == "eddy: cannot write \"/dev/full\": No space left on device");
  how = co_await ending(append_file("/dev/full", "text"));
  CHECK(how == "eddy: cannot write \"/dev/full\": No space left on device");
  how = co_await ending(append_file(folder / "directory", "text"));
  CHECK(how == "eddy: cannot open \"" + (folder / "directory").native() + "\": Is a directory");
  how = co_await ending(read_file(folder / "directory"));
  CHECK(how == "eddy: cannot read \"" + (folder / "directory").native() + "\": Is a directory");
  how = co_await ending(read_file(folder / "nowhere"));
  CHECK(how == "eddy: cannot open \"" + (folder / "nowhere").native() + "\": No such file or directory");
  CHECK(entries(folder) == 1);
}

EDDY_TEST_CASE("a write_file that is cancelled before a thread has begun it does nothing", "[real][order]") {
  const TemporaryFolder folder;
  put(folder / "file", "old");
  BlockedPool pool;
  co_await pool.block();
  auto writing = eddy::create_task(write_file(folder / "file", "new"));
  auto appending = eddy::create_task(append_file(folder / "log", "new"));
  for (int i = 0; i < 5; ++i) co_await eddy::yield();
  writing.cancel();
  appending.cancel();
  for (int i = 0; i < 5; ++i) co_await eddy::yield();
  CHECK(writing.cancelled());
  CHECK(appending.cancelled());
  co_await pool.open();
  CHECK(content_of(folder / "file") == "old");
  CHECK(entries(folder) == 1);
}

EDDY_TEST_CASE("a write_file that is cancelled at any time leaves the old content or the new, and nothing else",
               "[real][order]") {
  const TemporaryFolder folder;
  put(folder / "file", "old");
  const std::string data(8'000'000, 'x');
  int stopped = 0;
  for (int i = 0; i < 12; ++i) {
    auto writing = eddy::create_task(write_file(folder / "file", data));
    co_await eddy::sleep(i * 400us);
    writing.cancel();
    const std::string how = co_await ending(writing);
    const std::string content = content_of(folder / "file");
    if (how == "value") {
      CHECK((content == data));
      put(folder / "file", "old");
    } else {
      ++stopped;
      CHECK(how == "CancelledError ");
      CHECK(content == "old");
    }
    CHECK(entries(folder) == 1);
  }
  CHECK(stopped > 0);
}

EDDY_TEST_CASE("writers of one file replace each other, and readers see one of them whole", "[real]") {
  const TemporaryFolder folder;
  co_await write_file(folder / "file", std::string(100'000, 'a'));
  bool whole = true;
  const auto writer = [&](char letter) -> eddy::Task<> {
    for (int i = 0; i < 10; ++i) co_await write_file(folder / "file", std::string(100'000, letter));
  };
  const auto reader = [&]() -> eddy::Task<> {
    for (int i = 0; i < 20; ++i) {
      const std::string text = co_await read_file(folder / "file");
      whole = whole && text.size() == 100'000 && text == std::string(100'000, text[0]);
    }
  };
  co_await eddy::gather(writer('b'), reader(), writer('c'), reader());
  CHECK(whole);
  CHECK(entries(folder) == 1);
}
