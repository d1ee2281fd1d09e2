// The system calls of io/: the one place where it asks the kernel, so that a test can make each of them fail.
//
// Each gives what the call gave, or the error's number negated; EINTR is tried again here. Descriptors are made
// close-on-exec and non-blocking in the call that makes them, and no call raises SIGPIPE.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/config.hpp>

#include <cerrno>
#include <csignal>
#include <cstddef>
#include <ctime>
#include <fcntl.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>

namespace eddy::inline EDDY_ABI::detail {

// What a descriptor is, as far as reading and writing it differ.
enum class DescriptorKind : unsigned char {
  socket,
  pipe,
  device,  // a terminal and the like: a short read does not mean that it is empty
};

[[noreturn]] EDDY_COLD inline void throw_system_error(int error, const char* what) {
  throw std::system_error(error, std::generic_category(), what);
}

namespace sys {

template <class Call>
auto retried(Call call) noexcept {
  decltype(call()) result;
  do {
    result = call();
  } while (result < 0 && errno == EINTR);
  return result < 0 ? static_cast<decltype(call())>(-errno) : result;
}

// Keeps a write to a pipe that nobody reads from ending the program: it blocks SIGPIPE in this thread, and takes the one
// that the write has raised.
class NoSigpipe {
 public:
  NoSigpipe() noexcept {
    sigemptyset(&pipe_);
    sigaddset(&pipe_, SIGPIPE);
    sigset_t pending;
    sigpending(&pending);
    was_pending_ = sigismember(&pending, SIGPIPE) != 0;
    ::pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  NoSigpipe(const NoSigpipe&) = delete;
  NoSigpipe& operator=(const NoSigpipe&) = delete;
  ~NoSigpipe() {
    const int error = errno;
    if (error == EPIPE && !was_pending_) {
      const timespec at_once{};
      while (::sigtimedwait(&pipe_, nullptr, &at_once) < 0 && errno == EINTR) {
      }
    }
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    errno = error;
  }

 private:
  sigset_t pipe_;
  sigset_t before_;
  bool was_pending_ = false;
};

inline ssize_t read(int fd, char* data, std::size_t size) noexcept {
  return retried([&] { return ::read(fd, data, size); });
}
// Apart, so that what writes to a socket has no room for a guard on its stack.
EDDY_NOINLINE inline ssize_t write_guarded(int fd, const char* data, std::size_t size) noexcept {
  const NoSigpipe guard;
  return retried([&] { return ::write(fd, data, size); });
}
inline ssize_t write(int fd, DescriptorKind kind, const char* data, std::size_t size) noexcept {
  if (kind == DescriptorKind::socket) [[likely]] return retried([&] { return ::send(fd, data, size, MSG_NOSIGNAL); });
  return write_guarded(fd, data, size);
}
inline ssize_t write(int fd, DescriptorKind kind, const iovec* parts, std::size_t count) noexcept {
  if (kind == DescriptorKind::socket) {
    msghdr message{};
    message.msg_iov = const_cast<iovec*>(parts);
    message.msg_iovlen = count;
    return retried([&] { return ::sendmsg(fd, &message, MSG_NOSIGNAL); });
  }
  const NoSigpipe guard;
  return retried([&] { return ::writev(fd, parts, static_cast<int>(count)); });
}
// One datagram, to where the socket is connected if `to` is null.
inline ssize_t send_to(int fd, const char* data, std::size_t size, const sockaddr* to, socklen_t to_size) noexcept {
  return retried([&] { return ::sendto(fd, data, size, MSG_NOSIGNAL, to, to_size); });
}
// Takes one datagram, and gives its whole size also if there is less space.
inline ssize_t receive_from(int fd, char* space, std::size_t size, sockaddr* from, socklen_t* from_size) noexcept {
  return retried([&] { return ::recvfrom(fd, space, size, MSG_TRUNC, from, from_size); });
}
inline int shutdown(int fd, int how) noexcept {
  return retried([&] { return ::shutdown(fd, how); });
}
// Not tried again: the descriptor is gone also after EINTR.
inline int close(int fd) noexcept { return ::close(fd) < 0 && errno != EINTR ? -errno : 0; }

inline int socket(int family, int type, int protocol) noexcept {
  return retried([&] { return ::socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol); });
}
inline int socket_pair(int family, int type, int (&ends)[2]) noexcept {
  return retried([&] { return ::socketpair(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends); });
}
inline int accept(int fd, sockaddr* address, socklen_t* size) noexcept {
  return retried([&] { return ::accept4(fd, address, size, SOCK_NONBLOCK | SOCK_CLOEXEC); });
}
// EINTR is no reason to try again: the attempt goes on, as with EINPROGRESS.
inline int connect(int fd, const sockaddr* address, socklen_t size) noexcept {
  const int result = ::connect(fd, address, size);
  if (result == 0) return 0;
  return errno == EINTR ? -EINPROGRESS : -errno;
}
inline int bind(int fd, const sockaddr* address, socklen_t size) noexcept {
  return ::bind(fd, address, size) < 0 ? -errno : 0;
}
inline int listen(int fd, int backlog) noexcept { return ::listen(fd, backlog) < 0 ? -errno : 0; }
inline int set_option(int fd, int level, int name, int value) noexcept {
  return ::setsockopt(fd, level, name, &value, sizeof value) < 0 ? -errno : 0;
}
// The option's value is never negative.
inline int get_option(int fd, int level, int name) noexcept {
  int value = 0;
  socklen_t size = sizeof value;
  return ::getsockopt(fd, level, name, &value, &size) < 0 ? -errno : value;
}
inline int local_name(int fd, sockaddr* address, socklen_t* size) noexcept {
  return ::getsockname(fd, address, size) < 0 ? -errno : 0;
}
inline int peer_name(int fd, sockaddr* address, socklen_t* size) noexcept {
  return ::getpeername(fd, address, size) < 0 ? -errno : 0;
}
// What stands at `path`, a symbolic link itself included.
inline int stat_link(const char* path, struct stat& to) noexcept { return ::lstat(path, &to) < 0 ? -errno : 0; }
// The same of where it leads.
inline int stat_path(const char* path, struct stat& to) noexcept { return ::stat(path, &to) < 0 ? -errno : 0; }
// Where a symbolic link leads, without a zero at its end.
inline ssize_t read_link(const char* path, char* space, std::size_t size) noexcept {
  const ssize_t count = ::readlink(path, space, size);
  return count < 0 ? -errno : count;
}
inline int unlink(const char* path) noexcept { return ::unlink(path) < 0 ? -errno : 0; }
inline int pipe(int (&ends)[2]) noexcept { return ::pipe2(ends, O_NONBLOCK | O_CLOEXEC) < 0 ? -errno : 0; }
inline int open(const char* path, int flags) noexcept {
  return retried([&] { return ::open(path, flags | O_CLOEXEC); });
}
inline int status(int fd, struct stat& about) noexcept { return ::fstat(fd, &about) < 0 ? -errno : 0; }
// Makes another number for the same, `least` at least.
inline int duplicate(int fd, int least) noexcept {
  return retried([&] { return ::fcntl(fd, F_DUPFD_CLOEXEC, least); });
}
// For ends that are given to another program; what the descriptor is open for is shared with all its duplicates.
inline int set_blocking(int fd) noexcept {
  const int flags = ::fcntl(fd, F_GETFL);
  return flags < 0 || ::fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) < 0 ? -errno : 0;
}

// The program is looked for along PATH.
inline int spawn(pid_t& pid, const char* program, const posix_spawn_file_actions_t& actions, const posix_spawnattr_t& attributes,
                 char* const* arguments, char* const* environment) noexcept {
  return -::posix_spawnp(&pid, program, &actions, &attributes, arguments, environment);
}
inline int kill(pid_t pid, int signal) noexcept { return ::kill(pid, signal) < 0 ? -errno : 0; }
inline int wait_process(idtype_t kind, id_t id, siginfo_t& about, int flags) noexcept {
  return retried([&] { return ::waitid(kind, id, &about, flags); });
}
// Before glibc 2.36 these have no names; the numbers are the same everywhere. Linux 5.4.
inline constexpr auto kPidfd = static_cast<idtype_t>(3);
inline int open_pidfd(pid_t pid) noexcept {
  const long fd = ::syscall(434, pid, 0);
  return fd < 0 ? -errno : static_cast<int>(fd);
}
inline int send_signal(int pidfd, int signal) noexcept { return ::syscall(424, pidfd, signal, nullptr, 0) < 0 ? -errno : 0; }

}  // namespace sys
}  // namespace eddy::inline EDDY_ABI::detail
