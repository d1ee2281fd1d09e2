// File: a file that tasks read and write while a thread of the loop's pool does what blocks. The counterpart of aiofiles.
//
//     eddy::File file = co_await eddy::open_file("names.txt");
//     auto lines = file.lines();
//     while (auto line = co_await lines.next()) …
//
// Whole files are read and written by read_file and write_file (io/file_contents.hpp).
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/flow/async_generator.hpp>
#include <eddy/io/file_state.hpp>
#include <eddy/sync/lock.hpp>
#include <eddy/task/task.hpp>
#include <eddy/threads/to_thread.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace eddy::inline EDDY_ABI {

/// What a file is opened for. Python's modes stand beside them.
enum class FileMode {
  read,                 ///< "r": the file must exist
  write,                ///< "w": made if need be, else emptied
  append,               ///< "a": made if need be; every write goes to the end, wherever that is by then
  create_new,           ///< "x": the file must not exist
  read_write,           ///< "r+": the file must exist; begins at its start
  read_write_truncate,  ///< "w+"
  read_append,          ///< "a+": begins at the end; seek before reading
  read_create_new,      ///< "x+"
};

/// How `open_file` opens.
struct FileOptions {
  /// The permission bits of a file that is made; those of the process's umask are taken away.
  std::filesystem::perms permissions = std::filesystem::perms{0666};
};

/// From where `File::seek` counts. Source: io.SEEK_SET, SEEK_CUR and SEEK_END.
enum class SeekFrom {
  start,    ///< from the first byte
  current,  ///< from the position
  end,      ///< from behind the last byte
};

namespace detail {

inline FilePointer open_blocking(const std::filesystem::path& path, FileMode mode, FileOptions options) {
  static constexpr int kFlags[] = {O_RDONLY, O_CREAT | O_TRUNC, O_CREAT | O_APPEND, O_CREAT | O_EXCL,
                                   0,        O_CREAT | O_TRUNC, O_CREAT | O_APPEND, O_CREAT | O_EXCL};
  auto file = std::make_shared<FileState>();
  file->path = path;
  file->readable = mode == FileMode::read || mode >= FileMode::read_write;
  file->writable = mode != FileMode::read;
  file->appends = mode == FileMode::append || mode == FileMode::read_append;
  const int access = !file->writable ? O_RDONLY : file->readable ? O_RDWR : O_WRONLY;
  file->descriptor = open_descriptor(path, access | kFlags[static_cast<std::size_t>(mode)], options.permissions);
  if (S_ISDIR(examine(file->descriptor, path).st_mode)) throw_file_error(EISDIR, "cannot open", path);
  const ::off_t position = ::lseek(file->descriptor.get(), 0, file->appends ? SEEK_END : SEEK_CUR);
  file->seekable = position != -1;
  if (!file->seekable && errno != ESPIPE && errno != EINVAL) throw_file_error(errno, "cannot open", path);
  if (file->seekable) file->position = static_cast<std::uint64_t>(position);
  return file;
}

inline Task<std::string> read_from(FilePointer file, std::size_t count) {
  const LockGuard turn = co_await file->turn.scoped();
  file->check_readable();
  for (bool done = file->rest().size() >= count; !done;) done = co_await to_thread(&FileState::fill, file.get(), count);
  co_return file->take(count);
}

inline Task<std::string> read_all_from(FilePointer file, std::size_t limit) {
  const LockGuard turn = co_await file->turn.scoped();
  file->check_readable();
  const std::size_t enough = limit == SIZE_MAX ? limit : limit + 1;
  for (bool done = false; !done;) done = co_await to_thread(&FileState::fill, file.get(), enough);
  co_return file->take_all(limit);
}

inline Task<std::string> read_line_from(FilePointer file, std::size_t limit) {
  const LockGuard turn = co_await file->turn.scoped();
  file->check_readable();
  std::optional<std::size_t> length = file->line_length();
  while (!length) length = co_await to_thread(&FileState::fill_line, file.get(), limit);
  co_return file->take_line(*length, limit);
}

inline AsyncGenerator<std::string> lines_from(FilePointer file, std::size_t limit) {
  for (std::string line;;) {
    {
      const LockGuard turn = co_await file->turn.scoped();
      file->check_readable();
      std::optional<std::size_t> length = file->line_length();
      while (!length) length = co_await to_thread(&FileState::fill_line, file.get(), limit);
      line = file->take_line(*length, limit);
    }
    if (line.empty()) break;
    if (line.back() == '\n') line.pop_back();
    co_yield std::move(line);
  }
}

inline Task<> write_to(FilePointer file, std::string data) {
  const LockGuard turn = co_await file->turn.scoped();
  file->check_writable();
  if (!data.empty()) co_await to_thread(&FileState::write, file.get(), std::move(data));
}

inline Task<std::uint64_t> seek_in(FilePointer file, std::int64_t offset, SeekFrom from) {
  const LockGuard turn = co_await file->turn.scoped();
  file->check_seekable("cannot seek in");
  std::uint64_t base = from == SeekFrom::current ? file->position : 0;
  if (from == SeekFrom::end) base = co_await to_thread(&FileState::size, file.get());
  std::int64_t position = 0;
  if (__builtin_add_overflow(static_cast<std::int64_t>(base), offset, &position) || position < 0)
    throw_file_error(EINVAL, "cannot seek to before the start of", file->path);
  file->move_to(static_cast<std::uint64_t>(position));
  co_return file->position;
}

inline Task<std::uint64_t> tell_of(FilePointer file) {
  const LockGuard turn = co_await file->turn.scoped();
  file->check_seekable("cannot tell the position in");
  co_return file->position;
}

inline Task<std::uint64_t> size_of(FilePointer file) {
  const LockGuard turn = co_await file->turn.scoped();
  file->check_open("cannot examine");
  co_return co_await to_thread(&FileState::size, file.get());
}

inline Task<> truncate_file(FilePointer file, std::uint64_t size) {
  const LockGuard turn = co_await file->turn.scoped();
  file->check_writable();
  co_await to_thread(&FileState::truncate, file.get(), size);
}

inline Task<> sync_file(FilePointer file, bool data_only) {
  const LockGuard turn = co_await file->turn.scoped();
  file->check_open("cannot sync");
  co_await to_thread(&FileState::sync, file.get(), data_only);
}

inline Task<> close_file(FilePointer file) {
  const LockGuard turn = co_await file->turn.scoped();
  Descriptor descriptor = std::move(file->descriptor);
  file->drop_buffer();
  if (descriptor.get() != -1) co_await to_thread(&close_descriptor, std::ref(descriptor), std::cref(file->path));
}

}  // namespace detail

/// An open file with a position of its own, made by `open_file`. What blocks runs in the loop's thread pool. Several
/// tasks may use it at once: operations are done one after another, in the order in which they were awaited.
///
/// It can be moved, also while operations are under way. Its destructor closes the file, at once or with the last
/// operation under way; to wait for that, and to be told of errors, await `close()`.
///
/// Cancellation: an operation that no thread has begun changes nothing. One that has begun is waited for: reading then
/// gives its result if it is complete, or takes nothing; writing goes on to its end and counts. What was read and not
/// taken is there for the next read.
/// Errors: std::system_error with the system's reason and the path; ClosedResourceError after `close()` and on a File that was
/// moved from. Threads: for one loop's thread. Complexity: an operation costs a hand-over to a thread and back, except for
/// what was read ahead, at least 64 KiB at a time. Source: aiofiles, io.BufferedRandom.
class [[nodiscard("the file is closed at once: keep it in a variable")]] File {
 public:
  /// The longest line that is read if no other limit is given: 1 MiB.
  static constexpr std::size_t line_limit = 1'048'576;
  /// A limit that is none.
  static constexpr std::size_t no_limit = SIZE_MAX;

  /// A File that is closed.
  File() noexcept = default;
  File(File&&) noexcept = default;
  File& operator=(File&&) noexcept = default;
  ~File() = default;

  /// Completes with the next `count` bytes, with fewer only if the file ends there, with an empty text at its end. Zero
  /// reads nothing.
  Task<std::string> read(std::size_t count) { return detail::read_from(opened(), count); }
  /// Completes with all bytes from the position to the end of the file. Errors: LimitOverrunError if there are more than
  /// `limit`; then none is taken.
  Task<std::string> read_all(std::size_t limit = no_limit) {
    return detail::read_all_from(opened(), limit);
  }
  /// Completes with the next line and its newline, which the last one may lack; with an empty text at the end of the file.
  /// Errors: LimitOverrunError if that is more than `limit` bytes; the line stays unread.
  Task<std::string> read_line(std::size_t limit = line_limit) {
    return detail::read_line_from(opened(), limit);
  }
  /// The lines from the position on, without their newlines; a carriage return before one stays. A line that was read ahead
  /// costs no thread. Errors: as those of `read_line`. The generator keeps the file open until it is dropped.
  AsyncGenerator<std::string> lines(std::size_t limit = line_limit) {
    return detail::lines_from(opened(), limit);
  }
  /// Completes when all of `data` was given to the system, at the position or, in the append modes, at the file's end. Nothing is
  /// buffered, so there is no flush. Errors: as any; the position is then behind what was written.
  Task<> write(std::string data) { return detail::write_to(opened(), std::move(data)); }

  /// Completes with the new position, which may be beyond the end. Errors: std::system_error with EINVAL for one before
  /// the start, with ESPIPE for a pipe or a terminal.
  Task<std::uint64_t> seek(std::int64_t offset, SeekFrom from = SeekFrom::start) {
    return detail::seek_in(opened(), offset, from);
  }
  /// Completes with the position: that of the next byte to be read or written.
  Task<std::uint64_t> tell() { return detail::tell_of(opened()); }
  /// Completes with the file's size in bytes.
  Task<std::uint64_t> size() { return detail::size_of(opened()); }
  /// Completes when the file is `size` bytes long: cut, or made longer by zeros. The position stays, also if it is then beyond
  /// the end.
  Task<> truncate(std::uint64_t size) { return detail::truncate_file(opened(), size); }
  /// Completes when the storage has what was written, and what the system keeps about the file. Source: os.fsync.
  Task<> sync() { return detail::sync_file(opened(), false); }
  /// The same without what is not needed to read the data again, such as times. Source: os.fdatasync.
  Task<> sync_data() { return detail::sync_file(opened(), true); }
  /// Completes when the file is closed, after the operations that were awaited before. On a closed File it does nothing.
  /// Cancellation: while it waits for them nothing has changed; afterwards the file is closed in any case. Errors: those
  /// that the system kept back, such as a full disk; the file is closed then, too.
  Task<> close() { return detail::close_file(state_ ? state_ : std::make_shared<detail::FileState>()); }

  /// True after `close()`, and for a File that was moved from or never opened.
  [[nodiscard]] bool is_closed() const noexcept { return fileno() == -1; }
  /// The descriptor, which stays the File's; -1 if it is closed.
  [[nodiscard]] int fileno() const noexcept { return state_ ? state_->descriptor.get() : -1; }
  /// The path that it was opened by. Errors: ClosedResourceError on a File that was moved from or never opened.
  [[nodiscard]] const std::filesystem::path& path() const { return opened()->path; }

 private:
  friend Task<File> open_file(std::filesystem::path path, FileMode mode, FileOptions options);
  explicit File(detail::FilePointer state) noexcept : state_(std::move(state)) {}
  const detail::FilePointer& opened() const {
    if (!state_) throw ClosedResourceError("eddy: this File was moved from or never opened");
    return state_;
  }
  detail::FilePointer state_;
};

/// Completes with the file at `path`, opened in a thread of the loop's pool. It is not inherited by other programs.
/// Cancellation: if the thread has begun, the file is opened, given and closed again where nobody keeps it. Errors:
/// std::system_error with the path: ENOENT, EACCES, EISDIR for a directory, EEXIST and whatever else the system says.
/// A named pipe keeps the thread until its other end is opened. Source: aiofiles.open, open.
inline Task<File> open_file(std::filesystem::path path, FileMode mode = FileMode::read,
                                          FileOptions options = {}) {
  detail::FilePointer file = co_await to_thread(&detail::open_blocking, std::move(path), mode, options);
  co_return File(std::move(file));
}

}  // namespace eddy::inline EDDY_ABI
