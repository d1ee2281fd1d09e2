// walk: what a directory and those below it have, as a stream, while a thread of the loop's pool reads them.
//
// A visit to the thread brings many entries, of several directories if they are small. In memory are those of one
// directory and the names of the directories that are still to be read, not the tree.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/callback.hpp>
#include <eddy/flow/async_generator.hpp>
#include <eddy/io/file_calls.hpp>
#include <eddy/threads/to_thread.hpp>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace eddy::inline EDDY_ABI {

namespace detail {
class DirectoryWalker;
}

/// What `walk` does with symbolic links.
enum class WalkLinks {
  keep,  ///< a link is an entry of type `symlink`; nobody asks where it leads
  resolve,  ///< a link has the type of what it leads to, `symlink` if that is nothing; directories behind links are not entered
  follow,  ///< they are entered, too, but for those that the walk is inside of already
};

/// What `walk` does with a directory below the first one that cannot be read.
enum class WalkErrors {
  throw_error,  ///< the walk ends with the error, after the entries before it
  skip,         ///< the walk goes on as if it had no entries
  report,       ///< the walk goes on, and the directory comes again as an entry with an `error`
};

/// How `walk` goes.
struct WalkOptions {
  /// What to do with symbolic links.
  WalkLinks links = WalkLinks::keep;
  /// What to do with directories that cannot be read.
  WalkErrors errors = WalkErrors::throw_error;
  /// The entries of a directory in the order of their names' bytes. Without it they come as the system gives them, and a
  /// directory of millions of entries needs no more memory than a small one.
  bool sorted = true;
  /// How many directories deep; zero gives the entries of the first directory only.
  std::size_t max_depth = SIZE_MAX;
};

/// What a walk found: a name in a directory. Source: os.DirEntry.
class DirectoryEntry {
 public:
  /// The path: that of the directory where the walk began, and below it `relative_path()`.
  [[nodiscard]] std::filesystem::path path() const { return path_; }
  /// The path from the directory on where the walk began.
  [[nodiscard]] std::filesystem::path relative_path() const { return std::string_view(path_).substr(root_); }
  /// What it is, as far as the system told without being asked for more than the name: `unknown` if it did not tell.
  [[nodiscard]] std::filesystem::file_type type() const noexcept { return type_; }
  /// True for a regular file and, depending on `WalkLinks`, a link to one.
  [[nodiscard]] bool is_regular_file() const noexcept { return type_ == std::filesystem::file_type::regular; }
  /// True for a directory and, depending on `WalkLinks`, a link to one.
  [[nodiscard]] bool is_directory() const noexcept { return type_ == std::filesystem::file_type::directory; }
  /// True for a symbolic link, whatever its type.
  [[nodiscard]] bool is_symlink() const noexcept { return symlink_; }
  /// How many directories stand between it and where the walk began.
  [[nodiscard]] std::size_t depth() const noexcept { return depth_; }
  /// Why this directory could not be read; no error otherwise, and without `WalkErrors::report`.
  [[nodiscard]] std::error_code error() const noexcept { return error_; }

 private:
  friend class detail::DirectoryWalker;
  std::string path_;
  std::size_t root_ = 0;
  std::size_t depth_ = 0;
  std::filesystem::file_type type_ = std::filesystem::file_type::unknown;
  bool symlink_ = false;
  std::error_code error_;
};

/// What `walk` asks of each entry, in the pool's thread: if it says false, the entry is left out, and what is below it.
using WalkFilter = Callback<bool(const DirectoryEntry&)>;

namespace detail {

struct CloseDirectory {
  void operator()(::DIR* directory) const noexcept { ::closedir(directory); }
};

// Used by one thread at a time: a pool's while it reads, the loop's between that.
class DirectoryWalker {
 public:
  DirectoryWalker(std::string root, WalkOptions options, WalkFilter filter)
      : options_(options), filter_(std::move(filter)) {
    root_ = root.ends_with('/') ? root.size() : root.size() + 1;
    pending_.push_back({std::move(root), 0, nullptr});
  }

  // Finds more, or comes to the end; false if it was stopped before.
  static bool more(const std::stop_token& stop, DirectoryWalker* self) {
    while (self->found.size() < kBatch && !self->ended()) {
      if (stop.stop_requested()) return false;
      if (!self->directory_) {
        self->enter();
      } else {
        self->read(stop);
      }
    }
    return true;
  }
  [[nodiscard]] bool ended() const noexcept { return !directory_ && pending_.empty(); }
  // To be called when what was found has been given.
  void check() const {
    if (error_ != 0) throw_file_error(error_, "cannot list", current_.path);
  }

  std::vector<DirectoryEntry> found;

 private:
  static constexpr std::size_t kBatch = 256;

  // A directory that the walk is inside of.
  struct Inside {
    std::shared_ptr<const Inside> outer;
    ::dev_t device;
    ::ino_t number;
  };
  struct Pending {
    std::string path;
    std::size_t depth;  // of its entries
    std::shared_ptr<const Inside> inside;
  };

  [[nodiscard]] bool at_root() const noexcept { return current_.path.size() <= root_; }

  void enter() {
    current_ = std::move(pending_.back());
    pending_.pop_back();
    // What was a directory a moment ago may be a link now.
    const int no_links = at_root() || options_.links == WalkLinks::follow ? 0 : O_NOFOLLOW;
    const int number = sys::open(current_.path.c_str(), O_RDONLY | O_DIRECTORY | no_links);
    if (number < 0) return fail(-number);
    Descriptor opened(number);
    if (options_.links == WalkLinks::follow) {
      struct ::stat status {};
      if (const int error = sys::status(number, status); error < 0) return fail(-error);
      if (!remember(status)) return;
    }
    directory_.reset(::fdopendir(number));
    if (!directory_) return fail(errno);
    (void)opened.release();
  }
  // False if the walk is inside of this directory already.
  bool remember(const struct ::stat& status) {
    for (const Inside* outer = current_.inside.get(); outer != nullptr; outer = outer->outer.get())
      if (outer->device == status.st_dev && outer->number == status.st_ino) return false;
    current_.inside = std::make_shared<const Inside>(Inside{std::move(current_.inside), status.st_dev, status.st_ino});
    return true;
  }
  // Reads the directory: all of it if it is to be sorted, else so many entries as are wanted.
  void read(const std::stop_token& stop) {
    while (options_.sorted || found.size() + listed_.size() < kBatch) {
      if (stop.stop_requested()) return;
      errno = 0;
      const ::dirent* item = ::readdir(directory_.get());
      if (item == nullptr) return end(errno);
      const std::string_view name = item->d_name;
      if (name != "." && name != "..") list(*item, name);
    }
    give();
  }
  // There is no more in the directory, for the reason given if that is not zero.
  void end(int reason) {
    if (options_.sorted)
      std::sort(listed_.begin(), listed_.end(), [](const auto& a, const auto& b) { return a.path_ < b.path_; });
    give();
    directory_.reset();
    if (reason != 0) fail(reason);
  }
  void list(const ::dirent& item, std::string_view name) {
    DirectoryEntry entry;
    entry.path_.reserve(current_.path.size() + 1 + name.size());
    entry.path_ = current_.path;
    if (!entry.path_.ends_with('/')) entry.path_ += '/';
    entry.path_ += name;
    entry.root_ = root_;
    entry.depth_ = current_.depth;
    const auto type = static_cast<::mode_t>(item.d_type);
    entry.type_ =
        type == DT_UNKNOWN ? examine_entry(item.d_name, AT_SYMLINK_NOFOLLOW, entry.type_) : type_of(DTTOIF(type));
    entry.symlink_ = entry.type_ == std::filesystem::file_type::symlink;
    if (entry.symlink_ && options_.links != WalkLinks::keep) entry.type_ = examine_entry(item.d_name, 0, entry.type_);
    listed_.push_back(std::move(entry));
  }
  [[nodiscard]] std::filesystem::file_type examine_entry(const char* name, int flags,
                                                         std::filesystem::file_type otherwise) const {
    struct ::stat status {};
    return ::fstatat(::dirfd(directory_.get()), name, &status, flags) == 0 ? type_of(status.st_mode) : otherwise;
  }
  static std::filesystem::file_type type_of(::mode_t mode) noexcept {
    switch (mode & S_IFMT) {
      case S_IFREG:
        return std::filesystem::file_type::regular;
      case S_IFDIR:
        return std::filesystem::file_type::directory;
      case S_IFLNK:
        return std::filesystem::file_type::symlink;
      case S_IFBLK:
        return std::filesystem::file_type::block;
      case S_IFCHR:
        return std::filesystem::file_type::character;
      case S_IFIFO:
        return std::filesystem::file_type::fifo;
      case S_IFSOCK:
        return std::filesystem::file_type::socket;
      default:
        return std::filesystem::file_type::unknown;
    }
  }
  // Moves what was listed to what was found. The first of its directories is the next to be read.
  void give() {
    const auto before = static_cast<std::ptrdiff_t>(pending_.size());
    for (DirectoryEntry& entry : listed_) {
      if (filter_ && !filter_(std::as_const(entry))) continue;
      const bool enters = entry.is_directory() && (!entry.is_symlink() || options_.links == WalkLinks::follow);
      if (enters && entry.depth_ < options_.max_depth)
        pending_.push_back({entry.path_, entry.depth_ + 1, current_.inside});
      found.push_back(std::move(entry));
    }
    listed_.clear();
    std::reverse(pending_.begin() + before, pending_.end());
  }
  void fail(int reason) {
    if (at_root() || options_.errors == WalkErrors::throw_error) {
      error_ = reason;
      pending_.clear();
    } else if (options_.errors == WalkErrors::report) {
      DirectoryEntry entry;
      entry.path_ = current_.path;
      entry.root_ = root_;
      entry.depth_ = current_.depth - 1;
      entry.type_ = std::filesystem::file_type::directory;
      entry.error_ = std::error_code(reason, std::generic_category());
      found.push_back(std::move(entry));
    }
  }

  WalkOptions options_;
  WalkFilter filter_;
  std::size_t root_;  // where relative paths begin
  std::vector<Pending> pending_;
  Pending current_{};
  std::unique_ptr<::DIR, CloseDirectory> directory_;
  std::vector<DirectoryEntry> listed_;  // of the directory that is being read
  int error_ = 0;                       // for `current_`; the walk is at its end
};

inline AsyncGenerator<DirectoryEntry> walk_entries(std::string root, WalkOptions options, WalkFilter filter) {
  DirectoryWalker walker(std::move(root), options, std::move(filter));
  while (!walker.ended()) {
    for (bool done = false; !done;) done = co_await to_thread(&DirectoryWalker::more, &walker);
    for (DirectoryEntry& entry : walker.found) co_yield std::move(entry);
    walker.found.clear();
    walker.check();
  }
}

}  // namespace detail

/// The entries of `directory`, then those of the first of its subdirectories, those below that, and so on; `directory` itself
/// is none of them, nor are `.` and `..`. `filter`, if there is one, is asked before an entry is given or entered; it may
/// block, and runs in another thread.
///
/// Cancellation: the thread is asked to stop, and waited for. Errors: std::system_error with the path if `directory` cannot be
/// listed; for those below it see WalkErrors. Files that come and go meanwhile may or may not be found. Complexity: memory
/// for the largest directory, or for 256 entries if they are not sorted, and for the names of directories to be read; one
/// open descriptor. Source: os.walk, os.scandir.
inline AsyncGenerator<DirectoryEntry> walk(const std::filesystem::path& directory,
                                                         WalkOptions options = {}, WalkFilter filter = {}) {
  return detail::walk_entries(directory.native(), options, std::move(filter));
}

}  // namespace eddy::inline EDDY_ABI
