// The system calls of files: they block, so they run in a pool's threads.
//
// Each is made again when a signal interrupts it, and its error names the file. Nothing else of the library calls the
// system for files.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/io/descriptor.hpp>
#include <eddy/io/system_calls.hpp>

#include <cerrno>
#include <cstddef>
#include <fcntl.h>
#include <filesystem>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace eddy::inline EDDY_ABI::detail {

inline constexpr std::size_t kFileBlock = std::size_t{64} << 10;  // the least that is read at once
inline constexpr std::size_t kFileStep = std::size_t{1} << 20;    // the most between two looks at the stop token

// `doing` is such as "cannot open", of the file at `path`.
[[noreturn]] EDDY_COLD inline void throw_file_error(int reason, const char* doing, const std::filesystem::path& path) {
  throw std::system_error(reason, std::generic_category(), std::string("eddy: ") + doing + " \"" + path.native() + '"');
}

inline Descriptor open_descriptor(const std::filesystem::path& path, int flags, std::filesystem::perms permissions) {
  const int number = sys::retried(
      [&] { return ::open(path.c_str(), flags | O_CLOEXEC | O_NOCTTY, static_cast<mode_t>(permissions)); });
  if (number < 0) throw_file_error(-number, "cannot open", path);
  return Descriptor(number);
}

inline void close_descriptor(Descriptor& file, const std::filesystem::path& path) {
  if (const int result = sys::close(file.release()); result < 0) throw_file_error(-result, "cannot close", path);
}

inline struct ::stat examine(const Descriptor& file, const std::filesystem::path& path) {
  struct ::stat status {};
  if (::fstat(file.get(), &status) == -1) throw_file_error(errno, "cannot examine", path);
  return status;
}

// Reads at most `size` bytes to the end of `text`, from `offset`, or from where the descriptor stands if that is
// negative. Gives how many there were; none at the end of the file.
inline std::size_t read_more(const Descriptor& file, const std::filesystem::path& path, std::string& text,
                             std::size_t size, ::off_t offset) {
  const std::size_t before = text.size();
  text.resize(before + size);
  const ssize_t count = sys::retried([&] {
    return offset < 0 ? ::read(file.get(), text.data() + before, size)
                      : ::pread(file.get(), text.data() + before, size, offset);
  });
  text.resize(before + (count < 0 ? 0 : static_cast<std::size_t>(count)));
  if (count < 0) throw_file_error(static_cast<int>(-count), "cannot read", path);
  return static_cast<std::size_t>(count);
}

// Writes the first bytes of `text`, as many as the system takes at once and at least one, to `offset`, or to where the
// descriptor stands if that is negative. Gives how many.
inline std::size_t write_some(const Descriptor& file, const std::filesystem::path& path, std::string_view text,
                              ::off_t offset) {
  const ssize_t count = sys::retried([&] {
    if (offset >= 0) return ::pwrite(file.get(), text.data(), text.size(), offset);
    const sys::NoSigpipe no_signal;
    return ::write(file.get(), text.data(), text.size());
  });
  if (count < 0) throw_file_error(static_cast<int>(-count), "cannot write", path);
  if (count == 0) throw_file_error(EIO, "cannot write", path);
  return static_cast<std::size_t>(count);
}

inline void sync_descriptor(const Descriptor& file, const std::filesystem::path& path, bool data_only) {
  const int result = sys::retried([&] { return data_only ? ::fdatasync(file.get()) : ::fsync(file.get()); });
  if (result < 0) throw_file_error(-result, "cannot sync", path);
}

}  // namespace eddy::inline EDDY_ABI::detail
