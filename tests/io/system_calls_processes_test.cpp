// Every system call for child processes fails, in each way that it can: it is told, another child can be started, and no child,
// no zombie and no descriptor is left.
//
// SPDX-License-Identifier: MIT
#include "support/fault_scenario.hpp"
#include "support/run.hpp"

#include <eddy/io.hpp>

#include <csignal>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

using namespace test;
using eddy::Redirect;
using namespace test::faults;

namespace {

}  // namespace

EDDY_LOOP_TEST_CASE("whichever call of a child process fails, it is told, and nothing of a child is left", "[large][order][faults]") {
  const auto scenario = [](Told& told) -> eddy::Task<> {
    eddy::ProcessOptions options;
    options.input = Redirect::pipe();
    options.output = Redirect::pipe();
    options.errors = Redirect::null();
    options.cwd = "/";
    const auto starting = [&] { return eddy::create_subprocess_exec({"cat"}, options); };
    eddy::Process process = again_now(told, starting);
    const auto writing = [&] { return process.input().write("text"); };
    co_await again(told, writing);
    process.input().close();
    const auto reading = [&] { return process.output().read_all(1000); };
    const std::string text = co_await again(told, reading);
    expect(text == "text", "what came is not what was written");
    const auto waiting = [&] { return process.wait(); };
    try {
      const eddy::ExitStatus status = co_await waiting();
      expect(status.success(), "the status is wrong");
    } catch (const std::system_error& failure) {  // somebody else has reaped it
      told.note(failure);
      expect(failure.code().value() == ECHILD, "the error is wrong");
    }
    expect(!process.terminate(), "a signal was sent to what has ended");
  };
  Expected expected;
  expected.reactors = {eddy::ReactorKind::epoll, eddy::ReactorKind::poll};
  expected.tolerated = {"epoll_ctl"};  // of what is closed
  const auto failed = fail_each_call(scenario, expected);
  check_covered(failed, {"process_spawn.hpp: posix_spawn_file_actions_init, posix_spawnattr_init, posix_spawn_file_actions_adddup2",
                         "process_spawn.hpp: posix_spawn_file_actions_addchdir_np",
                         "process_spawn.hpp: sys::pipe, sys::open, sys::set_blocking, sys::spawn",
                         "child_process.hpp: sys::open_pidfd, sys::wait_process",
                         "system_calls.hpp: pipe2, open, fcntl, posix_spawnp, pidfd_open, waitid"});
  if (failed.contains("posix_spawn_file_actions_addclosefrom_np"))  // glibc 2.34
    check_covered(failed, {"process_spawn.hpp: posix_spawn_file_actions_addclosefrom_np"});
}

EDDY_LOOP_TEST_CASE("whichever call for ending a child fails, it is ended all the same", "[large][order][faults]") {
  for (const eddy::ProcessGroup group : {eddy::ProcessGroup::shared, eddy::ProcessGroup::own}) {
    const auto scenario = [group](Told& told) -> eddy::Task<> {
      eddy::ProcessOptions options;
      options.group = group;
      options.errors = Redirect::descriptor(2);
      const auto starting = [&] { return eddy::create_subprocess_exec({"sleep", "100"}, options); };
      eddy::Process asked = again_now(told, starting);
      (void)again_now(told, [&] { return asked.terminate(); });
      (void)again_now(told, [&] { return asked.kill(); });
      eddy::Process stopped = again_now(told, starting);
      const auto stopping = [&] { return stopped.stop(10ms); };
      try {
        (void)co_await again(told, stopping);
      } catch (const std::system_error& failure) {
        expect(failure.code().value() == ECHILD, "it did not stop");
      }
      eddy::Process dropped = again_now(told, starting);  // is killed by its destructor
    };
    Expected expected;
    expected.tolerated = {"kill", "pidfd_send_signal", "waitid", "epoll_ctl", "close/file"};  // the standard error may be a file
    const auto failed = fail_each_call(scenario, expected);
    check_covered(failed, {"process_spawn.hpp: sys::duplicate", "system_calls.hpp: pidfd_send_signal, waitid", "child_process.hpp: sys::send_signal, sys::wait_process"});
    if (group == eddy::ProcessGroup::own) check_covered(failed, {"system_calls.hpp: kill", "child_process.hpp: sys::kill"});
  }
}

EDDY_LOOP_TEST_CASE("whichever call fails, run_process tells it, leaves nothing, and can be called again", "[large][order][faults]") {
  const auto scenario = [](Told& told) -> eddy::Task<> {
    eddy::RunProcessOptions options;
    options.input = "text";
    const auto running = [&] { return eddy::run_process({"cat"}, options); };
    const eddy::CompletedProcess done = co_await again(told, running);
    expect(done.output == "text" && done.status.success(), "the output is wrong");
  };
  Expected expected;
  expected.tolerated = {"epoll_ctl"};
  expected.impossible = {{"write/pipe", EPIPE}};  // a child that does not read all is no error
  (void)fail_each_call(scenario, expected);
}
