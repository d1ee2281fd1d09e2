// The functions that stand before the C library's, for tests/support/system_faults.hpp.
//
// SPDX-License-Identifier: MIT
#undef _FORTIFY_SOURCE  // it gives some of these names bodies of their own
#include "support/system_faults.hpp"

#include <cerrno>
#include <csignal>
#include <cstdarg>
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <spawn.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <string>

// NOLINTBEGIN: these have the C library's names and types.
#if !defined(__SANITIZE_THREAD__)
namespace {

using test::faults::Injection;
using test::faults::kOneByte;

// What comes after this program's own, which is looked up where it cannot be made as a system call.
template <class F>
F* next_of(const char* name) noexcept {
  return reinterpret_cast<F*>(::dlsym(RTLD_NEXT, name));
}
long call(long number, long a = 0, long b = 0, long c = 0, long d = 0, long e = 0, long f = 0) {
  // No initialiser that has to be guarded: libc++abi's guards make system calls themselves.
  static constinit std::atomic<long (*)(long, ...)> known = nullptr;
  auto* next = known.load(std::memory_order_relaxed);
  if (next == nullptr) known.store(next = next_of<long(long, ...)>("syscall"), std::memory_order_relaxed);
  return next(number, a, b, c, d, e, f);
}
template <class T>
long arg(T* pointer) noexcept {
  return reinterpret_cast<long>(pointer);
}
long arg(std::size_t size) noexcept { return static_cast<long>(size); }

// What a descriptor is, since reading from a file fails in other ways than reading from a socket.
const char* kind_of(int fd) noexcept {
  const int before = errno;
  struct stat about {};
  const long result = call(SYS_fstat, fd, arg(&about));
  errno = before;
  if (result != 0) return "none";
  switch (about.st_mode & S_IFMT) {
    case S_IFREG: return "file";
    case S_IFIFO: return "pipe";
    case S_IFSOCK: return "socket";
    case S_IFCHR: return "device";
    case S_IFDIR: return "folder";
    case 0: return "event";
    default: return "other";
  }
}

// True if the call is to fail; errno says how. `size` becomes one if one byte is to be moved.
bool fails(const char* name, std::size_t* size = nullptr) {
  const auto error = Injection::ask(name, size != nullptr);
  if (!error) return false;
  if (*error == kOneByte) {
    if (*size > 1) *size = 1;
    return false;
  }
  errno = *error;
  return true;
}
// The same, with the kind of descriptor in the name. What is written to an event moves no bytes that anybody counts.
bool fails_on(const char* name, int fd, std::size_t* size = nullptr) {
  if (!Injection::in_force()) return false;
  const std::string kind = kind_of(fd);
  return fails((std::string(name) + '/' + kind).c_str(), kind == "event" ? nullptr : size);
}
// For functions that give the error's number.
int number_of_failure(const char* name) {
  const int before = errno;
  if (!fails(name)) return 0;
  const int number = errno;
  errno = before;
  return number;
}

}  // namespace

extern "C" {
ssize_t read(int fd, void* data, size_t size) {
  return fails_on("read", fd, &size) ? -1 : call(SYS_read, fd, arg(data), arg(size));
}
ssize_t write(int fd, const void* data, size_t size) {
  return fails_on("write", fd, &size) ? -1 : call(SYS_write, fd, arg(data), arg(size));
}
ssize_t pread(int fd, void* data, size_t size, off_t at) {
  return fails("pread", &size) ? -1 : call(SYS_pread64, fd, arg(data), arg(size), at);
}
ssize_t pwrite(int fd, const void* data, size_t size, off_t at) {
  return fails("pwrite", &size) ? -1 : call(SYS_pwrite64, fd, arg(data), arg(size), at);
}
ssize_t send(int fd, const void* data, size_t size, int flags) {
  return fails("send", &size) ? -1 : call(SYS_sendto, fd, arg(data), arg(size), flags);
}
ssize_t sendmsg(int fd, const msghdr* message, int flags) {
  std::size_t size = 2;
  if (fails("sendmsg", &size)) return -1;
  if (size == 1 && message->msg_iovlen > 0) {
    const iovec& first = message->msg_iov[0];
    return call(SYS_sendto, fd, arg(first.iov_base), first.iov_len > 1 ? 1 : arg(first.iov_len), flags);
  }
  return call(SYS_sendmsg, fd, arg(message), flags);
}
ssize_t sendto(int fd, const void* data, size_t size, int flags, const sockaddr* to, socklen_t to_size) {
  return fails("sendto") ? -1 : call(SYS_sendto, fd, arg(data), arg(size), flags, arg(to), to_size);
}
ssize_t recvfrom(int fd, void* space, size_t size, int flags, sockaddr* from, socklen_t* from_size) {
  return fails("recvfrom") ? -1 : call(SYS_recvfrom, fd, arg(space), arg(size), flags, arg(from), arg(from_size));
}
ssize_t writev(int fd, const iovec* parts, int count) {
  std::size_t size = 2;
  if (fails("writev", &size)) return -1;
  if (size == 1 && count > 0) return call(SYS_write, fd, arg(parts->iov_base), parts->iov_len > 1 ? 1 : arg(parts->iov_len));
  return call(SYS_writev, fd, arg(parts), count);
}
// It is closed all the same.
int close(int fd) {
  const bool failing = fails_on("close", fd);
  const int error = errno;
  const long result = call(SYS_close, fd);
  if (!failing) return static_cast<int>(result);
  errno = error;
  return -1;
}

int socket(int family, int type, int protocol) {
  return fails("socket") ? -1 : static_cast<int>(call(SYS_socket, family, type, protocol));
}
int socketpair(int family, int type, int protocol, int* ends) {
  return fails("socketpair") ? -1 : static_cast<int>(call(SYS_socketpair, family, type, protocol, arg(ends)));
}
int accept4(int fd, sockaddr* address, socklen_t* size, int flags) {
  return fails("accept4") ? -1 : static_cast<int>(call(SYS_accept4, fd, arg(address), arg(size), flags));
}
// One that is interrupted goes on.
int connect(int fd, const sockaddr* address, socklen_t size) {
  const bool failing = fails("connect");
  if (failing && errno != EINTR) return -1;
  const long result = call(SYS_connect, fd, arg(address), size);
  if (!failing) return static_cast<int>(result);
  errno = EINTR;
  return -1;
}
int bind(int fd, const sockaddr* address, socklen_t size) {
  return fails("bind") ? -1 : static_cast<int>(call(SYS_bind, fd, arg(address), size));
}
int listen(int fd, int backlog) { return fails("listen") ? -1 : static_cast<int>(call(SYS_listen, fd, backlog)); }
int shutdown(int fd, int how) { return fails("shutdown") ? -1 : static_cast<int>(call(SYS_shutdown, fd, how)); }
int setsockopt(int fd, int level, int name, const void* value, socklen_t size) {
  return fails("setsockopt") ? -1 : static_cast<int>(call(SYS_setsockopt, fd, level, name, arg(value), size));
}
int getsockopt(int fd, int level, int name, void* value, socklen_t* size) {
  return fails("getsockopt") ? -1 : static_cast<int>(call(SYS_getsockopt, fd, level, name, arg(value), arg(size)));
}
int getsockname(int fd, sockaddr* address, socklen_t* size) {
  return fails("getsockname") ? -1 : static_cast<int>(call(SYS_getsockname, fd, arg(address), arg(size)));
}
int getpeername(int fd, sockaddr* address, socklen_t* size) {
  return fails("getpeername") ? -1 : static_cast<int>(call(SYS_getpeername, fd, arg(address), arg(size)));
}
// One of the EAI_ numbers, which are negative, or an error of the system.
int getaddrinfo(const char* host, const char* service, const addrinfo* hints, addrinfo** found) {
  static auto* const next = next_of<int(const char*, const char*, const addrinfo*, addrinfo**)>("getaddrinfo");
  if (!fails("getaddrinfo")) return next(host, service, hints, found);
  return errno < 0 ? errno : EAI_SYSTEM;
}

int pipe2(int* ends, int flags) { return fails("pipe2") ? -1 : static_cast<int>(call(SYS_pipe2, arg(ends), flags)); }
int fcntl(int fd, int what, ...) {
  va_list more;
  va_start(more, what);
  const long value = va_arg(more, long);
  va_end(more);
  const char* name = what == F_GETFL ? "fcntl/F_GETFL" : what == F_SETFL ? "fcntl/F_SETFL" : "fcntl/other";
  if (what == F_DUPFD_CLOEXEC) name = "fcntl/F_DUPFD_CLOEXEC";
  return fails(name) ? -1 : static_cast<int>(call(SYS_fcntl, fd, what, value));
}
int epoll_create1(int flags) { return fails("epoll_create1") ? -1 : static_cast<int>(call(SYS_epoll_create1, flags)); }
int epoll_ctl(int epoll, int what, int fd, epoll_event* event) {
  return fails("epoll_ctl") ? -1 : static_cast<int>(call(SYS_epoll_ctl, epoll, what, fd, arg(event)));
}
int epoll_wait(int epoll, epoll_event* events, int size, int timeout) {
  if (fails("epoll_wait")) return -1;
  return static_cast<int>(call(SYS_epoll_pwait, epoll, arg(events), size, timeout, 0, _NSIG / 8));
}
#if defined(SYS_epoll_pwait2)
int epoll_pwait2(int epoll, epoll_event* events, int size, const timespec* timeout, const sigset_t* mask) {
  if (fails("epoll_pwait2")) return -1;
  return static_cast<int>(call(SYS_epoll_pwait2, epoll, arg(events), size, arg(timeout), arg(mask), _NSIG / 8));
}
#endif
int ppoll(pollfd* entries, nfds_t count, const timespec* timeout, const sigset_t* mask) {
  if (fails("ppoll")) return -1;
  timespec left{};  // the kernel writes to it
  if (timeout != nullptr) left = *timeout;
  return static_cast<int>(call(SYS_ppoll, arg(entries), arg(count), timeout == nullptr ? 0 : arg(&left), arg(mask), _NSIG / 8));
}
int eventfd(unsigned value, int flags) { return fails("eventfd") ? -1 : static_cast<int>(call(SYS_eventfd2, value, flags)); }

int open(const char* path, int flags, ...) {
  va_list more;
  va_start(more, flags);
  const auto mode = va_arg(more, unsigned);
  va_end(more);
  if (fails("open")) return -1;
  return static_cast<int>(call(SYS_openat, AT_FDCWD, arg(path), flags, (flags & (O_CREAT | O_TMPFILE)) != 0 ? mode : 0));
}
int stat(const char* path, struct stat* about) {
  return fails("stat") ? -1 : static_cast<int>(call(SYS_newfstatat, AT_FDCWD, arg(path), arg(about)));
}
int lstat(const char* path, struct stat* about) {
  if (fails("lstat")) return -1;
  return static_cast<int>(call(SYS_newfstatat, AT_FDCWD, arg(path), arg(about), AT_SYMLINK_NOFOLLOW));
}
int fstat(int fd, struct stat* about) { return fails("fstat") ? -1 : static_cast<int>(call(SYS_fstat, fd, arg(about))); }
int fstatat(int folder, const char* path, struct stat* about, int flags) {
  return fails("fstatat") ? -1 : static_cast<int>(call(SYS_newfstatat, folder, arg(path), arg(about), flags));
}
ssize_t readlink(const char* path, char* space, size_t size) {
  return fails("readlink") ? -1 : call(SYS_readlinkat, AT_FDCWD, arg(path), arg(space), arg(size));
}
int rename(const char* from, const char* to) {
  return fails("rename") ? -1 : static_cast<int>(call(SYS_renameat2, AT_FDCWD, arg(from), AT_FDCWD, arg(to)));
}
int unlink(const char* path) { return fails("unlink") ? -1 : static_cast<int>(call(SYS_unlinkat, AT_FDCWD, arg(path))); }
off_t lseek(int fd, off_t offset, int from) { return fails("lseek") ? -1 : call(SYS_lseek, fd, offset, from); }
int ftruncate(int fd, off_t size) { return fails("ftruncate") ? -1 : static_cast<int>(call(SYS_ftruncate, fd, size)); }
// Nothing is synced under an injection, since it would be waited for a thousand times.
int fsync(int fd) { return fails("fsync") ? -1 : Injection::in_force() ? 0 : static_cast<int>(call(SYS_fsync, fd)); }
int fdatasync(int fd) { return fails("fdatasync") ? -1 : Injection::in_force() ? 0 : static_cast<int>(call(SYS_fdatasync, fd)); }
int fchmod(int fd, mode_t mode) { return fails("fchmod") ? -1 : static_cast<int>(call(SYS_fchmod, fd, mode)); }
ssize_t getrandom(void* space, size_t size, unsigned flags) {
  return fails("getrandom") ? -1 : call(SYS_getrandom, arg(space), arg(size), flags);
}
DIR* fdopendir(int fd) {
  static auto* const next = next_of<DIR*(int)>("fdopendir");
  return fails("fdopendir") ? nullptr : next(fd);
}
dirent* readdir(DIR* folder) {
  static auto* const next = next_of<dirent*(DIR*)>("readdir");
  return fails("readdir") ? nullptr : next(folder);
}

int kill(pid_t pid, int signal) { return fails("kill") ? -1 : static_cast<int>(call(SYS_kill, pid, signal)); }
// Who is told that there is no such child has none any more.
int waitid(idtype_t kind, id_t id, siginfo_t* about, int flags) {
  const bool failing = fails("waitid");
  const int error = errno;
  if (failing && error == ECHILD) flags = WEXITED | WNOHANG;
  const long result = failing && error != ECHILD ? -1 : call(SYS_waitid, static_cast<long>(kind), id, arg(about), flags);
  if (!failing) return static_cast<int>(result);
  errno = error;
  return -1;
}
int posix_spawnp(pid_t* pid, const char* program, const posix_spawn_file_actions_t* actions, const posix_spawnattr_t* attributes,
                 char* const arguments[], char* const environment[]) {
  static auto* const next = next_of<decltype(::posix_spawnp)>("posix_spawnp");
  if (const int error = number_of_failure("posix_spawnp"); error != 0) return error;
  return next(pid, program, actions, attributes, arguments, environment);
}
int posix_spawn_file_actions_init(posix_spawn_file_actions_t* actions) {
  static auto* const next = next_of<int(posix_spawn_file_actions_t*)>("posix_spawn_file_actions_init");
  const int error = number_of_failure("posix_spawn_file_actions_init");
  return error != 0 ? error : next(actions);
}
int posix_spawn_file_actions_adddup2(posix_spawn_file_actions_t* actions, int from, int to) {
  static auto* const next = next_of<int(posix_spawn_file_actions_t*, int, int)>("posix_spawn_file_actions_adddup2");
  const int error = number_of_failure("posix_spawn_file_actions_adddup2");
  return error != 0 ? error : next(actions, from, to);
}
int posix_spawn_file_actions_addchdir_np(posix_spawn_file_actions_t* actions, const char* folder) {
  static auto* const next = next_of<int(posix_spawn_file_actions_t*, const char*)>("posix_spawn_file_actions_addchdir_np");
  const int error = number_of_failure("posix_spawn_file_actions_addchdir_np");
  return error != 0 ? error : next(actions, folder);
}
#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 34)
int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t* actions, int from) {
  static auto* const next = next_of<int(posix_spawn_file_actions_t*, int)>("posix_spawn_file_actions_addclosefrom_np");
  const int error = number_of_failure("posix_spawn_file_actions_addclosefrom_np");
  return error != 0 ? error : next(actions, from);
}
#endif
int posix_spawnattr_init(posix_spawnattr_t* attributes) {
  static auto* const next = next_of<int(posix_spawnattr_t*)>("posix_spawnattr_init");
  const int error = number_of_failure("posix_spawnattr_init");
  return error != 0 ? error : next(attributes);
}
// Those that have no function of their own in every C library.
long syscall(long number, ...) {
  va_list more;
  va_start(more, number);
  long value[6];
  for (long& one : value) one = va_arg(more, long);
  va_end(more);
  if (number == 434 && fails("pidfd_open")) return -1;
  if (number == 424 && fails("pidfd_send_signal")) return -1;
  return call(number, value[0], value[1], value[2], value[3], value[4], value[5]);
}
}
#endif
// NOLINTEND
