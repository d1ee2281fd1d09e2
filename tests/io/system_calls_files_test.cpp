// Every system call for files and directories fails, in each way that it can: what was there stays or is replaced whole, an
// operation that failed can be made again, and no temporary file and no descriptor is left.
//
// SPDX-License-Identifier: MIT
#include "support/fault_scenario.hpp"
#include "support/run.hpp"
#include "support/temporary_folder.hpp"

#include <eddy/io.hpp>

#include <algorithm>
#include <fcntl.h>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>
#include <vector>

using namespace test;
using eddy::FileMode;
using namespace test::faults;

namespace {

// What a folder has beside what it should have.
std::string unexpected_in(const fs::path& folder, const std::vector<std::string>& expected) {
  std::string found;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().native();
    if (std::find(expected.begin(), expected.end(), name) == expected.end()) found += name + ' ';
  }
  return found;
}

std::string many_lines(std::size_t size) {
  std::string text;
  for (int i = 0; text.size() < size; ++i) text += "line " + std::to_string(i) + '\n';
  return text;
}

eddy::Task<std::string> names_of(eddy::AsyncGenerator<eddy::DirectoryEntry> entries) {
  std::string names;
  while (auto entry = co_await entries.next()) names += entry->relative_path().native() + (entry->error() ? "! " : " ");
  co_return names;
}
eddy::Task<std::string> lines_of(eddy::File& file) {
  std::string text;
  auto lines = file.lines();
  while (auto line = co_await lines.next()) text += *line + '\n';
  co_return text;
}

}  // namespace

EDDY_LOOP_TEST_CASE("whichever call fails, write_file replaces a file whole or not at all, and can be called again",
                    "[large][order][faults]") {
  const TemporaryFolder folder;
  const std::string before = "before";
  const std::string after = many_lines(30'000);
  fs::create_symlink("file", folder / "link");
  const auto scenario = [&](Told& told) -> eddy::Task<> {
    plainly([&] {
      put(folder / "file", before);
      fs::permissions(folder / "file", fs::perms{0640});
    });
    const auto writing = [&] { return eddy::write_file(folder / "link", after, {.sync = true}); };
    try {
      co_await writing();
    } catch (const std::system_error& failure) {
      told.note(failure);
    }
    const std::string seen = plainly([&] { return content_of(folder / "file"); });
    expect(seen == after || (told.times > 0 && seen == before), "half of it is there");
    if (told.times > 0) co_await writing();
    const faults::Pause pause;
    expect(content_of(folder / "file") == after, "it is not there");
    expect(permissions_of(folder / "file") == 0640, "its permissions were lost");
    expect(fs::is_symlink(folder / "link"), "the link was replaced");
  };
  Expected expected;
  expected.left = [&] { return unexpected_in(folder.path(), {"file", "link"}); };
  expected.untold = {{"open", EEXIST}};  // another name is tried
  expected.impossible = {{"stat", ENOENT}, {"lstat", ENOENT}};
  const auto failed = fail_each_call(scenario, expected);
  check_covered(failed, {"file_contents.hpp: sys::stat_link, sys::read_link, sys::stat_path, getrandom, fchmod, rename",
                         "file_calls.hpp: open, write, fsync, sys::close", "system_calls.hpp: lstat, stat, readlink"});
}

EDDY_LOOP_TEST_CASE("whichever call fails, a file that is not there yet is made whole or not at all", "[large][order][faults]") {
  const TemporaryFolder folder;
  const auto scenario = [&](Told& told) -> eddy::Task<> {
    plainly([&] { return fs::remove(folder / "new"); });
    const auto writing = [&] { return eddy::write_file(folder / "new", "text"); };
    co_await again(told, writing);
    expect(plainly([&] { return content_of(folder / "new"); }) == "text", "it is not there");
    const auto reading = [&] { return eddy::read_file(folder / "new"); };
    const std::string text = co_await again(told, reading);
    expect(text == "text", "it was not read");
  };
  Expected expected;
  expected.left = [&] { return unexpected_in(folder.path(), {"new"}); };
  expected.untold = {{"open", EEXIST}, {"lstat", ENOENT}, {"stat", ENOENT}};
  expected.tolerated = {"close/file"};  // of a file that was only read
  expected.impossible = {{"read/file", EISDIR}};
  const auto failed = fail_each_call(scenario, expected);
  check_covered(failed, {"file_calls.hpp: fstat, read"});
}

EDDY_LOOP_TEST_CASE("whichever call fails, append_file tells it, and a named pipe is written to, never replaced", "[large][order][faults]") {
  const TemporaryFolder folder;
  ::mkfifo((folder / "pipe").c_str(), 0600);
  const eddy::Descriptor reader(::open((folder / "pipe").c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC));
  const auto scenario = [&](Told& told) -> eddy::Task<> {
    plainly([&] { put(folder / "log", "a"); });
    const auto appending = [&] { return eddy::append_file(folder / "log", "b", {.sync = true}); };
    co_await again(told, appending);
    const std::string text = plainly([&] { return content_of(folder / "log"); });
    expect(text == "ab" || (told.times > 0 && text == "abb"), "it is not there");  // what it said came after the writing
    const auto to_pipe = [&] { return eddy::write_file(folder / "pipe", "text"); };
    co_await again(told, to_pipe);
    const faults::Pause pause;
    char space[100];
    const ssize_t size = ::read(reader.get(), space, sizeof space);
    expect(size >= 4 && std::string_view(space, 4) == "text", "nothing came through the pipe");
    expect(fs::is_fifo(folder / "pipe"), "the pipe was replaced");
  };
  Expected expected;
  expected.impossible = {{"stat", ENOENT}};  // "there is nothing"
  expected.untold = {{"lstat", ENOENT}};     // there is something after all
  expected.left = [&] { return unexpected_in(folder.path(), {"log", "pipe"}); };
  const auto failed = fail_each_call(scenario, expected);
  check_covered(failed, {"file_calls.hpp: open, write, fsync"});
}

EDDY_LOOP_TEST_CASE("whichever call of an open file fails, the operation can be made again, and no byte is lost",
                    "[large][order][faults]") {
  const TemporaryFolder folder;
  const std::string text = many_lines(150'000);
  const auto scenario = [&](Told& told) -> eddy::Task<> {
    plainly([&] { return fs::remove(folder / "file"); });
    const auto opening = [&] { return eddy::open_file(folder / "file", FileMode::read_write_truncate); };
    eddy::File file = co_await again(told, opening);
    const auto writing = [&]() -> eddy::Task<> {  // goes on where it was
      const auto done = co_await file.tell();
      co_await file.write(text.substr(done));
    };
    co_await again(told, writing);
    const auto cutting = [&] { return file.truncate(text.size()); };
    co_await again(told, cutting);
    const auto syncing = [&] { return file.sync(); };
    co_await again(told, syncing);
    const auto syncing_data = [&] { return file.sync_data(); };
    co_await again(told, syncing_data);
    const auto asking = [&] { return file.size(); };
    const auto size = co_await again(told, asking);
    expect(size == text.size(), "the size is wrong");
    const auto seeking = [&] { return file.seek(-static_cast<std::int64_t>(text.size()), eddy::SeekFrom::end); };
    co_await again(told, seeking);
    const auto reading = [&] { return file.read(10'000); };
    std::string got = co_await again(told, reading);
    const auto reading_line = [&] { return file.read_line(); };
    got += co_await again(told, reading_line);
    const auto reading_rest = [&] { return file.read_all(); };
    got += co_await again(told, reading_rest);
    expect(got == text, "what was read is not what was written");
    try {
      co_await file.close();
    } catch (const std::system_error& failure) {
      told.note(failure);
    }
    expect(file.is_closed(), "it is not closed");
  };
  Expected expected;
  const auto failed = fail_each_call(scenario, expected);
  check_covered(failed, {"file_calls.hpp: pread, pwrite, fdatasync, fsync, fstat", "file_state.hpp: ftruncate"});
}

EDDY_LOOP_TEST_CASE("whichever call of a file that is appended to fails, all is appended in its order", "[large][order][faults]") {
  const TemporaryFolder folder;
  const auto scenario = [&](Told& told) -> eddy::Task<> {
    plainly([&] { put(folder / "log", "first\n"); });
    const auto opening = [&] { return eddy::open_file(folder / "log", FileMode::read_append); };
    eddy::File file = co_await again(told, opening);
    const auto writing = [&] { return file.write("second\n"); };
    co_await again(told, writing);
    const auto telling = [&] { return file.tell(); };
    const auto position = co_await again(told, telling);
    const std::string content = plainly([&] { return content_of(folder / "log"); });
    expect(position == content.size(), "the position is wrong");
    const auto reading_all = [&]() -> eddy::Task<std::string> {  // what was given until an error is gone with the generator
      co_await file.seek(0);
      co_return co_await lines_of(file);
    };
    const std::string got = co_await again(told, reading_all);
    expect(got == content && got.starts_with("first\nsecond\n"), "what was read is wrong");
  };
  Expected expected;
  expected.tolerated = {"close/file", "lseek"};
  const auto failed = fail_each_call(scenario, expected);
  check_covered(failed, {"file.hpp: lseek", "file_state.hpp: lseek"});
}

EDDY_LOOP_TEST_CASE("whichever call fails, a walk tells the directory that it could not read, and nothing is left open",
                    "[large][order][faults]") {
  const TemporaryFolder folder;
  fs::create_directories(folder / "a" / "b");
  put(folder / "a" / "file", "");
  put(folder / "z", "");
  fs::create_symlink("a", folder / "link");
  fs::create_symlink("z", folder / "other");
  for (const auto links : {eddy::WalkLinks::keep, eddy::WalkLinks::follow}) {
    eddy::WalkOptions options;
    options.links = links;
    const bool follows = links == eddy::WalkLinks::follow;
    const std::string all = follows ? "a link other z a/b a/file link/b link/file " : "a link other z a/b a/file ";
    const auto scenario = [&](Told& told) -> eddy::Task<> {
      const auto walking = [&] { return names_of(eddy::walk(folder.path(), options)); };
      const std::string names = co_await again(told, walking);
      expect(names == all, "not all was found");
    };
    Expected expected;
    expected.left_out = {"fstatat"};  // a link that leads nowhere has the type of a link, and so it is here
    const auto failed = fail_each_call(scenario, expected);
    check_covered(failed, {"directory_walk.hpp: sys::open, fdopendir, readdir"});
    if (follows) check_covered(failed, {"directory_walk.hpp: sys::status"});

    options.errors = eddy::WalkErrors::report;
    const auto reporting = [&](Told& told) -> eddy::Task<> {
      const auto walking = [&] { return names_of(eddy::walk(folder.path(), options)); };
      const std::string names = co_await again(told, walking);
      for (const std::string_view name : {"a ", "link", "other", "z"}) expect(names.find(name) != std::string::npos, "not all was found");
      expect(names == all || told.times > 0 || names.find('!') != std::string::npos || names.find("link/") == std::string::npos,
             "a directory is missing, and nobody said why");
    };
    expected.tolerated = {"open", "fdopendir", "readdir", "fstat", "fstatat"};
    expected.left_out = {};
    const auto again_failed = fail_each_call(reporting, expected);
    if (follows) check_covered(again_failed, {"directory_walk.hpp: fstatat"});
  }
}
