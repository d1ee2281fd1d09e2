// SpawnPlan: everything that a child process is started from, and the start itself.
//
// The child gets the three streams and nothing else. Descriptors that were made for it are moved to numbers from 3 on
// first, so that none is in the way of another. A signal that this process ignores stays ignored there (as nohup wants it),
// but for SIGPIPE and SIGXFSZ; its signal mask is empty.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/io/descriptor.hpp>
#include <eddy/io/process_options.hpp>

#include <csignal>
#include <cstddef>
#include <optional>
#include <spawn.h>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace eddy::inline EDDY_ABI::detail {

// What posix_spawn is told to do in the child.
class SpawnActions {
 public:
  SpawnActions() {
    check(::posix_spawn_file_actions_init(&actions_));
    if (const int error = ::posix_spawnattr_init(&attributes_); error != 0) {
      ::posix_spawn_file_actions_destroy(&actions_);
      check(error);
    }
  }
  SpawnActions(const SpawnActions&) = delete;
  SpawnActions& operator=(const SpawnActions&) = delete;
  ~SpawnActions() {
    ::posix_spawn_file_actions_destroy(&actions_);
    ::posix_spawnattr_destroy(&attributes_);
  }

  void duplicate(int from, int to) { check(::posix_spawn_file_actions_adddup2(&actions_, from, to)); }
  // Without it the child still gets nothing that is close-on-exec, and that is all of the library's own.
  void close_the_rest() {
#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 34)
    check(::posix_spawn_file_actions_addclosefrom_np(&actions_, 3));
#endif
  }
  void change_folder(const std::string& folder) { check(::posix_spawn_file_actions_addchdir_np(&actions_, folder.c_str())); }
  void set_flags(bool new_session, bool own_group) {
    sigset_t none;
    sigset_t reset;
    sigemptyset(&none);
    sigemptyset(&reset);
    sigaddset(&reset, SIGPIPE);
    sigaddset(&reset, SIGXFSZ);
    check(::posix_spawnattr_setsigmask(&attributes_, &none));
    check(::posix_spawnattr_setsigdefault(&attributes_, &reset));
    int flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
    if (new_session) {
      flags |= POSIX_SPAWN_SETSID;
    } else if (own_group) {
      flags |= POSIX_SPAWN_SETPGROUP;
    }
    check(::posix_spawnattr_setflags(&attributes_, static_cast<short>(flags)));
  }
  [[nodiscard]] const posix_spawn_file_actions_t& actions() const noexcept { return actions_; }
  [[nodiscard]] const posix_spawnattr_t& attributes() const noexcept { return attributes_; }

 private:
  static void check(int error) {
    if (error != 0) throw_system_error(error, "eddy: posix_spawn cannot be prepared");
  }
  posix_spawn_file_actions_t actions_;
  posix_spawnattr_t attributes_;
};

class SpawnPlan {
 public:
  // Copies all that the options refer to. Errors: std::invalid_argument.
  SpawnPlan(Arguments arguments, const ProcessOptions& options, bool is_shell)
      : arguments_(std::move(arguments)), cwd_(options.cwd), redirects_{options.input, options.output, options.errors},
        new_session_(options.new_session),
        own_group_(options.new_session || options.group == ProcessGroup::own ||
                   (options.group == ProcessGroup::automatic && is_shell)) {
    if (options.environment != nullptr) environment_ = options.environment->entries();
    if (cwd_.find('\0') != std::string::npos) throw std::invalid_argument("eddy: a folder's name cannot have a zero byte in it");
    for (const int stream : {0, 1, 2}) {
      const Redirect redirect = redirects_[stream];
      if (redirect.kind() == Redirect::Kind::to_output && stream != 2)
        throw std::invalid_argument("eddy: Redirect::to_output() is for a child's errors only");
    }
  }

  [[nodiscard]] const std::string& program() const noexcept { return arguments_.program(); }
  [[nodiscard]] bool own_group() const noexcept { return own_group_; }
  [[nodiscard]] bool pipes(int stream) const noexcept { return redirects_[stream].kind() == Redirect::Kind::pipe; }

  // Opens what the streams need. Gives the ends of pipes that stay here, which are non-blocking. Errors: std::system_error.
  void open_streams(Descriptor (&own_ends)[3]) {
    for (const int stream : {0, 1, 2}) {
      const Redirect redirect = redirects_[stream];
      switch (redirect.kind()) {
        case Redirect::Kind::inherit:
        case Redirect::Kind::to_output:
          break;
        case Redirect::Kind::null:
          give(stream, checked(sys::open("/dev/null", O_RDWR), "eddy: cannot open /dev/null for a child process"));
          break;
        case Redirect::Kind::pipe: {
          int ends[2];
          (void)checked(sys::pipe(ends), "eddy: cannot make a pipe to a child process");
          Descriptor theirs(ends[stream == 0 ? 0 : 1]);
          own_ends[stream].reset(ends[stream == 0 ? 1 : 0]);
          (void)checked(sys::set_blocking(theirs.get()), "eddy: cannot make a child's end of a pipe blocking");
          give(stream, theirs.release());
          break;
        }
        case Redirect::Kind::descriptor:
          given_[stream].reset(checked(sys::duplicate(redirect.fd(), kFirst), "eddy: cannot duplicate a descriptor for a child process"));
          break;
      }
    }
  }
  // Starts it and gives its number. Errors: std::system_error, which names the program.
  [[nodiscard]] pid_t start() {
    SpawnActions actions;
    for (const int stream : {0, 1, 2}) {
      if (given_[stream].valid()) actions.duplicate(given_[stream].get(), stream);
    }
    if (redirects_[2].kind() == Redirect::Kind::to_output) actions.duplicate(1, 2);
    actions.close_the_rest();
    if (!cwd_.empty()) actions.change_folder(cwd_);
    actions.set_flags(new_session_, own_group_);
    std::vector<char*> arguments = pointers(arguments_.all());
    std::vector<char*> environment;
    if (environment_) environment = pointers(*environment_);
    pid_t pid = -1;
    const int error = sys::spawn(pid, program().c_str(), actions.actions(), actions.attributes(), arguments.data(),
                                 environment_ ? environment.data() : ::environ);
    if (error < 0) {
      std::string what = "eddy: cannot start \"" + program() + '"';
      if (!cwd_.empty()) what += " in \"" + cwd_ + '"';
      throw std::system_error(-error, std::generic_category(), what);
    }
    for (Descriptor& end : given_) end.reset();
    return pid;
  }

 private:
  static constexpr int kFirst = 3;

  static int checked(int result, const char* what) {
    if (result < 0) throw_system_error(-result, what);
    return result;
  }
  void give(int stream, int fd) {
    given_[stream].reset(fd);
    if (fd < kFirst)
      given_[stream].reset(checked(sys::duplicate(fd, kFirst), "eddy: cannot duplicate a descriptor for a child process"));
  }
  static std::vector<char*> pointers(const std::vector<std::string>& strings) {
    std::vector<char*> result;
    result.reserve(strings.size() + 1);
    for (const std::string& string : strings) result.push_back(const_cast<char*>(string.c_str()));
    result.push_back(nullptr);
    return result;
  }

  Arguments arguments_;
  std::optional<std::vector<std::string>> environment_;
  std::string cwd_;
  Redirect redirects_[3];
  Descriptor given_[3];  // the child's streams, until it has started
  bool new_session_;
  bool own_group_;
};

}  // namespace eddy::inline EDDY_ABI::detail
