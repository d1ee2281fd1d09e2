// FileState: an open file, its position and what was read ahead of it. File's operations share one.
//
// One operation at a time has it, the holder of `turn`; what blocks of it runs in a thread of the loop's pool meanwhile.
// Reading fills the buffer there, and the loop's side takes out of it: what was read and not taken is never lost.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/error.hpp>
#include <eddy/io/file_calls.hpp>
#include <eddy/io/stream_error.hpp>
#include <eddy/sync/lock.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace eddy::inline EDDY_ABI {

namespace detail {

struct FileState {
  Lock turn;
  std::filesystem::path path;
  Descriptor descriptor;
  bool readable = false;
  bool writable = false;
  bool appends = false;
  bool seekable = false;       // a pipe or a terminal is not
  std::uint64_t position = 0;  // of the next byte to be read or written
  std::string buffer;          // what was read ahead: behind `taken`, what the file has from `position` on
  std::size_t taken = 0;

  // On the loop's thread, by who has the turn.

  void check_open(const char* doing) const {
    if (descriptor.get() == -1)
      throw ClosedResourceError(std::string("eddy: ") + doing + " \"" + path.native() +
                                "\": the file was closed; open it again");
  }
  void check_readable() const {
    check_open("cannot read");
    if (!readable) throw_file_error(EBADF, "cannot read what was opened for writing only:", path);
  }
  void check_writable() const {
    check_open("cannot write");
    if (!writable) throw_file_error(EBADF, "cannot write what was opened for reading only:", path);
  }
  void check_seekable(const char* doing) const {
    check_open(doing);
    if (!seekable) throw_file_error(ESPIPE, doing, path);
  }

  [[nodiscard]] std::string_view rest() const noexcept { return std::string_view(buffer).substr(taken); }
  // The next bytes, at most `count`, out of the buffer.
  std::string take(std::size_t count) {
    std::string text;
    // A buffer that is mostly empty is not given away, since nobody expects a short text to keep so much.
    if (taken == 0 && count >= buffer.size() && buffer.size() > buffer.capacity() / 2) {
      text = std::exchange(buffer, {});
    } else {
      text = rest().substr(0, count);
      taken += text.size();
    }
    position += text.size();
    return text;
  }
  std::string take_all(std::size_t limit) {
    if (rest().size() > limit) throw LimitOverrunError(limit, rest().size());
    return take(rest().size());
  }
  // The length of the next line if its end is in the buffer.
  [[nodiscard]] std::optional<std::size_t> line_length() const noexcept {
    const std::size_t end = rest().find('\n');
    return end == std::string_view::npos ? std::nullopt : std::optional(end);
  }
  // The next line, whose length without its newline this is; an empty text at the end of the file.
  std::string take_line(std::size_t length, std::size_t limit) {
    const std::size_t all = std::min(length + 1, rest().size());
    if (all > limit) throw LimitOverrunError(limit, length);
    std::string line(rest().substr(0, all));
    taken += all;
    position += all;
    return line;
  }
  void drop_buffer() noexcept {
    buffer.clear();
    taken = 0;
  }
  void move_to(std::uint64_t where) noexcept {
    if (where != position) drop_buffer();
    position = where;
  }

  // In a thread of the pool. What is asked to stop keeps what it has read, and its caller is stopped where it goes on.

  // Reads a block, of `wanted` bytes if that is a sensible number; false at the end of the file.
  bool read_block(std::size_t wanted) {
    const ::off_t offset = seekable ? static_cast<::off_t>(position + buffer.size()) : -1;
    return read_more(descriptor, path, buffer, std::clamp(wanted, kFileBlock, kFileStep), offset) > 0;
  }
  void forget_taken() { buffer.erase(0, std::exchange(taken, 0)); }
  // Reads until `count` bytes are in the buffer, or all that there are; false if it was stopped before.
  static bool fill(const std::stop_token& stop, FileState* file, std::size_t count) {
    file->forget_taken();
    while (file->buffer.size() < count && file->read_block(count - file->buffer.size()))
      if (stop.stop_requested()) return file->buffer.size() >= count;
    return true;
  }
  // Reads until a line, or more than `limit` bytes, or the end of the file is in the buffer; gives the line's length, and
  // nothing if it was stopped before.
  static std::optional<std::size_t> fill_line(const std::stop_token& stop, FileState* file, std::size_t limit) {
    file->forget_taken();
    for (std::size_t searched = file->buffer.size();;) {
      if (searched > limit || !file->read_block(kFileBlock)) return searched;
      if (const std::size_t end = file->buffer.find('\n', searched); end != std::string::npos) return end;
      searched = file->buffer.size();
      if (stop.stop_requested()) return std::nullopt;
    }
  }
  // After an error the position is behind what was written.
  static void write(FileState* file, const std::string& data) {
    if (file->seekable) file->drop_buffer();
    for (std::string_view left = data; !left.empty();) {
      const bool at_position = file->seekable && !file->appends;
      const std::size_t count =
          write_some(file->descriptor, file->path, left, at_position ? static_cast<::off_t>(file->position) : -1);
      left.remove_prefix(count);
      file->position += count;
      if (!file->seekable || !file->appends) continue;
      const ::off_t end = ::lseek(file->descriptor.get(), 0, SEEK_CUR);  // others may have appended before
      if (end != -1) file->position = static_cast<std::uint64_t>(end);
    }
  }
  static std::uint64_t size(const FileState* file) {
    return static_cast<std::uint64_t>(examine(file->descriptor, file->path).st_size);
  }
  static void truncate(FileState* file, std::uint64_t size) {
    const bool fits = size <= static_cast<std::uint64_t>(std::numeric_limits<::off_t>::max());
    if (!fits) throw_file_error(EFBIG, "cannot truncate", file->path);
    const int result = sys::retried([&] { return ::ftruncate(file->descriptor.get(), static_cast<::off_t>(size)); });
    if (result < 0) throw_file_error(-result, "cannot truncate", file->path);
    file->drop_buffer();
  }
  static void sync(const FileState* file, bool data_only) { sync_descriptor(file->descriptor, file->path, data_only); }
};

using FilePointer = std::shared_ptr<FileState>;

}  // namespace detail
}  // namespace eddy::inline EDDY_ABI
