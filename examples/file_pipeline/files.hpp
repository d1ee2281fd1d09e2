// The file pipeline's blocking work, which runs in the loop's thread pool: finding, reading and writing files.
//
// A cancel reaches it through the stop token that `eddy::to_thread` gives to a function that takes one.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/error.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace fs = std::filesystem;

using Paths = std::vector<std::string>;  // relative to DIR

struct Counts {
  std::uint64_t lines = 0;
  std::uint64_t words = 0;
  std::uint64_t bytes = 0;
};

/// The regular files below `dir` but `out`, a few at a time. Links to files are followed, links to directories are not.
/// What cannot be examined is among them: reading it will tell why. A walk remembers the directories that it has yet to
/// look into, but no files.
class Walk {
 public:
  /// Throws if `dir` cannot be listed.
  Walk(fs::path dir, fs::path out) : dir_(std::move(dir)), out_(std::move(out)) { open(fs::path()); }

  /// The next files, at most `count`, in no particular order; none at the end.
  Paths next(const std::stop_token& stop, std::size_t count) {
    while (found_.size() < count && (entry_ != fs::directory_iterator{} || !directories_.empty())) {
      if (stop.stop_requested()) throw eddy::CancelledError{};
      if (entry_ != fs::directory_iterator{}) {
        examine(*entry_);
        std::error_code error;
        entry_.increment(error);
        check(error);
      } else {
        fs::path directory = std::move(directories_.back());
        directories_.pop_back();
        open(std::move(directory));
      }
    }
    return std::exchange(found_, {});
  }

 private:
  void open(fs::path directory) {
    std::error_code error;
    directory_ = std::move(directory);
    entry_ = fs::directory_iterator{dir_ / directory_, error};
    check(error);
  }
  void check(std::error_code error) {
    if (error && directory_.empty()) throw std::system_error(error, dir_.native());
    if (error) found_.push_back(directory_.native());
  }
  void examine(const fs::directory_entry& entry) {
    std::error_code ignored;
    const fs::path path = directory_ / entry.path().filename();
    const fs::file_status status = entry.status(ignored);
    if (fs::is_directory(status)) {
      if (!entry.is_symlink(ignored)) directories_.push_back(path);
    } else if (!fs::is_other(status) && !fs::equivalent(entry.path(), out_, ignored)) {
      found_.push_back(path.native());
    }
  }

  fs::path dir_;
  fs::path out_;
  std::vector<fs::path> directories_;  // relative to `dir_`, to be listed
  fs::path directory_;                 // relative to `dir_`, being listed
  fs::directory_iterator entry_;
  Paths found_;
};

inline Walk open_walk(const std::string& dir, const std::string& out) { return Walk(dir, out); }
inline Paths find_more(const std::stop_token& stop, Walk& walk, std::size_t count) { return walk.next(stop, count); }

/// All files of a walk, sorted.
inline Paths find_files(const std::stop_token& stop, const std::string& dir, const std::string& out) {
  Walk walk(dir, out);
  Paths found = walk.next(stop, SIZE_MAX);
  std::sort(found.begin(), found.end());
  return found;
}

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, CloseFile>;

/// Counts a file as `LC_ALL=C wc` does: white space ends a word, a printable character begins one or continues it, and
/// any other byte does neither.
inline Counts count_file(const std::stop_token& stop, const fs::path& path) {
  const File file{std::fopen(path.c_str(), "rb")};
  if (!file) throw std::system_error(errno, std::generic_category());

  Counts counts;
  bool in_word = false;
  std::array<char, 65536> buffer;
  while (const std::size_t size = std::fread(buffer.data(), 1, buffer.size(), file.get())) {
    if (stop.stop_requested()) throw eddy::CancelledError{};
    counts.bytes += size;
    for (const char c : std::string_view{buffer.data(), size}) {
      if (c == '\n') ++counts.lines;
      if (c == ' ' || (c >= '\t' && c <= '\r')) {
        in_word = false;
      } else if (c > ' ' && c <= '~' && !in_word) {
        in_word = true;
        ++counts.words;
      }
    }
  }
  if (std::ferror(file.get())) throw std::system_error(errno, std::generic_category());
  return counts;
}

/// Whether reading a file that failed with this may succeed a moment later: the process or the system is short of
/// descriptors or memory, the call was interrupted, or the device or the network stumbled. What is missing or forbidden
/// stays so.
inline bool may_pass(const std::exception_ptr& error) {
  constexpr std::array passing{EMFILE, ENFILE, ENOMEM, EAGAIN, EINTR, EBUSY, EIO, ESTALE, ETIMEDOUT};
  try {
    std::rethrow_exception(error);
  } catch (const std::system_error& failure) {
    return std::find(passing.begin(), passing.end(), failure.code().value()) != passing.end();
  } catch (...) {
    return false;
  }
}

/// The file that the lines go to.
struct Output {
  std::string path;
  File file;
  std::size_t size = 0;
};

inline Output open_output(const std::string& path) {
  File file{std::fopen(path.c_str(), "wb")};
  if (!file) throw std::system_error(errno, std::generic_category(), path);
  std::setvbuf(file.get(), nullptr, _IONBF, 0);
  return Output{path, std::move(file)};
}

/// Appends all of `lines` or, if that fails, none: the output always ends with a whole line.
inline void append(Output& output, const std::string& lines) {
  if (std::fwrite(lines.data(), 1, lines.size(), output.file.get()) != lines.size()) {
    const int reason = errno;
    std::error_code ignored;
    fs::resize_file(output.path, output.size, ignored);
    throw std::system_error(reason, std::generic_category(), output.path);
  }
  output.size += lines.size();
}
