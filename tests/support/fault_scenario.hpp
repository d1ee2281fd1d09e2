// Makes every system call of a scenario fail, one at a time, with every error that it can give, and looks at what came of it.
//
// A scenario is a coroutine function that does something with files, pipes or processes and checks that it is right. It makes
// each operation by `again`: one that fails is remembered in a Told and made a second time, on the same object. So a scenario
// comes to its end whatever fails, and its end is right, unless something was lost, leaked, closed or stuck. It writes to
// nothing outside of a folder of its own: a call that wrongly says "there is nothing" may have it replaced.
//
// SPDX-License-Identifier: MIT
#pragma once

#include "support/run.hpp"
#include "support/system_faults.hpp"

#include <netdb.h>
#include <sys/wait.h>

#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <functional>
#include <initializer_list>
#include <map>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace test::faults {

using eddy::ReactorKind;

// What a scenario says of itself: what is not right ends it.
inline void expect(bool right, const char* what) {
  if (!right) throw std::logic_error(what);
}

// The errors that a call can give while everything is used rightly, as its manual has them; none for a call that is not known.
// Where EAGAIN is none of them the call waits, or cannot find nothing.
inline std::vector<int> errors_of(const std::string& call) {
  static const std::vector<int> path{EACCES, EIO, ELOOP, ENAMETOOLONG, ENOENT, ENOMEM, ENOTDIR};
  static const std::vector<int> table{EMFILE, ENFILE, ENOMEM};
  static const std::vector<int> network{EINTR, kOneByte, ECONNRESET, ETIMEDOUT, ENOBUFS, ENOMEM, EHOSTUNREACH, ENETDOWN};
  static const std::vector<int> disk{EINTR, kOneByte, EIO, ENOSPC, EDQUOT, EFBIG, EPERM};
  static const std::map<std::string, std::vector<int>> all{
      {"read/file", {EINTR, kOneByte, EIO, ESTALE, EISDIR}},
      {"pread", {EINTR, kOneByte, EIO, ESTALE, EISDIR}},
      {"read/pipe", {EINTR, kOneByte, EIO, ENOMEM}},
      {"read/device", {EINTR, kOneByte, EIO}},
      {"read/socket", {EINTR, kOneByte, ECONNRESET, ETIMEDOUT, ENOBUFS, ENOMEM, EHOSTUNREACH}},
      {"read/event", {EINTR, EAGAIN}},
      {"write/file", disk},
      {"pwrite", disk},
      {"write/pipe", {EINTR, kOneByte, EPIPE, EIO, ENOMEM}},
      {"write/device", {EINTR, kOneByte, EIO, ENOSPC}},
      {"write/event", {EINTR}},
      {"writev", {EINTR, kOneByte, EPIPE, EIO, ENOMEM}},
      {"send", network},
      {"sendmsg", network},
      {"sendto", {EINTR, ECONNREFUSED, ENOBUFS, ENOMEM, EPERM, ENETUNREACH, EHOSTUNREACH, EMSGSIZE}},
      {"recvfrom", {EINTR, ECONNREFUSED, ENOBUFS, ENOMEM}},
      {"socket", {EMFILE, ENFILE, ENOBUFS, ENOMEM, EACCES, EPROTONOSUPPORT}},
      {"socketpair", {EMFILE, ENFILE, ENOMEM, ENOBUFS}},
      {"connect", {EINTR, ECONNREFUSED, ETIMEDOUT, ENETUNREACH, EADDRNOTAVAIL, EACCES, EPERM, ENOMEM, ENOBUFS}},
      {"bind", {EACCES, EADDRNOTAVAIL, ENOMEM, ENOBUFS, EROFS, ENOSPC}},
      {"listen", {EADDRINUSE, ENOBUFS, ENOMEM}},
      {"shutdown", {ENOTCONN, ENOBUFS, ENOMEM}},
      {"setsockopt", {ENOBUFS, ENOMEM, ENOPROTOOPT}},
      {"getsockopt", {ENOBUFS, ENOMEM}},
      {"getsockname", {ENOBUFS, ENOMEM}},
      {"getpeername", {ENOBUFS, ENOMEM}},
      {"getaddrinfo", {EAI_AGAIN, EAI_FAIL, EAI_MEMORY, EAI_NONAME, EAI_SERVICE, EMFILE, ENOMEM}},
      {"pipe2", table},
      {"fcntl/F_DUPFD_CLOEXEC", {EINTR, EMFILE, ENOMEM}},
      {"fcntl/F_GETFL", {ENOMEM}},
      {"fcntl/F_SETFL", {EPERM, ENOMEM}},
      {"epoll_create1", table},
      {"epoll_ctl", {ENOMEM, ENOSPC}},
      {"epoll_wait", {EINTR}},
      {"epoll_pwait2", {EINTR, ENOSYS}},
      {"ppoll", {EINTR, ENOMEM}},
      {"eventfd", {EMFILE, ENFILE, ENODEV, ENOMEM}},
      {"open", {EINTR,  EACCES, EEXIST, EDQUOT, EISDIR, ELOOP,   EMFILE,    ENAMETOOLONG, ENFILE, ENODEV,
                ENOENT, ENOMEM, ENOSPC, EROFS,  ENXIO,  ENOTDIR, EOVERFLOW, ETXTBSY,      EPERM,  EIO}},
      {"close/file", {EINTR, EIO, ENOSPC, EDQUOT}},
      {"close/folder", {EINTR, EIO}},
      {"close/pipe", {EINTR, EIO}},
      {"close/device", {EINTR, EIO}},
      {"close/socket", {EINTR, EIO}},
      {"close/event", {EINTR, EIO}},
      {"stat", path},
      {"lstat", path},
      {"fstatat", path},
      {"fstat", {EIO, ENOMEM, EOVERFLOW}},
      {"readlink", {EACCES, EIO, ELOOP, ENOENT, ENOMEM, EINVAL}},
      {"rename", {EACCES, EBUSY, EDQUOT, EISDIR, ELOOP, EMLINK, ENOENT, ENOMEM, ENOSPC, ENOTDIR, EPERM, EROFS, EXDEV, EIO}},
      {"unlink", {EACCES, EBUSY, EIO, ENOENT, ENOMEM, EPERM, EROFS}},
      {"lseek", {EOVERFLOW, EIO}},
      {"ftruncate", {EINTR, EFBIG, EIO, EPERM, EROFS, ETXTBSY}},
      {"fsync", {EINTR, EIO, ENOSPC, EDQUOT}},
      {"fdatasync", {EINTR, EIO, ENOSPC, EDQUOT}},
      {"fchmod", {EIO, EPERM, EROFS}},
      {"getrandom", {EINTR, ENOSYS}},
      {"fdopendir", {EMFILE, ENOMEM}},
      {"readdir", {EIO, ENOENT, EOVERFLOW}},
      {"kill", {EPERM, ESRCH}},
      {"waitid", {EINTR, ECHILD}},
      {"posix_spawnp", {E2BIG, EACCES, EAGAIN, EIO, ELOOP, EMFILE, ENFILE, ENOENT, ENOEXEC, ENOMEM, ENOTDIR, EPERM, ETXTBSY}},
      {"posix_spawn_file_actions_init", {ENOMEM}},
      {"posix_spawn_file_actions_adddup2", {ENOMEM}},
      {"posix_spawn_file_actions_addchdir_np", {ENOMEM}},
      {"posix_spawn_file_actions_addclosefrom_np", {ENOMEM}},
      {"posix_spawnattr_init", {ENOMEM}},
      {"pidfd_open", {EMFILE, ENFILE, ENODEV, ENOMEM}},
      {"pidfd_send_signal", {EPERM, ESRCH}},
  };
  const auto found = all.find(call);
  return found == all.end() ? std::vector<int>() : found->second;
}

// The test's own calls, which do not fail.
template <class F>
auto plainly(F calls) {
  const Pause pause;
  return calls();
}

// What a scenario was told of failures.
struct Told {
  void note(const std::system_error& failure) { note(failure.code().value(), failure.what()); }
  void note(int number, std::string_view what) {
    ++times;
    error = number;
    text = what;
  }
  int times = 0;
  int error = 0;     // the last one's number
  std::string text;  // and what it said
};

// Makes an operation, and makes it once more if it has failed.
template <class F>
auto again(Told& told, F operation) -> eddy::Task<eddy::AwaitResult<std::invoke_result_t<F&>>> {
  try {
    co_return co_await operation();
  } catch (const std::system_error& failure) {
    told.note(failure);
  }
  co_return co_await operation();
}
// The same for what does not wait.
template <class F>
auto again_now(Told& told, F operation) {
  try {
    return operation();
  } catch (const std::system_error& failure) {
    told.note(failure);
  }
  return operation();
}

// The environment's choice of a reactor, put back at the end.
class SavedReactor {
 public:
  SavedReactor() {
    if (const char* value = std::getenv("EDDY_REACTOR")) value_ = value;
  }
  SavedReactor(const SavedReactor&) = delete;
  SavedReactor& operator=(const SavedReactor&) = delete;
  ~SavedReactor() {
    if (value_) {
      ::setenv("EDDY_REACTOR", value_->c_str(), 1);
    } else {
      ::unsetenv("EDDY_REACTOR");
    }
  }

 private:
  std::optional<std::string> value_;
};

// What a run of a scenario came to.
struct Result {
  bool finished = false;
  int error = 0;      // of a std::system_error that came out of it
  std::string other;  // another exception, or what is wrong
  Told told;
};

// Runs a scenario on the real clock with a limit of its own: who waits for ever has lost a wake-up.
template <class F>
Result run_scenario(F& scenario, ReactorKind reactor) {
  const SavedReactor saved;
  Result result;
  const auto guarded = [&]() -> eddy::Task<> {
    try {
      co_await eddy::timeout(10s, scenario(result.told));
      result.finished = true;
    } catch (const eddy::TimeoutError&) {
      result.other = "nothing went on";
    } catch (const std::system_error& error) {
      result.error = error.code().value();
    } catch (const std::exception& error) {
      result.other = error.what();
    }
  };
  ::setenv("EDDY_REACTOR", reactor == ReactorKind::poll ? "poll" : "epoll", 1);
  try {
    std::optional<eddy::testing::LeakCheck> leaks;
    plainly([&] { leaks.emplace(); });
    try {
      run_test(guarded, {.real_time = true});
    } catch (const std::system_error& error) {  // the loop itself could not be made
      result.error = error.code().value();
    }
    plainly([&] { leaks->check(); });
  } catch (const std::exception& error) {
    result.other = error.what();
  }
  (void)take_reports();
  const Pause pause;
  siginfo_t child{};
  if (::waitid(P_ALL, 0, &child, WEXITED | WNOHANG | WNOWAIT) == 0) result.other += "a child process is left";
  return result;
}

// How `fail_each_call` judges a scenario.
struct Expected {
  std::vector<ReactorKind> reactors{ReactorKind::epoll};
  std::set<std::string> tolerated{};  // calls whose failure need not be told: the library can do without them
  std::set<std::string> fatal{};      // calls after whose failure the scenario cannot go on: their error comes out of it
  std::set<std::string> left_out{};   // calls that others look at
  std::set<std::pair<std::string, int>> untold{};      // failures for which the library knows a way out
  std::set<std::pair<std::string, int>> impossible{};  // these would be lies: that what is there is not, for example
  std::set<int> instead{};            // errors that may be told in place of the one that was given
  bool false_readiness = false;       // reading and writing may find nothing, after all
  std::function<std::string()> left = [] { return std::string(); };  // says what a run has left behind
};

inline bool is_harmless(const std::string& call, int error) {
  return error == EINTR || error == kOneByte || (error == EAGAIN && call != "posix_spawnp");
}
// Nothing follows from their failure, or the loop itself goes on without them.
inline bool is_tolerated(const std::string& call) {
  return call == "ppoll" || call == "epoll_pwait2" || (call.starts_with("close/") && call != "close/file");
}
// Calls by which the loop itself comes to be.
inline bool makes_the_loop(const std::string& call, std::size_t nth, ReactorKind reactor) {
  if (call == "epoll_create1" || call == "eventfd") return true;
  return nth == 1 && (call == "epoll_ctl" || (call == "fstat" && reactor == ReactorKind::poll));
}
// Over epoll, which tells edges, a read that is short means that there is no more, as epoll(7) has it: a lie would not be found.
inline bool may_find_nothing(const std::string& call) {
  return call == "read/socket" || call == "read/pipe" || call == "send" || call == "sendmsg" || call == "write/pipe" || call == "writev";
}

// Makes each call that a good run makes fail, one at a time, with each error that it can give, and judges what comes of it.
// Gives how often each call was made to fail.
template <class F>
std::map<std::string, std::size_t> fail_each_call(F scenario, const Expected& expected) {
  std::map<std::string, std::size_t> failed;
  if (!kAvailable) return failed;
  for (const ReactorKind reactor : expected.reactors) {
    std::map<std::string, std::size_t> calls;
    {
      Injection count;
      const Result good = run_scenario(scenario, reactor);
      INFO(good.error << " " << good.other << " " << good.told.text);
      REQUIRE(good.finished);
      REQUIRE(good.told.times == 0);
      REQUIRE(good.other.empty());
      REQUIRE(expected.left() == "");
      calls = count.calls();
    }
    for (const auto& [name, times] : calls) {
      if (expected.left_out.contains(name)) continue;
      auto errors = errors_of(name);
      if (errors.empty()) FAIL("the errors of " << name << " are not known");
      if (expected.false_readiness && may_find_nothing(name)) errors.push_back(EAGAIN);
      const std::size_t step = times > 12 ? times / 12 : 1;
      for (std::size_t nth = 1; nth <= times; nth += step) {
        for (const int error : errors) {
          if (expected.impossible.contains({name, error})) continue;
          if (error == kOneByte && reactor == ReactorKind::epoll && may_find_nothing(name) && name.starts_with("read/")) continue;
          std::size_t injected = 0;
          Result result;
          {
            Injection injection(name, nth, error);
            result = run_scenario(scenario, reactor);
            injected = injection.injected();
          }
          failed[name] += injected;
          const std::string left = expected.left();
          INFO(name << " number " << nth << " of " << times << " fails with " << error << ": finished " << result.finished
                    << ", error " << result.error << " " << result.other << ", told " << result.told.times << " times: "
                    << result.told.error << " " << result.told.text << "; left: " << left);
          CHECK(result.other.empty());
          CHECK(left.empty());
          if (injected == 0) continue;
          const bool breaks = makes_the_loop(name, nth, reactor) || expected.fatal.contains(name);
          if (is_harmless(name, error)) {
            CHECK(result.finished);
            CHECK(result.told.times == 0);
          } else if (breaks && !result.finished) {
            CHECK(result.error == error);
          } else {
            CHECK(result.finished);
            const bool may_be_untold = is_tolerated(name) || expected.tolerated.contains(name) || expected.untold.contains({name, error});
            if (!may_be_untold) CHECK(result.told.times == 1);
          }
          if (result.told.times > 0) {
            CHECK((result.told.error == error || expected.instead.contains(result.told.error)));
            CHECK(std::string_view(result.told.text).starts_with("eddy: "));
          }
        }
      }
    }
  }
  return failed;
}

// The calls that a function of system_calls.hpp stands for.
inline std::vector<std::string> calls_of(const std::string& name) {
  static const std::map<std::string, std::vector<std::string>> all{
      {"write", {"write", "send", "sendmsg", "writev"}},
      {"send_to", {"sendto"}},
      {"receive_from", {"recvfrom"}},
      {"socket_pair", {"socketpair"}},
      {"set_option", {"setsockopt"}},
      {"get_option", {"getsockopt"}},
      {"local_name", {"getsockname"}},
      {"peer_name", {"getpeername"}},
      {"stat_link", {"lstat"}},
      {"stat_path", {"stat"}},
      {"read_link", {"readlink"}},
      {"pipe", {"pipe2"}},
      {"status", {"fstat"}},
      {"duplicate", {"fcntl/F_DUPFD_CLOEXEC"}},
      {"set_blocking", {"fcntl/F_SETFL"}},
      {"spawn", {"posix_spawnp"}},
      {"wait_process", {"waitid"}},
      {"open_pidfd", {"pidfd_open"}},
      {"send_signal", {"pidfd_send_signal"}},
  };
  if (!name.starts_with("sys::")) return {name};
  const auto found = all.find(name.substr(5));
  return found == all.end() ? std::vector<std::string>{name.substr(5)} : found->second;
}

// That a test made these calls fail, as tests/structure/system_calls.py wants it for each place in the headers that makes one:
// "header.hpp: call, call". A call is named as in the header; `read` stands for all its kinds.
inline void check_covered(const std::map<std::string, std::size_t>& failed, std::initializer_list<const char*> places) {
  if (!kAvailable) return;
  for (const std::string place : places) {
    std::string_view rest = std::string_view(place).substr(place.find(": ") + 2);
    while (!rest.empty()) {
      const std::size_t end = rest.find(", ");
      const std::string named(rest.substr(0, end));
      rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 2);
      std::size_t times = 0;
      for (const std::string& call : calls_of(named)) {
        for (const auto& [name, count] : failed) {
          if (name == call || name.starts_with(call + '/')) times += count;
        }
      }
      INFO(place << ": " << named << " was never made to fail");
      CHECK(times > 0);
    }
  }
}

}  // namespace test::faults
