// run_process and run_shell: results, errors, and what a cancel does; and communicate.
//
// SPDX-License-Identifier: MIT
#include "support/run.hpp"
#include <eddy/io.hpp>

#include <csignal>
#include <stdexcept>
#include <string>
#include <string_view>
#include <sys/wait.h>
#include <vector>

using namespace test;
using eddy::Redirect;

namespace {

constexpr Redirect kPipe = Redirect::pipe();

bool has_children() {
  siginfo_t about{};
  return ::waitid(P_ALL, 0, &about, WEXITED | WNOHANG | WNOWAIT) == 0;
}
// The text of the CalledProcessError that this ends with.
eddy::Task<std::string> failure_of(eddy::Task<eddy::CompletedProcess> task) {
  try {
    (void)co_await std::move(task);
  } catch (const eddy::CalledProcessError& e) {
    CHECK_FALSE(e.process().status.success());
    co_return e.what();
  }
  co_return "";
}

template <class T>
eddy::Task<> end_of(eddy::TaskHandle<T> task) {
  try {
    co_await task;
  } catch (const eddy::CancelledError&) {
  }
}

}  // namespace

EDDY_TEST_CASE("a program is run to its end, and gives what it wrote", "[real][c386]") {
  const auto done = co_await eddy::run_process({"/bin/sh", "-c", "cat; echo err >&2; exit 3"}, {.input = "some input\n"});
  CHECK(done.program == "/bin/sh");
  CHECK(done.status.code() == 3);
  CHECK(done.output == "some input\n");
  CHECK(done.errors == "err\n");
  const auto here = co_await eddy::run_process("pwd", {.cwd = "/usr"});
  CHECK(here.output == "/usr\n");
}

EDDY_TEST_CASE("a command of a shell is run by the function that says so", "[real][c386]") {
  eddy::Environment environment = eddy::Environment::current();
  environment.set("WHO", "world");
  const auto done = co_await eddy::run_shell("echo hello $WHO | tr a-z A-Z", {.environment = &environment});
  CHECK(done.output == "HELLO WORLD\n");
  CHECK(done.status.success());
}

EDDY_TEST_CASE("a program without input reads the end at once", "[real]") {
  const auto done = co_await eddy::run_process("cat");
  CHECK(done.status.success());
  CHECK(done.output.empty());
}

EDDY_TEST_CASE("a program that has failed is an error if that is asked for", "[real][c386]") {
  const auto done = co_await eddy::run_shell("echo first >&2; echo the reason >&2; exit 3");
  CHECK_THROWS_AS(done.check(), eddy::CalledProcessError);
  auto failing = eddy::run_shell("echo first >&2; echo the reason >&2; exit 3", {.check = true});
  const auto text = co_await failure_of(std::move(failing));
  CHECK(text == "eddy: \"/bin/sh\" exited with code 3: the reason");
  auto killed = eddy::run_shell("kill -TERM $$", {.check = true});
  const auto killed_text = co_await failure_of(std::move(killed));
  CHECK(killed_text == "eddy: \"/bin/sh\" killed by SIGTERM");
  auto good = co_await eddy::run_process("true", {.check = true});
  CHECK(good.check().status.success());
  CHECK(std::move(good).check().status.success());
}

EDDY_TEST_CASE("a program that is not there is an error when it is run", "[real][c397]") {
  auto task = eddy::run_process("eddy-no-such-program", {.input = "x"});
  try {
    (void)co_await std::move(task);
    FAIL("run");
  } catch (const std::system_error& e) {
    CHECK(e.code().value() == ENOENT);
    CHECK(std::string(e.what()).find("eddy-no-such-program") != std::string::npos);
  }
  CHECK_THROWS_AS(eddy::run_process(""), std::invalid_argument);
}

EDDY_TEST_CASE("what is given to run_process is copied by the call", "[real]") {
  std::string input = "a text of more than a few bytes";
  eddy::Environment environment;
  environment.set("A", "b");
  auto task = eddy::run_process({"/bin/sh", "-c", "cat; echo $A"}, {.input = input, .environment = &environment});
  input.assign(100, 'x');
  environment = eddy::Environment();
  const auto done = co_await std::move(task);
  CHECK(done.output == "a text of more than a few bytesb\n");
}

EDDY_TEST_CASE("much goes in and out at once, and nothing stops up", "[real][c387]") {
  std::string data;
  for (int i = 0; data.size() < 3'000'000; ++i) data += std::to_string(i) + '\n';
  const auto done = co_await eddy::run_process({"/bin/sh", "-c", "tee /dev/stderr"}, {.input = data});
  CHECK(done.status.success());
  CHECK((done.output == data));
  CHECK((done.errors == data));
}

EDDY_TEST_CASE("a program that does not read its input is no error", "[real][c387]") {
  const std::string data(3'000'000, 'x');
  const auto done = co_await eddy::run_process({"/bin/sh", "-c", "echo done"}, {.input = data});
  CHECK(done.output == "done\n");
  const auto some = co_await eddy::run_process({"head", "-c", "3"}, {.input = data});
  CHECK(some.output == "xxx");
  CHECK(some.status.success());
}

EDDY_TEST_CASE("more output than the limit ends the program", "[real]") {
  try {
    (void)co_await eddy::run_process("yes", {.limit = 100'000});
    FAIL("completed");
  } catch (const eddy::LimitOverrunError& e) {
    CHECK(e.limit() == 100'000);
  }
  CHECK_FALSE(has_children());
  const auto none = co_await eddy::run_process({"/bin/sh", "-c", "echo 12345"}, {.limit = 6});
  CHECK(eddy::RunProcessOptions().limit == eddy::kDefaultOutputLimit);
  CHECK(none.output == "12345\n");
}

EDDY_TEST_CASE("output that is not read goes where it is told to", "[real]") {
  const auto done = co_await eddy::run_process({"/bin/sh", "-c", "echo a; echo b >&2"},
                                               {.output = Redirect::null(), .errors = Redirect::to_output()});
  CHECK(done.output.empty());
  CHECK(done.errors.empty());
  const auto together = co_await eddy::run_process({"/bin/sh", "-c", "echo a; echo b >&2"}, {.errors = Redirect::to_output()});
  CHECK(together.output == "a\nb\n");
}

EDDY_TEST_CASE("a program that takes too long is asked to end, and reaped", "[real][c399]") {
  const auto start = now();
  bool timed_out = false;
  try {
    (void)co_await eddy::timeout(20ms, eddy::run_process({"sleep", "100"}));
  } catch (const eddy::TimeoutError&) {
    timed_out = true;
  }
  CHECK(timed_out);
  CHECK(now() - start < 2s);
  CHECK_FALSE(has_children());
}

EDDY_TEST_CASE("a program that does not listen is killed after its grace", "[real][c399]") {
  const char* const deaf = "trap '' TERM; while :; do sleep 0.01; done";
  const auto start = now();
  const auto nothing = co_await eddy::move_on_after(200ms, eddy::run_process({"/bin/sh", "-c", deaf}, {.grace = 30ms}));
  CHECK_FALSE(nothing.has_value());
  CHECK(now() - start >= 230ms);
  CHECK_FALSE(has_children());
}

EDDY_TEST_CASE("a second cancel does not cut the end of a program short", "[real][c399]") {
  auto [reader, writer] = eddy::open_pipe();
  auto task = eddy::create_task(eddy::run_process({"/bin/sh", "-c", "trap '' TERM; echo deaf; while :; do sleep 0.01; done"},
                                                  {.output = Redirect::descriptor(writer.fd()), .grace = 30ms}));
  const auto ready = co_await reader.read_line();
  CHECK(ready == "deaf\n");
  const auto start = now();
  for (int i = 0; i < 3; ++i) {
    task.cancel();
    co_await eddy::sleep(1ms);
    CHECK_FALSE(task.done());
  }
  co_await end_of(task);
  CHECK(task.cancelled());
  CHECK(now() - start >= 30ms);
  CHECK_FALSE(has_children());
}

EDDY_TEST_CASE("a program that uses its grace can clean up", "[real][c399]") {
  auto [reader, writer] = eddy::open_pipe();
  auto task = eddy::create_task(eddy::run_process({"/bin/sh", "-c", "trap 'echo cleaned; exit 0' TERM; echo ready; while :; do sleep 0.01; done"},
                                                  {.output = Redirect::descriptor(writer.fd())}));
  const auto ready = co_await reader.read_line();
  CHECK(ready == "ready\n");
  writer.close();
  task.cancel();
  const auto rest = co_await reader.read_all(100);
  CHECK(rest == "cleaned\n");
  co_await end_of(task);
  CHECK(task.cancelled());
}

EDDY_TEST_CASE("a cancel of a shell's command ends all of its processes", "[real][c399]") {
  const auto nothing = co_await eddy::move_on_after(50ms, eddy::run_shell("sleep 100 | sleep 100; sleep 100", {.grace = 5s}));
  CHECK_FALSE(nothing.has_value());
  CHECK_FALSE(has_children());
}

EDDY_TEST_CASE("a cancel that is in force before a program runs leaves none behind", "[real][c390]") {
  auto task = eddy::create_task([]() -> eddy::Task<> {
    eddy::current_task().cancel();
    (void)co_await eddy::run_process({"sleep", "100"});
  });
  co_await end_of(task);
  CHECK(task.cancelled());
  CHECK_FALSE(has_children());
}

EDDY_TEST_CASE("a communicate that is cancelled is begun again, and nothing is lost", "[real][c387][c389]") {
  auto process = eddy::create_subprocess_exec({"/bin/sh", "-c", "echo out; exec >&-; sleep 0.1; echo end >&2"}, {.output = kPipe, .errors = kPipe});
  const auto cut = co_await eddy::move_on_after(30ms, process.communicate());
  CHECK_FALSE(cut.has_value());
  const auto whole = co_await process.communicate();
  CHECK(whole.output == "out\n");
  CHECK(whole.errors == "end\n");
}

EDDY_TEST_CASE("data for a child without a pipe is refused", "[real]") {
  auto process = eddy::create_subprocess_exec("true");
  try {
    (void)co_await process.communicate("data");
    FAIL("taken");
  } catch (const std::invalid_argument&) {
  }
  const auto nothing = co_await process.communicate();
  CHECK(nothing.output.empty());
}

EDDY_TEST_CASE("a hundred programs are run, ten at a time", "[real][large]") {
  std::vector<int> numbers(100);
  for (int i = 0; i < 100; ++i) numbers[static_cast<std::size_t>(i)] = i;
  const auto outputs = co_await eddy::concurrent_map(numbers, [](int number) -> eddy::Task<std::string> {
    const std::string text = std::to_string(number);
    const eddy::CompletedProcess done = co_await eddy::run_process({"echo", text});
    co_return done.output;
  }, {.limit = 10});
  for (int i = 0; i < 100; ++i) CHECK(outputs[static_cast<std::size_t>(i)] == std::to_string(i) + '\n');
}
