// The system calls of files: they block, so they run in a pool's threads.
//
// Each is made again when a signal interrupts it, and its error names the file. Nothing else of the library calls the
// system for files.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/config.hpp>

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace eddy::inline EDDY_ABI::detail {

inline constexpr std::size_t kFileBlock = std::size_t{64} << 10;  // the least that is read at once
inline constexpr std::size_t kFileStep = std::size_t{1} << 20;    // the most between two looks at the stop token

// `doing` is such as "cannot open", of the file at `path`.
[[noreturn]] EDDY_COLD inline void throw_file_error(int reason, const char* doing, const std::filesystem::path& path) {
  throw std::system_error(reason, std::generic_category(), std::string("eddy: ") + doing + " \"" + path.native() + '"');
}

// What `call` gives; made again while a signal interrupts it.
template <class Call>
auto uninterrupted(Call call) {
  auto result = call();
  while (result == -1 && errno == EINTR) result = call();
  return result;
}

// A descriptor of a file, closed by whoever has it last.
class FileDescriptor {
public:
  FileDescriptor() noexcept = default;
  explicit FileDescriptor(int number) noexcept : number_(number) {}
  FileDescriptor(FileDescriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~FileDescriptor() {
    if (number_ != -1) ::close(number_);
  }

  [[nodiscard]] int get() const noexcept { return number_; }
  // Closes it and says what is wrong: an error number, or 0. Interrupted or not, Linux has then closed it.
  [[nodiscard]] int close() noexcept {
    if (::close(std::exchange(number_, -1)) == 0 || errno == EINTR) return 0;
    return errno;
  }

private:
  int number_ = -1;
};

inline FileDescriptor open_descriptor(const std::filesystem::path& path, int flags,
                                      std::filesystem::perms permissions) {
  const int number = uninterrupted(
      [&] { return ::open(path.c_str(), flags | O_CLOEXEC | O_NOCTTY, static_cast<mode_t>(permissions)); });
  if (number == -1) throw_file_error(errno, "cannot open", path);
  return FileDescriptor(number);
}

inline void close_descriptor(FileDescriptor& file, const std::filesystem::path& path) {
  if (const int reason = file.close(); reason != 0) throw_file_error(reason, "cannot close", path);
}

inline struct ::stat examine(const FileDescriptor& file, const std::filesystem::path& path) {
  struct ::stat status {};
  if (::fstat(file.get(), &status) == -1) throw_file_error(errno, "cannot examine", path);
  return status;
}

// Reads at most `size` bytes to the end of `text`, from `offset`, or from where the descriptor stands if that is
// negative. Gives how many there were; none at the end of the file.
inline std::size_t read_more(const FileDescriptor& file, const std::filesystem::path& path, std::string& text,
                             std::size_t size, ::off_t offset) {
  const std::size_t before = text.size();
  text.resize(before + size);
  const ssize_t count = uninterrupted([&] {
    return offset < 0 ? ::read(file.get(), text.data() + before, size)
                      : ::pread(file.get(), text.data() + before, size, offset);
  });
  const int reason = errno;
  text.resize(before + static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
  if (count == -1) throw_file_error(reason, "cannot read", path);
  return static_cast<std::size_t>(count);
}

// While it lives, a write of this thread to a pipe without readers gives EPIPE and no SIGPIPE, which would end the program.
class PipeSignalBlock {
public:
  PipeSignalBlock() noexcept {
    ::sigset_t pending;
    ::sigemptyset(&own_);
    ::sigaddset(&own_, SIGPIPE);
    ::sigpending(&pending);
    if (::sigismember(&pending, SIGPIPE) == 1) ::sigemptyset(&own_);  // somebody else's, which is blocked already
    ::pthread_sigmask(SIG_BLOCK, &own_, &before_);
  }
  PipeSignalBlock(const PipeSignalBlock&) = delete;
  PipeSignalBlock& operator=(const PipeSignalBlock&) = delete;
  ~PipeSignalBlock() {
    const int reason = errno;
    const ::timespec now{};
    while (reason == EPIPE && ::sigtimedwait(&own_, nullptr, &now) == -1 && errno == EINTR) continue;
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    errno = reason;
  }

private:
  ::sigset_t own_;
  ::sigset_t before_;
};

// Writes the first bytes of `text`, as many as the system takes at once and at least one, to `offset`, or to where the
// descriptor stands if that is negative. Gives how many.
inline std::size_t write_some(const FileDescriptor& file, const std::filesystem::path& path, std::string_view text,
                              ::off_t offset) {
  const ssize_t count = uninterrupted([&] {
    if (offset >= 0) return ::pwrite(file.get(), text.data(), text.size(), offset);
    const PipeSignalBlock no_signal;
    return ::write(file.get(), text.data(), text.size());
  });
  if (count == -1) throw_file_error(errno, "cannot write", path);
  if (count == 0) throw_file_error(EIO, "cannot write", path);
  return static_cast<std::size_t>(count);
}

inline void sync_descriptor(const FileDescriptor& file, const std::filesystem::path& path, bool data_only) {
  if (uninterrupted([&] { return data_only ? ::fdatasync(file.get()) : ::fsync(file.get()); }) == -1)
    throw_file_error(errno, "cannot sync", path);
}

}  // namespace eddy::inline EDDY_ABI::detail
