// The file pipeline's files: those that it finds and counts, and the one that it writes.
//
// Finding and writing are eddy's `walk` and `File`. Counting is work for a processor, so a file is read and counted in one
// go in a thread of the loop's pool; a cancel reaches it through the stop token that `eddy::to_thread` gives it.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/eddy.hpp>
#include <eddy/io.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
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

/// The regular files below `dir` but `out`. Links to files are followed, links to directories are not. What cannot be
/// examined is among them: reading it will tell why.
inline eddy::AsyncGenerator<std::string> find(std::string dir, std::string out) {
  const auto is_not_out = [out](const eddy::DirectoryEntry& entry) {  // called in a thread
    std::error_code ignored;
    return !fs::equivalent(entry.path(), out, ignored);
  };
  const eddy::WalkOptions options{.links = eddy::WalkLinks::resolve, .errors = eddy::WalkErrors::report};
  auto entries = eddy::walk(dir, options, is_not_out);
  while (const auto entry = co_await entries.next()) {
    const bool unexamined =
        entry->error() || entry->type() == fs::file_type::symlink || entry->type() == fs::file_type::unknown;
    if (entry->is_regular_file() || unexamined) co_yield entry->relative_path().native();
  }
}

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

/// Counts a file as `LC_ALL=C wc` does: white space ends a word, a printable character begins one or continues it, and
/// any other byte does neither.
inline Counts count_file(const std::stop_token& stop, const fs::path& path) {
  const std::unique_ptr<std::FILE, CloseFile> file{std::fopen(path.c_str(), "rb")};
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

/// The file that the lines go to. It always ends with a whole line.
class Output {
 public:
  explicit Output(eddy::File file) : file_(std::move(file)) {}

  /// Appends all of `lines` or, if that fails, none.
  eddy::Task<> append(std::string lines) {
    const std::size_t size = lines.size();
    const auto [written] = co_await eddy::gather(eddy::return_exceptions, file_.write(std::move(lines)));
    if (!written.has_value()) {
      co_await eddy::uncancellable(eddy::gather(eddy::return_exceptions, file_.truncate(size_)));  // errors are ignored
      written.value();  // throws
    }
    size_ += size;
  }

 private:
  eddy::File file_;
  std::size_t size_ = 0;
};

inline eddy::Task<Output> open_output(std::string path) {
  co_return Output(co_await eddy::open_file(std::move(path), eddy::FileMode::write));
}
