// open_fifo_reader and open_fifo_writer: the ends of a named pipe, a FIFO that stands in a folder, as streams.
//
// A plain open waits for the other end and keeps a thread meanwhile, so both ends are opened without waiting.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/io/file_calls.hpp>
#include <eddy/io/pipe.hpp>

#include <fcntl.h>
#include <filesystem>
#include <stdexcept>
#include <sys/stat.h>
#include <utility>

namespace eddy::inline EDDY_ABI {

/// How `open_fifo_reader` opens.
struct FifoOptions {
  /// It never ends: the next writer is read after the last one has gone, as a service wants it. Its path must be writable, too.
  bool keep_open = false;
};

namespace detail {

inline Descriptor open_fifo(const std::filesystem::path& path, int access) {
  Descriptor fifo = open_descriptor(path, access | O_NONBLOCK, {});
  struct ::stat about {};
  if (const int error = sys::status(fifo.get(), about); error < 0) throw_file_error(-error, "cannot examine", path);
  if (!S_ISFIFO(about.st_mode)) throw std::invalid_argument("eddy: \"" + path.native() + "\" is no named pipe: mkfifo makes one");
  return fifo;
}

}  // namespace detail

/// The reading end of the named pipe at `path`, which must be there. It does not wait for a writer: the first read does. It ends
/// when the last writer has closed it, unless `keep_open` is set.
/// Errors: std::system_error with the path (ENOENT, EACCES); std::invalid_argument if it is no named pipe; NoRunningLoop.
/// Source: os.open(path, O_RDONLY | O_NONBLOCK) and loop.connect_read_pipe.
[[nodiscard]] inline PipeReader open_fifo_reader(const std::filesystem::path& path, FifoOptions options = {}) {
  return PipeReader(detail::open_fifo(path, options.keep_open ? O_RDWR : O_RDONLY));
}
/// The writing end of the named pipe at `path`, which must be there, and open for reading somewhere: whether and when somebody
/// opens it cannot be waited for, but tried again, by `retry`. Later writes throw EPIPE once all readers have gone.
/// Errors: std::system_error with the path: ENXIO if nobody has it open for reading; else as `open_fifo_reader`'s.
/// Source: os.open(path, O_WRONLY | O_NONBLOCK) and loop.connect_write_pipe.
[[nodiscard]] inline PipeWriter open_fifo_writer(const std::filesystem::path& path) {
  return PipeWriter(detail::open_fifo(path, O_WRONLY));
}

}  // namespace eddy::inline EDDY_ABI
