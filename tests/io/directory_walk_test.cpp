// walk: order, links, errors, depth, filter, names that are no text, cancels, and trees that change meanwhile.
//
// SPDX-License-Identifier: MIT
#include <eddy/io/directory_walk.hpp>

#include "support/blocked_pool.hpp"
#include "support/temporary_folder.hpp"
#include "support/work.hpp"
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <filesystem>
#include <set>
#include <system_error>
#include <thread>
#include <utility>

using namespace test;
using eddy::DirectoryEntry;
using eddy::walk;
using eddy::WalkErrors;
using eddy::WalkLinks;
using eddy::WalkOptions;

namespace {

using Names = std::vector<std::string>;

// The relative paths that a walk gives, those of directories with a slash.
eddy::Task<Names> names_of(eddy::AsyncGenerator<DirectoryEntry> entries) {
  Names names;
  while (auto entry = co_await entries.next()) {
    names.push_back(entry->relative_path().native());
    if (entry->is_directory()) names.back() += '/';
    if (entry->is_symlink()) names.back() += '@';
    if (entry->error()) names.back() += '!';
  }
  co_return names;
}

// a/ (with 1, deeper/ (with 3), z), b, c/ (empty), d/ (with 2)
void make_tree(const TemporaryFolder& folder) {
  for (const char* name : {"a/deeper", "c", "d"}) fs::create_directories(folder / name);
  for (const char* name : {"a/1", "a/z", "a/deeper/3", "b", "d/2"}) put(folder / name, name);
}

bool is_root() { return ::geteuid() == 0; }

}  // namespace

EDDY_TEST_CASE("walk gives the entries of a directory, then those of its first subdirectory, and so on", "[real]") {
  const TemporaryFolder folder;
  make_tree(folder);
  const Names expected{"a/", "b", "c/", "d/", "a/1", "a/deeper/", "a/z", "a/deeper/3", "d/2"};
  Names names = co_await names_of(walk(folder.path()));
  CHECK(names == expected);
  names = co_await names_of(walk(folder.path().native() + "//"));
  CHECK(names == expected);
  names = co_await names_of(walk(folder.path(), {.sorted = false}));
  std::sort(names.begin(), names.end());
  CHECK(names == Names{"a/", "a/1", "a/deeper/", "a/deeper/3", "a/z", "b", "c/", "d/", "d/2"});
  const fs::path before = fs::current_path();
  fs::current_path(folder.path());
  names = co_await names_of(walk("."));
  CHECK(names == expected);
  names = co_await names_of(walk("a"));
  fs::current_path(before);
  CHECK(names == Names{"1", "deeper/", "z", "deeper/3"});
  names = co_await names_of(walk(folder / "c"));
  CHECK(names.empty());
}

EDDY_TEST_CASE("an entry tells its path, type and depth", "[real]") {
  const TemporaryFolder folder;
  fs::create_directories(folder / "sub");
  put(folder / "sub" / "file", "text");
  ::mkfifo((folder / "sub" / "pipe").c_str(), 0600);
  auto entries = walk(folder.path());
  const auto sub = co_await entries.next();
  REQUIRE(sub.has_value());
  CHECK(sub->path() == folder / "sub");
  CHECK(sub->is_directory());
  CHECK(sub->depth() == 0);
  const auto file = co_await entries.next();
  REQUIRE(file.has_value());
  CHECK(file->path() == folder / "sub" / "file");
  CHECK(file->relative_path() == "sub/file");
  CHECK(file->type() == fs::file_type::regular);
  CHECK(file->is_regular_file());
  CHECK_FALSE(file->is_directory());
  CHECK_FALSE(file->is_symlink());
  CHECK_FALSE(file->error());
  CHECK(file->depth() == 1);
  const auto pipe = co_await entries.next();
  REQUIRE(pipe.has_value());
  CHECK(pipe->type() == fs::file_type::fifo);
  const auto end = co_await entries.next();
  CHECK_FALSE(end.has_value());
}

EDDY_TEST_CASE("max_depth bounds how deep a walk goes", "[real]") {
  const TemporaryFolder folder;
  make_tree(folder);
  Names names = co_await names_of(walk(folder.path(), {.max_depth = 0}));
  CHECK(names == Names{"a/", "b", "c/", "d/"});
  names = co_await names_of(walk(folder.path(), {.max_depth = 1}));
  CHECK(names == Names{"a/", "b", "c/", "d/", "a/1", "a/deeper/", "a/z", "d/2"});
}

EDDY_TEST_CASE("a filter leaves out entries and what is below them, in a thread", "[real]") {
  const TemporaryFolder folder;
  make_tree(folder);
  const auto loop_thread = std::this_thread::get_id();
  std::atomic<bool> elsewhere = true;
  const auto filter = [&](const DirectoryEntry& entry) {
    if (std::this_thread::get_id() == loop_thread) elsewhere = false;
    return entry.path().filename() != "deeper" && entry.path().filename() != "b";
  };
  Names names = co_await names_of(walk(folder.path(), {}, filter));
  CHECK(names == Names{"a/", "c/", "d/", "a/1", "a/z", "d/2"});
  CHECK(elsewhere);
  eddy::WalkFilter failing = [](const DirectoryEntry&) -> bool { throw std::runtime_error("no filter"); };
  const std::string how = co_await ending(names_of(walk(folder.path(), {}, std::move(failing))));
  CHECK(how == "no filter");
}

EDDY_TEST_CASE("links are kept, resolved or followed, and a loop of links has an end", "[real]") {
  const TemporaryFolder folder;
  fs::create_directories(folder / "dir/inner");
  put(folder / "dir/inner/file", "text");
  fs::create_symlink("../..", folder / "dir/inner/up");
  fs::create_symlink("dir", folder / "link");
  fs::create_symlink("dir/inner/file", folder / "to_file");
  fs::create_symlink("nowhere", folder / "dangling");
  fs::create_symlink("self", folder / "self");
  Names names = co_await names_of(walk(folder.path()));
  CHECK(names ==
        Names{"dangling@", "dir/", "link@", "self@", "to_file@", "dir/inner/", "dir/inner/file", "dir/inner/up@"});
  names = co_await names_of(walk(folder.path(), {.links = WalkLinks::resolve}));
  CHECK(names ==
        Names{"dangling@", "dir/", "link/@", "self@", "to_file@", "dir/inner/", "dir/inner/file", "dir/inner/up/@"});
  names = co_await names_of(walk(folder.path(), {.links = WalkLinks::follow}));
  CHECK(names == Names{"dangling@", "dir/", "link/@", "self@", "to_file@", "dir/inner/", "dir/inner/file",
                       "dir/inner/up/@", "link/inner/", "link/inner/file", "link/inner/up/@"});
  std::set<std::string> regular;
  auto entries = walk(folder.path(), {.links = WalkLinks::resolve});
  while (auto entry = co_await entries.next()) {
    if (entry->is_regular_file()) regular.insert(entry->relative_path().native());
  }
  CHECK(regular == std::set<std::string>{"dir/inner/file", "to_file"});
  names = co_await names_of(walk(folder / "link"));  // where the walk begins, a link is followed
  CHECK(names == Names{"inner/", "inner/file", "inner/up@"});
}

EDDY_TEST_CASE("names that are no text come as they are", "[real]") {
  const TemporaryFolder folder;
  const Names odd{"\x01", " ", "*", "-rf", "new\nline", "\xff\xfe", "caf\xc3\xa9", std::string(255, 'n')};
  Names expected;
  for (const std::string& name : odd) {
    fs::create_directory(folder / name);
    put(folder / name / name, name);
    expected.push_back(name + '/');
  }
  std::sort(expected.begin(), expected.end());
  for (std::size_t i = 0; i < odd.size(); ++i) {
    const std::string name = expected[i].substr(0, expected[i].size() - 1);
    expected.push_back(expected[i] + name);
  }
  const Names names = co_await names_of(walk(folder.path()));
  CHECK(names == expected);
}

EDDY_TEST_CASE("a directory that cannot be listed ends the walk if it is the first", "[real]") {
  const TemporaryFolder folder;
  put(folder / "file", "text");
  for (const WalkErrors errors : {WalkErrors::throw_error, WalkErrors::skip, WalkErrors::report}) {
    std::string how = co_await ending(names_of(walk(folder / "nowhere", {.errors = errors})));
    CHECK(how == "eddy: cannot list \"" + (folder / "nowhere").native() + "\": No such file or directory");
    how = co_await ending(names_of(walk(folder / "file", {.errors = errors})));
    CHECK(how == "eddy: cannot list \"" + (folder / "file").native() + "\": Not a directory");
  }
  const std::string how = co_await ending(names_of(walk("")));
  CHECK(how == "eddy: cannot list \"\": No such file or directory");
}

EDDY_TEST_CASE("a directory below that cannot be listed is an error, is skipped or is reported", "[real]") {
  const TemporaryFolder folder;
  make_tree(folder);
  // It is there when it is found, and gone when it is to be read.
  const auto removes = [&](const DirectoryEntry& entry) {
    if (entry.path().filename() == "a") fs::remove_all(folder / "a");
    return true;
  };
  auto entries = walk(folder.path(), {}, removes);
  Names names;
  std::string error;
  try {
    while (auto entry = co_await entries.next()) names.push_back(entry->relative_path().native());
  } catch (const std::system_error& failure) {
    error = failure.what();
    CHECK(failure.code() == std::errc::no_such_file_or_directory);
  }
  CHECK(names == Names{"a", "b", "c", "d"});
  CHECK(error == "eddy: cannot list \"" + (folder / "a").native() + "\": No such file or directory");
  const auto after = co_await entries.next();
  CHECK_FALSE(after.has_value());

  make_tree(folder);
  names = co_await names_of(walk(folder.path(), {.errors = WalkErrors::skip}, removes));
  CHECK(names == Names{"a/", "b", "c/", "d/", "d/2"});
  make_tree(folder);
  names = co_await names_of(walk(folder.path(), {.errors = WalkErrors::report}, removes));
  CHECK(names == Names{"a/", "b", "c/", "d/", "a/!", "d/2"});
}

EDDY_TEST_CASE("a directory that one may not read is reported with the reason", "[real]") {
  if (is_root()) co_return;
  const TemporaryFolder folder;
  make_tree(folder);
  ::chmod((folder / "a").c_str(), 0);
  auto entries = walk(folder.path(), {.errors = WalkErrors::report});
  std::error_code reason;
  while (auto entry = co_await entries.next()) {
    if (entry->error()) reason = entry->error();
  }
  ::chmod((folder / "a").c_str(), 0700);
  CHECK(reason == std::errc::permission_denied);
}

EDDY_TEST_CASE("a directory that has become a link meanwhile is not entered unless links are followed", "[real]") {
  const TemporaryFolder folder;
  const TemporaryFolder secret;
  put(secret / "file", "text");
  const auto swaps = [&](const DirectoryEntry& entry) {
    if (entry.path().filename() == "dir") {
      fs::remove(folder / "dir");
      fs::create_symlink(secret.path(), folder / "dir");
    }
    return true;
  };
  for (const WalkLinks links : {WalkLinks::keep, WalkLinks::resolve}) {
    std::error_code ignored;
    fs::remove(folder / "dir", ignored);
    fs::create_directory(folder / "dir");
    const Names names = co_await names_of(walk(folder.path(), {.links = links, .errors = WalkErrors::report}, swaps));
    CHECK(names == Names{"dir/", "dir/!"});
  }
}

EDDY_TEST_CASE("a walk of thousands of entries is complete, sorted or not", "[real]") {
  const TemporaryFolder folder;
  std::set<std::string> expected;
  for (int i = 0; i < 3'000; ++i) {
    const std::string name = (i % 3 == 0 ? "sub/" : "") + std::to_string(i);
    fs::create_directories((folder / name).parent_path());
    put(folder / name, "");
    expected.insert(name);
  }
  for (const bool sorted : {true, false}) {
    auto entries = walk(folder.path(), {.sorted = sorted});
    std::set<std::string> found;
    while (auto entry = co_await entries.next()) {
      if (entry->is_regular_file()) found.insert(entry->relative_path().native());
    }
    CHECK((found == expected));
  }
}

EDDY_TEST_CASE("a tree of 300 directories, one in another, is walked to its end", "[real]") {
  const TemporaryFolder folder;
  fs::path path = folder.path();
  for (int i = 0; i < 300; ++i) path /= "d";
  fs::create_directories(path);
  for (const WalkLinks links : {WalkLinks::keep, WalkLinks::follow}) {
    auto entries = walk(folder.path(), {.links = links});
    std::size_t count = 0;
    std::size_t deepest = 0;
    while (auto entry = co_await entries.next()) {
      ++count;
      deepest = entry->depth();
    }
    CHECK(count == 300);
    CHECK(deepest == 299);
  }
}

EDDY_TEST_CASE("a cancel stops a walk: one that waits for a thread at once, one that reads soon", "[real][order]") {
  const TemporaryFolder folder;
  make_tree(folder);
  BlockedPool pool;
  co_await pool.block();
  auto waiting = eddy::create_task(names_of(walk(folder.path())));
  for (int i = 0; i < 5; ++i) co_await eddy::yield();
  waiting.cancel();
  for (int i = 0; i < 5; ++i) co_await eddy::yield();
  CHECK(waiting.cancelled());
  co_await pool.open();

  Gate reached;
  Gate go_on;
  std::atomic<int> asked = 0;
  const auto filter = [&](const DirectoryEntry&) {
    if (++asked == 1) {
      reached.open();
      go_on.wait();
    }
    return true;
  };
  bool threw = false;
  const auto walker = [&]() -> eddy::Task<> {
    try {
      (void)co_await names_of(walk(folder.path(), {}, filter));
    } catch (...) {
      threw = true;
    }
  };
  auto walking = eddy::create_task(walker());
  co_await eddy::yield();
  REQUIRE(reached.wait());
  walking.cancel();
  for (int i = 0; i < 5; ++i) co_await eddy::yield();
  CHECK_FALSE(walking.done());
  go_on.open();
  const std::string how = co_await ending(walking);
  CHECK(how == "CancelledError ");
  CHECK_FALSE(threw);
  CHECK(asked == 4);  // the first directory's entries, and none of those below
}

EDDY_TEST_CASE("a walk may be dropped half-way", "[real]") {
  const TemporaryFolder folder;
  for (int i = 0; i < 1'000; ++i) put(folder / std::to_string(i), "");
  for (const bool sorted : {true, false}) {
    auto entries = walk(folder.path(), {.sorted = sorted});
    const auto first = co_await entries.next();
    CHECK(first.has_value());
  }
}
