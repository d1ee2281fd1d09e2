// Process: waiting for its end, signals to it, and what becomes of a child whose Process or loop goes.
//
// SPDX-License-Identifier: MIT
#include "support/run.hpp"
#include <eddy/io.hpp>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

using namespace test;
using eddy::Redirect;

namespace {

constexpr Redirect kPipe = Redirect::pipe();

eddy::Process start_shell(std::string_view script, eddy::ProcessOptions options = {}) {
  return eddy::create_subprocess_exec({"/bin/sh", "-c", script}, options);
}
eddy::Process start_sleep() { return eddy::create_subprocess_exec({"sleep", "100"}); }
eddy::Task<eddy::ExitStatus> exit_of(eddy::Process& process) { co_return co_await process.wait(); }

bool has_children() {
  siginfo_t about{};
  return ::waitid(P_ALL, 0, &about, WEXITED | WNOHANG | WNOWAIT) == 0;
}
// True while there is a process of this number that runs, or a zombie.
bool exists(pid_t pid) { return ::kill(pid, 0) == 0; }
// Of the state letter in /proc: whether it is there and no zombie.
bool runs(const std::string& pid) {
  std::FILE* file = std::fopen(("/proc/" + pid + "/stat").c_str(), "r");
  if (file == nullptr) return false;
  char state = 'Z';
  const int read = std::fscanf(file, "%*d %*s %c", &state);
  std::fclose(file);
  return read == 1 && state != 'Z';
}
eddy::Task<> until_gone(std::string pid) {
  while (runs(pid)) co_await eddy::sleep(1ms);
}

}  // namespace

EDDY_TEST_CASE("a process tells its exit code or the signal that ended it", "[real][c386]") {
  auto process = start_shell("exit 3");
  CHECK(process.pid() > 0);
  const auto status = co_await process.wait();
  CHECK(status.code() == 3);
  CHECK(process.status() == status);
  const auto again = co_await process.wait();
  CHECK(again == status);
  auto killed = start_shell("kill -KILL $$");
  const auto signal = co_await killed.wait();
  CHECK(signal.signal() == SIGKILL);
  CHECK(signal.returncode() == -SIGKILL);
}

EDDY_TEST_CASE("signals reach a child that runs", "[real][c386]") {
  auto terminated = start_sleep();
  CHECK_FALSE(terminated.status().has_value());
  CHECK(terminated.terminate());
  const auto first = co_await terminated.wait();
  CHECK(first.signal() == SIGTERM);
  auto killed = start_sleep();
  CHECK(killed.kill());
  const auto second = co_await killed.wait();
  CHECK(second.signal() == SIGKILL);
  auto handled = start_shell("trap 'exit 7' USR1; echo ready; while :; do sleep 0.01; done", {.output = kPipe});
  const auto ready = co_await handled.output().read_line();
  CHECK(ready == "ready\n");
  CHECK(handled.send_signal(SIGUSR1));
  const auto third = co_await handled.wait();
  CHECK(third.code() == 7);
}

EDDY_TEST_CASE("a signal that there is not is the system's error", "[real]") {
  auto process = start_sleep();
  try {
    process.send_signal(12345);
    FAIL("sent");
  } catch (const std::system_error& e) {
    CHECK(e.code().value() == EINVAL);
  }
  process.kill();
  (void)co_await process.wait();
}

EDDY_TEST_CASE("a process that has been reaped is sent nothing, whoever has its number now", "[real][c394]") {
  auto process = start_shell("exit 0", {.group = eddy::ProcessGroup::own});
  (void)co_await process.wait();
  CHECK_FALSE(exists(process.pid()));
  CHECK_FALSE(process.terminate());
  CHECK_FALSE(process.kill());
  CHECK_FALSE(process.send_signal(0));
  const auto stopped = co_await process.stop(1s);
  CHECK(stopped.success());
}

EDDY_TEST_CASE("a child that somebody else has reaped is sent nothing, and how it ended is not known", "[real][c394]") {
  auto process = start_shell("exit 0", {.group = eddy::ProcessGroup::own});
  (void)::waitpid(process.pid(), nullptr, 0);
  CHECK_FALSE(process.kill());
  try {
    (void)co_await process.wait();
    FAIL("known");
  } catch (const std::system_error& e) {
    CHECK(e.code().value() == ECHILD);
  }
  CHECK_THROWS_AS(process.status(), std::system_error);
}

EDDY_TEST_CASE("a child is reaped when it ends, though nobody waits for it", "[real]") {
  auto process = start_shell("exit 5");
  while (!process.status()) co_await eddy::sleep(1ms);
  CHECK_FALSE(has_children());
  CHECK(process.status()->code() == 5);
}

EDDY_TEST_CASE("many tasks wait for one process", "[real]") {
  auto process = start_shell("read line; exit 4", {.input = kPipe});
  std::vector<eddy::TaskHandle<eddy::ExitStatus>> waiters;
  for (int i = 0; i < 5; ++i) waiters.push_back(eddy::create_task(exit_of(process)));
  co_await eddy::sleep(1ms);
  for (const auto& waiter : waiters) CHECK_FALSE(waiter.done());
  process.input().close();
  const auto all = co_await eddy::gather(waiters);
  for (const eddy::ExitStatus status : all) CHECK(status.code() == 4);
}

EDDY_TEST_CASE("a wait that is cancelled or too long leaves the child running, and can be begun again", "[real][c389]") {
  auto process = start_shell("read line; exit 6", {.input = kPipe});
  auto waiter = eddy::create_task(exit_of(process));
  co_await settle();
  waiter.cancel();
  co_await settle(2);
  CHECK(waiter.cancelled());
  const auto nothing = co_await eddy::move_on_after(2ms, process.wait());
  CHECK_FALSE(nothing.has_value());
  CHECK(exists(process.pid()));
  CHECK_FALSE(process.status().has_value());
  co_await process.input().write("go\n");
  const auto status = co_await process.wait();
  CHECK(status.code() == 6);
}

EDDY_TEST_CASE("stop asks, and kills what does not listen", "[real][c399]") {
  auto polite = start_sleep();
  const auto first = co_await polite.stop(10s);
  CHECK(first.signal() == SIGTERM);
  auto deaf = start_shell("trap '' TERM; echo ready; while :; do sleep 0.01; done", {.output = kPipe});
  (void)co_await deaf.output().read_line();
  const auto start = now();
  const auto second = co_await deaf.stop(20ms);
  CHECK(second.signal() == SIGKILL);
  CHECK(now() - start >= 20ms);
  const auto third = co_await deaf.stop(0s);
  CHECK(third == second);
}

EDDY_TEST_CASE("what ends a shell ends the processes that it has started", "[real][c395]") {
  auto shell = eddy::create_subprocess_shell("trap '' TERM; (trap '' TERM; sleep 100) & echo $!; exec sleep 100", {.output = kPipe});
  std::string child = co_await shell.output().read_line();
  child.pop_back();
  CHECK(runs(child));
  const auto status = co_await shell.stop(5ms);
  CHECK(status.signal() == SIGKILL);
  co_await until_gone(child);
  // The shell goes at once; its child, which does not listen, is killed all the same.
  auto other = eddy::create_subprocess_shell("(trap '' TERM; echo $$; exec sleep 100) & sleep 0.02; echo; wait", {.output = kPipe});
  (void)co_await other.output().read_line();
  (void)co_await other.output().read_line();
  (void)co_await other.stop(10s);
  const auto rest = co_await eddy::timeout(5s, other.output().read_all(100));  // its end comes when the last of them is gone
  CHECK(rest.empty());
}

EDDY_TEST_CASE("a Process that goes kills the child that runs, and not one that has ended", "[real][c395]") {
  std::string pid;
  std::string child;
  {
    auto process = start_sleep();
    pid = std::to_string(process.pid());
    CHECK(runs(pid));
    auto group = eddy::create_subprocess_shell("sleep 100 & echo $!; wait", {.output = kPipe});
    child = co_await group.output().read_line();
    child.pop_back();
  }
  co_await until_gone(pid);
  co_await until_gone(child);
  while (has_children()) co_await eddy::sleep(1ms);
  auto ended = start_shell("exit 1");
  (void)co_await ended.wait();
  ended = start_shell("exit 2");
  const auto status = co_await ended.wait();
  CHECK(status.code() == 2);
  ended = start_sleep();
  pid = std::to_string(ended.pid());
  ended = eddy::Process();
  co_await until_gone(pid);
}

EDDY_TEST_CASE("tasks that wait for a Process that goes are told", "[real]") {
  std::optional<eddy::Process> process = start_sleep();
  auto waiter = eddy::create_task(exit_of(*process));
  co_await settle();
  process.reset();
  try {
    (void)co_await waiter;
    FAIL("completed");
  } catch (const eddy::BrokenResourceError& e) {
    CHECK(std::string(e.what()).find("a child process was destroyed") != std::string::npos);
  }
}

EDDY_TEST_CASE("the status reaches its waiter also when the Process goes before his turn", "[real]") {
  std::optional<eddy::Process> process = start_shell("exit 8");
  auto waiter = eddy::create_task(exit_of(*process));
  co_await settle();
  while (!process->status()) co_await eddy::yield();
  process.reset();
  const auto status = co_await waiter;
  CHECK(status.code() == 8);
}

EDDY_TEST_CASE("a Process can be moved, and one that is none says so", "[real]") {
  auto process = start_shell("echo $1; exit 9", {.output = kPipe});
  auto waiter = eddy::create_task([](eddy::Process& of) -> eddy::Task<eddy::ExitStatus> {
    eddy::Process moved = std::move(of);
    co_return co_await moved.wait();
  }, std::ref(process));
  const auto status = co_await waiter;
  CHECK(status.code() == 9);
  CHECK_THROWS_AS(process.pid(), eddy::InvalidStateError);
  CHECK_THROWS_AS(process.kill(), eddy::InvalidStateError);
  CHECK_THROWS_AS(eddy::Process().status(), eddy::InvalidStateError);
}

EDDY_TEST_CASE("a stream that is no pipe cannot be had", "[real]") {
  auto process = start_shell("exit 0", {.output = kPipe});
  CHECK_THROWS_AS(process.input(), eddy::RuntimeError);
  CHECK_THROWS_AS(process.errors(), eddy::RuntimeError);
  const auto nothing = co_await process.output().read_all(10);
  CHECK(nothing.empty());
}

EDDY_LOOP_TEST_CASE("run does not return before the children that were left behind are killed and reaped", "[real][c395]") {
  std::optional<eddy::Process> outlives;
  pid_t pid = -1;
  run_real([&]() -> eddy::Task<> {
    outlives = start_sleep();
    auto left = start_sleep();
    pid = left.pid();
    co_return;
  });
  CHECK_FALSE(has_children());
  CHECK_FALSE(exists(pid));
  CHECK(outlives->status()->signal() == SIGKILL);
  CHECK_FALSE(outlives->kill());
  run_real([&]() -> eddy::Task<> {
    const auto status = co_await outlives->wait();
    CHECK(status.signal() == SIGKILL);
  });
}

EDDY_LOOP_TEST_CASE("a loop that is closed without having run ends its children as far as it need not wait", "[real]") {
  std::optional<eddy::Process> outlives;
  {
    eddy::EventLoop loop;
    loop.run_until_complete([](std::optional<eddy::Process>& into) -> eddy::Task<> {
      into = start_sleep();
      auto given_up = start_sleep();
      co_return;
    }(outlives));
  }
  run_real([&]() -> eddy::Task<> {
    try {
      (void)co_await outlives->wait();
    } catch (const eddy::RuntimeError& e) {
      CHECK(std::string(e.what()) == "eddy: a process belongs to the loop in which it was started, and this is another one");
    }
  });
  outlives.reset();
  while (::waitpid(-1, nullptr, 0) > 0) continue;  // they were killed
}

EDDY_LOOP_TEST_CASE("a child counts as work: a virtual clock does not jump while it runs", "[real]") {
  run_virtual([]() -> eddy::Task<> {
    const auto start = now();
    auto process = start_shell("sleep 0.05; exit 3");
    auto late = eddy::create_task([]() -> eddy::Task<> { co_await eddy::sleep(1h); });
    const auto status = co_await eddy::timeout(1s, process.wait());
    CHECK(status.code() == 3);
    CHECK(now() == start);
    co_await late;
    CHECK(now() - start == 1h);
    // But the grace of a stop passes.
    auto deaf = start_shell("trap '' TERM; echo ready; while :; do sleep 0.01; done", {.output = kPipe});
    (void)co_await deaf.output().read_line();
    const auto killed = co_await deaf.stop(1h);
    CHECK(killed.signal() == SIGKILL);
  });
}

EDDY_LOOP_TEST_CASE("a forked child that ends its copy of a Process leaves the process alone", "[real]") {
  run_real([]() -> eddy::Task<> {
    std::optional<eddy::Process> process = start_sleep();
    const pid_t fork = ::fork();
    if (fork == 0) {
      const bool sent = process->kill();
      process.reset();
      ::_exit(sent ? 1 : 0);
    }
    int how = -1;
    ::waitpid(fork, &how, 0);
    CHECK(how == 0);
    co_await eddy::sleep(5ms);
    CHECK_FALSE(process->status().has_value());
    process->kill();
    (void)co_await process->wait();
  });
}

EDDY_TEST_CASE("SIGCHLD is left alone", "[real]") {
  struct sigaction before {};
  ::sigaction(SIGCHLD, nullptr, &before);
  auto process = start_shell("exit 0");
  (void)co_await process.wait();
  struct sigaction after {};
  ::sigaction(SIGCHLD, nullptr, &after);
  CHECK(before.sa_handler == after.sa_handler);
  CHECK(after.sa_handler == SIG_DFL);
}

EDDY_TEST_CASE("where SIGCHLD is ignored children can be started, and how they ended is not known", "[real]") {
  struct Ignored {
    Ignored() { (void)std::signal(SIGCHLD, SIG_IGN); }
    Ignored(const Ignored&) = delete;
    Ignored& operator=(const Ignored&) = delete;
    ~Ignored() { (void)std::signal(SIGCHLD, SIG_DFL); }
  };
  const Ignored ignored;
  for (int i = 0; i < 20; ++i) {
    eddy::Process process = eddy::create_subprocess_exec({"true"});
    int error = 0;
    try {
      (void)co_await process.wait();
    } catch (const std::system_error& failure) {
      error = failure.code().value();
    }
    CHECK(error == ECHILD);
    CHECK_FALSE(process.kill());
  }
}

EDDY_TEST_CASE("a hundred children at once", "[real][large]") {
  std::vector<eddy::Process> processes;
  for (int i = 0; i < 100; ++i) processes.push_back(start_shell("read line; exit 1", {.input = kPipe}));
  for (eddy::Process& process : processes) process.input().close();
  std::vector<eddy::Task<eddy::ExitStatus>> exits;
  for (eddy::Process& process : processes) exits.push_back(exit_of(process));
  const auto all = co_await eddy::gather(std::move(exits));
  for (const eddy::ExitStatus status : all) CHECK(status.code() == 1);
  CHECK_FALSE(has_children());
}
