// Starting a process: its streams, folder, environment, signals and descriptors, and what is left when that fails.
//
// SPDX-License-Identifier: MIT
#include "support/run.hpp"
#include <eddy/io.hpp>
#include <eddy/threads.hpp>

#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <stdexcept>
#include <string>
#include <string_view>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace test;
using eddy::Redirect;

namespace {

constexpr Redirect kPipe = Redirect::pipe();

eddy::Process start_shell(std::string_view script, eddy::ProcessOptions options) {
  return eddy::create_subprocess_exec({"/bin/sh", "-c", script}, options);
}
// What a shell's script writes to its output.
eddy::Task<std::string> written_by(std::string script, eddy::ProcessOptions options = {}) {
  options.output = kPipe;
  eddy::Process process = start_shell(script, options);
  const eddy::ProcessOutput written = co_await process.communicate();
  co_return written.output;
}

// A pipe that blocks, as other programs use it.
struct PlainPipe {
  PlainPipe() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("pipe2");
    reading.reset(ends[0]);
    writing.reset(ends[1]);
  }
  eddy::Descriptor reading;
  eddy::Descriptor writing;
};

template <class F>
std::system_error error_of(F&& fn) {
  try {
    (void)fn();
  } catch (const std::system_error& e) {
    return e;
  }
  throw std::runtime_error("it did not fail");
}

bool has_children() {
  siginfo_t about{};
  return ::waitid(P_ALL, 0, &about, WEXITED | WNOHANG | WNOWAIT) == 0;
}

}  // namespace

EDDY_TEST_CASE("a program gets its arguments as they are", "[real][c386]") {
  auto process = eddy::create_subprocess_exec({"printf", "%s|", "a b", "$HOME", "", "*", "\"'\n"}, {.output = kPipe});
  const auto written = co_await process.communicate();
  CHECK(written.output == "a b|$HOME||*|\"'\n|");
}

EDDY_TEST_CASE("a shell is there for those who ask for one by its name", "[real][c386]") {
  auto process = eddy::create_subprocess_shell("echo $((1 + 2)) | tr 3 x", {.output = kPipe});
  const auto written = co_await process.communicate();
  CHECK(written.output == "x\n");
}

EDDY_TEST_CASE("a process starts in the folder and with the environment that it is given", "[real][c386]") {
  const auto folder = co_await written_by("pwd", {.cwd = "/usr/bin"});
  CHECK(folder == "/usr/bin\n");
  eddy::Environment environment;
  environment.set("EDDY_TEST_ONE", "1");
  const auto only = co_await written_by("echo ${EDDY_TEST_ONE-none} ${HOME-none}", {.environment = &environment});
  CHECK(only == "1 none\n");
  eddy::Environment more = eddy::Environment::current();
  more.set("EDDY_TEST_TWO", "a b=c");
  const auto extended = co_await written_by("echo \"$EDDY_TEST_TWO\" ${PATH:+path}", {.environment = &more});
  CHECK(extended == "a b=c path\n");
}

EDDY_TEST_CASE("errors go to their own pipe, or to where the output goes", "[real]") {
  auto apart = start_shell("echo out; echo err >&2", {.output = kPipe, .errors = kPipe});
  const auto both = co_await apart.communicate();
  CHECK(both.output == "out\n");
  CHECK(both.errors == "err\n");
  auto together = start_shell("echo out; echo err >&2; echo out", {.output = kPipe, .errors = Redirect::to_output()});
  const auto one = co_await together.communicate();
  CHECK(one.output == "out\nerr\nout\n");
  CHECK(one.errors.empty());
}

EDDY_TEST_CASE("nowhere is a stream that is empty and takes everything", "[real]") {
  auto process = start_shell("cat; echo gone; echo also gone >&2; echo $?",
                             {.input = Redirect::null(), .output = Redirect::null(), .errors = Redirect::null()});
  const auto status = co_await process.wait();
  CHECK(status.success());
}

EDDY_TEST_CASE("a process reads and writes descriptors that it is given", "[real]") {
  PlainPipe in;
  PlainPipe out;
  auto process = start_shell("cat; echo error >&2", {.input = Redirect::descriptor(in.reading.get()),
                                                     .output = Redirect::descriptor(out.writing.get()),
                                                     .errors = Redirect::to_output()});
  in.reading.reset();
  out.writing.reset();
  const bool sent = ::write(in.writing.get(), "hello\n", 6) == 6;
  CHECK(sent);
  in.writing.reset();
  const auto status = co_await process.wait();
  CHECK(status.success());
  char bytes[100];
  const auto count = ::read(out.reading.get(), bytes, sizeof bytes);
  CHECK(std::string_view(bytes, static_cast<std::size_t>(count)) == "hello\nerror\n");
}

EDDY_TEST_CASE("streams that are each other's numbers are not mixed up", "[real]") {
  // The child's output is our descriptor 2 and the other way round.
  PlainPipe first;
  PlainPipe second;
  const eddy::Descriptor kept_out(::fcntl(1, F_DUPFD_CLOEXEC, 3));
  const eddy::Descriptor kept_err(::fcntl(2, F_DUPFD_CLOEXEC, 3));
  ::dup2(first.writing.get(), 1);
  ::dup2(second.writing.get(), 2);
  {
    const eddy::detail::ScopeExit restore([&]() noexcept {
      ::dup2(kept_out.get(), 1);
      ::dup2(kept_err.get(), 2);
    });
    auto process = start_shell("echo out; echo err >&2",
                               {.output = Redirect::descriptor(2), .errors = Redirect::descriptor(1)});
    (void)co_await process.wait();
  }
  first.writing.reset();
  second.writing.reset();
  char bytes[100];
  auto count = ::read(first.reading.get(), bytes, sizeof bytes);
  CHECK(std::string_view(bytes, static_cast<std::size_t>(count)) == "err\n");
  count = ::read(second.reading.get(), bytes, sizeof bytes);
  CHECK(std::string_view(bytes, static_cast<std::size_t>(count)) == "out\n");
}

EDDY_TEST_CASE("a child gets three descriptors and no more", "[real][c391][c392]") {
  auto [reader, writer] = eddy::open_pipe();
  const eddy::Descriptor careless(::open("/dev/null", O_RDONLY));  // not close-on-exec
  auto other = start_shell("read line", {.input = kPipe, .output = kPipe, .errors = kPipe});
  auto process = eddy::create_subprocess_exec({"ls", "/proc/self/fd"}, {.input = kPipe, .output = kPipe, .errors = kPipe});
  const auto written = co_await process.communicate();
#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 34)
  CHECK(written.output == "0\n1\n2\n3\n");  // the last one is the folder that ls reads
#else
  CHECK(written.output.rfind("0\n1\n2\n3\n", 0) == 0);
#endif
  // Since no other child has its input, this one sees the end.
  other.input().close();
  const auto status = co_await other.wait();
  CHECK(status.code() == 1);
}

EDDY_TEST_CASE("a child's streams are blocking, as programs expect them", "[real]") {
  auto process = start_shell("grep flags /proc/self/fdinfo/0 /proc/self/fdinfo/1 /proc/self/fdinfo/2",
                             {.input = kPipe, .output = kPipe, .errors = kPipe});
  const auto written = co_await process.communicate();
  CHECK(written.output.find("04000") == std::string::npos);
  CHECK(written.output.find("/proc/self/fdinfo/2") != std::string::npos);
}

EDDY_TEST_CASE("signals are blocked in no child, and a broken pipe ends it", "[real]") {
  sigset_t all;
  sigset_t before;
  sigemptyset(&all);
  sigaddset(&all, SIGTERM);
  sigaddset(&all, SIGPIPE);
  ::pthread_sigmask(SIG_BLOCK, &all, &before);
  struct sigaction ignore {};
  struct sigaction old {};
  ignore.sa_handler = SIG_IGN;
  ::sigaction(SIGPIPE, &ignore, &old);
  const eddy::detail::ScopeExit restore([&]() noexcept {
    ::sigaction(SIGPIPE, &old, nullptr);
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  });
  const auto mask = co_await written_by("grep -E 'SigBlk|SigIgn' /proc/self/status");
  CHECK(mask.find("SigBlk:\t0000000000000000") != std::string::npos);
  auto process = eddy::create_subprocess_exec({"yes"}, {.output = kPipe});
  process.output().close();
  const auto status = co_await process.wait();
  CHECK(status.signal() == SIGPIPE);
}

EDDY_TEST_CASE("a child begins a group or a session of its own if it is asked to", "[real]") {
  const std::string own = std::to_string(::getpgrp());
  const char* const script = "set -- $(cat /proc/$$/stat); echo $1 $5 $6";  // its number, group and session
  const auto shared = co_await written_by(script);
  CHECK(shared.find(' ' + own + ' ') != std::string::npos);
  auto grouped = start_shell(script, {.output = kPipe, .group = eddy::ProcessGroup::own});
  const auto group = co_await grouped.communicate();
  const std::string number = std::to_string(grouped.pid());
  CHECK(group.output == number + ' ' + number + ' ' + std::to_string(::getsid(0)) + '\n');
  auto alone = start_shell(script, {.output = kPipe, .new_session = true});
  const auto session = co_await alone.communicate();
  const std::string leader = std::to_string(alone.pid());
  CHECK(session.output == leader + ' ' + leader + ' ' + leader + '\n');
}

EDDY_TEST_CASE("a program that cannot be started is an error with its name, and leaves nothing", "[real][c397]") {
  const eddy::testing::LeakCheck leaks;
  const auto missing = error_of([] {
    return eddy::create_subprocess_exec({"eddy-no-such-program"}, {.input = kPipe, .output = kPipe, .errors = kPipe});
  });
  CHECK(missing.code().value() == ENOENT);
  CHECK(std::string(missing.what()).find("cannot start \"eddy-no-such-program\"") != std::string::npos);
  const auto folder = error_of([] { return eddy::create_subprocess_exec("/usr", {.input = kPipe}); });
  CHECK(folder.code().value() == EACCES);
  const auto nowhere = error_of([] { return eddy::create_subprocess_exec("true", {.output = kPipe, .cwd = "/no/such/folder"}); });
  CHECK(nowhere.code().value() == ENOENT);
  CHECK(std::string(nowhere.what()).find("in \"/no/such/folder\"") != std::string::npos);
  const auto closed = error_of([] { return eddy::create_subprocess_exec("true", {.input = kPipe, .output = Redirect::descriptor(987)}); });
  CHECK(closed.code().value() == EBADF);
  CHECK_THROWS_AS((void)eddy::create_subprocess_exec("true", {.output = Redirect::to_output()}), std::invalid_argument);
  CHECK_THROWS_AS((void)eddy::create_subprocess_exec("true", {.cwd = std::string_view("a\0b", 3)}), std::invalid_argument);
  CHECK_FALSE(has_children());
  leaks.check();
  co_return;
}

EDDY_TEST_CASE("a child is killed and reaped if no pidfd can be had for it, and nothing is left", "[real][order][c390][c396]") {
  const eddy::testing::LeakCheck leaks;
  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  const int next = ::dup(0);
  ::close(next);
  rlimit none = before;
  // Enough for 0, 1, 2 or 3 of the pipes and so on: each of the descriptors is the one that fails.
  for (int room = 0; room < 8; ++room) {
    none.rlim_cur = static_cast<rlim_t>(next + room);
    ::setrlimit(RLIMIT_NOFILE, &none);
    int error = 0;
    try {
      (void)eddy::create_subprocess_exec({"sleep", "100"}, {.input = room == 0 ? Redirect() : kPipe, .output = room == 0 ? Redirect() : kPipe});
    } catch (const std::system_error& e) {
      error = e.code().value();
    }
    ::setrlimit(RLIMIT_NOFILE, &before);
    if (room < 3) CHECK(error == EMFILE);
    if (error != 0) CHECK_FALSE(has_children());
    while (has_children()) co_await eddy::sleep(1ms);  // the Process was given up, and the loop reaps it
    co_await eddy::sleep(1ms);                         // and closes what it had for it
  }
  leaks.check();
}

EDDY_TEST_CASE("a subprocess needs a running loop", "[real]") {
  eddy::TaskHandle<bool> checked = eddy::create_task([]() -> eddy::Task<bool> {
    co_return co_await eddy::to_thread([] {
      try {
        (void)eddy::create_subprocess_exec("true");
      } catch (const eddy::NoRunningLoop&) {
        return true;
      }
      return false;
    });
  });
  const bool refused = co_await checked;
  CHECK(refused);
}
