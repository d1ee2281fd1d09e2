// read_file, write_file and append_file: whole files, each in one visit to a thread of the loop's pool.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/io/file_calls.hpp>
#include <eddy/io/stream_error.hpp>
#include <eddy/task/task.hpp>
#include <eddy/threads/to_thread.hpp>

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace eddy::inline EDDY_ABI {

/// How `write_file` and `append_file` write.
struct WriteOptions {
  /// Complete only when the storage has it, so that it outlives a loss of power.
  bool sync = false;
  /// The permission bits of a file that is made; those of the process's umask are taken away.
  std::filesystem::perms permissions = std::filesystem::perms{0666};
};

namespace detail {

// What follows is given `stop` where it may be left half-way; then the result says so, and the caller, for whom a cancel is in
// force, is stopped where it goes on.

inline std::optional<std::string> read_blocking(const std::stop_token& stop, const std::filesystem::path& path,
                                                std::size_t limit) {
  const Descriptor file = open_descriptor(path, O_RDONLY, {});
  const auto expected = static_cast<std::size_t>(std::max<::off_t>(examine(file, path).st_size, 0));
  // A byte more than expected shows the end. A size is only a hint: files of /proc have none, sparse ones too much.
  const std::size_t hint = expected == 0 ? kFileBlock : std::min(expected, 64 * kFileStep) + 1;
  std::optional<std::string> text(std::in_place);
  text->reserve(hint);
  for (;;) {
    const std::size_t wanted = text->size() < hint ? hint - text->size() : text->size();
    if (read_more(file, path, *text, std::min(wanted, kFileStep), -1) == 0) break;
    if (text->size() > limit) throw LimitOverrunError(limit, text->size());
    if (stop.stop_requested()) return std::nullopt;
  }
  if (text->size() < text->capacity() / 2) text->shrink_to_fit();
  return text;
}

// False if it was stopped before the end.
inline bool write_blocking(const std::stop_token& stop, const Descriptor& file, const std::filesystem::path& path,
                           std::string_view data) {
  while (!data.empty() && !stop.stop_requested())
    data.remove_prefix(write_some(file, path, data.substr(0, kFileStep), -1));
  return data.empty();
}

// What is at `path`, as `look` sees it, which is lstat or stat; nothing if there is nothing. Who cannot see what is there must
// not replace it: any other error is thrown.
template <class Look>
std::optional<struct ::stat> look_at(const std::filesystem::path& path, Look look) {
  struct ::stat status {};
  const int result = look(path.c_str(), status);
  if (result == -ENOENT) return std::nullopt;
  if (result < 0) throw_file_error(-result, "cannot write", path);
  return status;
}

// The file that is meant by `path`: where symbolic links lead in the end, though there be nothing yet.
inline std::filesystem::path follow_links(std::filesystem::path path) {
  char target[PATH_MAX];
  for (int links = 0;; ++links) {
    const std::optional<struct ::stat> status = look_at(path, &sys::stat_link);
    if (!status || !S_ISLNK(status->st_mode)) return path;
    const ssize_t size = links == 40 ? -ELOOP : sys::read_link(path.c_str(), target, sizeof target);
    if (size < 0) throw_file_error(static_cast<int>(-size), "cannot write", path);
    path = path.parent_path() / std::string_view(target, static_cast<std::size_t>(size));
  }
}

inline void sync_folder(const std::filesystem::path& file) {
  const std::filesystem::path folder = file.has_parent_path() ? file.parent_path() : std::filesystem::path(".");
  sync_descriptor(open_descriptor(folder, O_RDONLY | O_DIRECTORY, {}), folder, false);
}

// A file under a name of its own beside the one that it will replace. It is removed unless it is put there.
class TemporaryFile {
 public:
  TemporaryFile(const std::filesystem::path& target, std::filesystem::perms permissions) {
    for (int attempt = 0;; ++attempt) {
      std::uint64_t number = 0;
      const ssize_t size = sys::retried([&] { return ::getrandom(&number, sizeof number, 0); });
      if (size < 0) throw_file_error(static_cast<int>(-size), "cannot name a temporary file for", target);
      path_ = target.parent_path() / (".eddy-" + std::to_string(number) + ".tmp");
      try {
        file_ = open_descriptor(path_, O_WRONLY | O_CREAT | O_EXCL, permissions);
        return;
      } catch (const std::system_error& error) {
        if (error.code() != std::errc::file_exists || attempt == 100)
          throw_file_error(error.code().value(), "cannot make a temporary file for", target);
      }
    }
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() {
    if (!path_.empty()) ::unlink(path_.c_str());
  }
  [[nodiscard]] Descriptor& file() noexcept { return file_; }
  void rename_to(const std::filesystem::path& target) {
    if (::rename(path_.c_str(), target.c_str()) == -1) throw_file_error(errno, "cannot replace", target);
    path_.clear();
  }

 private:
  std::filesystem::path path_;
  Descriptor file_;
};

inline bool write_file_blocking(const std::stop_token& stop, const std::filesystem::path& path, const std::string& data,
                                WriteOptions options) {
  const std::filesystem::path target = follow_links(path);
  const std::optional<struct ::stat> old = look_at(target, &sys::stat_path);
  if (old && S_ISDIR(old->st_mode)) throw_file_error(EISDIR, "cannot write", path);
  if (old && !S_ISREG(old->st_mode)) {  // a device or a pipe is written to, not replaced by a file
    Descriptor device = open_descriptor(path, O_WRONLY, {});
    if (!write_blocking(stop, device, path, data)) return false;
    close_descriptor(device, path);
    return true;
  }
  const auto permissions = old ? static_cast<std::filesystem::perms>(old->st_mode & 0777) : options.permissions;
  TemporaryFile temporary(target, permissions);
  if (old && ::fchmod(temporary.file().get(), old->st_mode & 0777) == -1)
    throw_file_error(errno, "cannot keep the permissions of", path);
  if (!write_blocking(stop, temporary.file(), path, data)) return false;
  if (options.sync) sync_descriptor(temporary.file(), path, false);
  close_descriptor(temporary.file(), path);
  temporary.rename_to(target);
  if (options.sync) sync_folder(target);
  return true;
}

// Not stopped half-way: what is appended cannot be taken back.
inline void append_blocking(const std::filesystem::path& path, const std::string& data, WriteOptions options) {
  Descriptor file = open_descriptor(path, O_WRONLY | O_CREAT | O_APPEND, options.permissions);
  write_blocking({}, file, path, data);
  if (options.sync) sync_descriptor(file, path, false);
  close_descriptor(file, path);
}

}  // namespace detail

/// Completes with all that the file at `path` has. Errors: std::system_error with the path; LimitOverrunError if there are more
/// than `limit` bytes. Cancellation: a read that has begun ends within a mebibyte.
/// Source: pathlib.Path.read_bytes.
inline Task<std::string> read_file(std::filesystem::path path, std::size_t limit = SIZE_MAX) {
  std::optional<std::string> text;
  while (!text) text = co_await to_thread(&detail::read_blocking, std::cref(path), limit);
  co_return std::move(*text);
}

/// Completes when the file at `path` has `data` and nothing else. Readers see the old content or the new one, never a part: a
/// temporary file in the same folder is written and takes the old one's name and permission bits (not its owner; other
/// hard links keep the old content). A symbolic link is followed; a device or a pipe is written to as it is.
/// Cancellation: unless all was written by then, the temporary file is removed and the old content stays. Errors: std::system_error
/// with the path, such as ENOSPC, EISDIR, or EACCES if the folder may not be written to; the old content stays, too.
inline Task<> write_file(std::filesystem::path path, std::string data, WriteOptions options = {}) {
  for (bool done = false; !done;)
    done = co_await to_thread(&detail::write_file_blocking, std::cref(path), std::cref(data), options);
}

/// Completes when `data` was written to the end of the file at `path`, which is made if need be. Cancellation: one that has
/// begun is waited for. Errors: std::system_error with the path; a part may have been written then, if the disk is full.
inline Task<> append_file(std::filesystem::path path, std::string data, WriteOptions options = {}) {
  co_await to_thread(&detail::append_blocking, std::cref(path), std::cref(data), options);
}

}  // namespace eddy::inline EDDY_ABI
