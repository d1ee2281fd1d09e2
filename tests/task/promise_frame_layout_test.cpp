// g++ 11 and 12 lay out a coroutine's frame wrongly when a bare co_await is the condition of if, while or switch and the
// outermost block declares no local. There the library must stop with a sentence; everywhere else such code must work.
//
// structure: allow-bare-await
//
// SPDX-License-Identifier: MIT
#include "support/run.hpp"
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>

using namespace test;

namespace {

#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ < 13
constexpr bool kWrongLayout = true;
#else
constexpr bool kWrongLayout = false;
#endif

// Not trivial, so that a condition leaves a temporary behind.
struct Verdict {
  explicit Verdict(bool is_yes) : yes(is_yes) {}
  Verdict(const Verdict&) = default;
  Verdict& operator=(const Verdict&) = default;
  ~Verdict() {}
  explicit operator bool() const { return yes; }
  bool yes;
};

eddy::Task<bool> flag(bool value) {
  co_await eddy::yield();
  co_return value;
}
eddy::Task<int> number(int value) {
  co_await eddy::yield();
  co_return value;
}
eddy::Task<Verdict> verdict(bool value) {
  co_await eddy::yield();
  co_return Verdict(value);
}

// What g++ before 13 miscompiles.
eddy::Task<int> bare_if(bool value) {
  if (co_await flag(value)) co_return 1;
  co_return 2;
}
eddy::Task<int> bare_while(int& left) {
  while (co_await flag(left > 0)) --left;
  co_return 1;
}
eddy::Task<int> bare_switch(int value) {
  switch (co_await number(value)) {
    case 7:
      co_return 1;
    default:
      co_return 2;
  }
}
eddy::Task<int> bare_if_of_class(bool value) {
  if (co_await verdict(value)) co_return 1;
  co_return 2;
}

struct Ending {
  std::string errors;
  int status = 0;
};

// Runs `body()`, a coroutine function, on a loop of its own in a child process, which exits with what it gives.
template <class F>
Ending run_in_child(F body) {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  std::fflush(nullptr);
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    ::dup2(ends[1], STDERR_FILENO);
    std::signal(SIGABRT, SIG_DFL);  // not the test framework's
    const rlimit no_core{0, 0};
    ::setrlimit(RLIMIT_CORE, &no_core);
    ::_exit(eddy::run(body()));
  }
  ::close(ends[1]);
  Ending ending;
  char buffer[512];
  for (ssize_t n = 0; (n = ::read(ends[0], buffer, sizeof buffer)) > 0;)
    ending.errors.append(buffer, static_cast<std::size_t>(n));
  ::close(ends[0]);
  REQUIRE(::waitpid(child, &ending.status, 0) == child);
  return ending;
}

void check_ending(const Ending& ending, const char* function) {
  INFO("status " << ending.status << ", standard error: " << ending.errors);
  if (kWrongLayout) {
    CHECK(WIFSIGNALED(ending.status));
    CHECK(WTERMSIG(ending.status) == SIGABRT);
    CHECK(ending.errors.find(function) != std::string::npos);
    CHECK(ending.errors.find("promise_frame_layout_test.cpp:") != std::string::npos);
    CHECK(ending.errors.find("write `if (auto r = co_await x; r)` instead") != std::string::npos);
  } else {
    CHECK(WIFEXITED(ending.status));
    CHECK(WEXITSTATUS(ending.status) == 1);
    CHECK(ending.errors.empty());
  }
}

}  // namespace

TEST_CASE("a bare co_await as the condition of an if works, or stops with a sentence", "[layout]") {
  check_ending(run_in_child([] { return bare_if(true); }), "bare_if");
  check_ending(run_in_child([] { return bare_if_of_class(true); }), "bare_if_of_class");
}

TEST_CASE("a bare co_await as the condition of a while works, or stops with a sentence", "[layout]") {
  static int left = 3;
  check_ending(run_in_child([] { return bare_while(left); }), "bare_while");
}

TEST_CASE("a bare co_await as the condition of a switch works, or stops with a sentence", "[layout]") {
  check_ending(run_in_child([] { return bare_switch(7); }), "bare_switch");
}

TEST_CASE("a wrong layout is found in recycled memory, too", "[layout]") {
  const auto body = []() -> eddy::Task<int> {
    // Frees blocks of many sizes first, so that the wrong coroutine gets one that was a frame before.
    for (int i = 0; i < 3; ++i) co_await eddy::gather(number(i), flag(true), verdict(true), number(i), flag(false));
    co_return co_await bare_if(true);
  };
  check_ending(run_in_child(body), "bare_if");
}

EDDY_LOOP_TEST_CASE("a declaration in the condition is right on every compiler", "[layout]") {
  const auto with_if = [](bool value) -> eddy::Task<int> {
    if (auto yes = co_await flag(value); yes) co_return 1;
    co_return 2;
  };
  const auto with_plain_if = [](bool value) -> eddy::Task<int> {
    if (const bool yes = co_await flag(value)) co_return yes ? 1 : 3;
    co_return 2;
  };
  const auto with_class = [](bool value) -> eddy::Task<int> {
    if (const auto yes = co_await verdict(value)) co_return 1;
    co_return 2;
  };
  const auto with_while = [](int count) -> eddy::Task<int> {
    while (auto item = co_await number(count)) count = item - 1;
    co_return count;
  };
  const auto with_switch = [](int value) -> eddy::Task<int> {
    switch (const int n = co_await number(value); n) {
      case 7:
        co_return 1;
      default:
        co_return 2;
    }
  };
  run_virtual([&]() -> eddy::Task<> {
    const auto of_if = co_await eddy::gather(with_if(true), with_if(false), with_plain_if(true), with_plain_if(false));
    CHECK(of_if == std::tuple(1, 2, 1, 2));
    const auto of_class = co_await eddy::gather(with_class(true), with_class(false));
    CHECK(of_class == std::tuple(1, 2));
    const int of_while = co_await with_while(5);
    CHECK(of_while == 0);
    const auto of_switch = co_await eddy::gather(with_switch(7), with_switch(8));
    CHECK(of_switch == std::tuple(1, 2));
  });
}

EDDY_LOOP_TEST_CASE("a bare co_await in a condition is right where the coroutine has a local at its top", "[layout]") {
  const auto with_local = [](bool value) -> eddy::Task<int> {
    const int result = 1;
    if (co_await flag(value)) co_return result;
    co_return 2;
  };
  run_virtual([&]() -> eddy::Task<> {
    const auto both = co_await eddy::gather(with_local(true), with_local(false));
    CHECK(both == std::tuple(1, 2));
  });
}

// ------------------------------------------------------------------------------------- a Task that was copied bit by bit

namespace {

eddy::Task<int> chosen_and_awaited(bool first) {
  const int value = co_await (first ? number(1) : number(2));
  co_return value;
}
eddy::Task<int> chosen_for_a_timeout(bool first) {
  const int value = co_await eddy::timeout(std::chrono::seconds(1), first ? number(1) : number(2));
  co_return value;
}
eddy::Task<int> chosen_for_a_gather(bool first) {
  const auto [value, other] = co_await eddy::gather(first ? number(1) : number(2), number(3));
  co_return value;
}
eddy::Task<int> chosen_for_create_task(bool first) {
  const int value = co_await eddy::create_task(first ? number(1) : number(2));
  co_return value;
}
eddy::Task<int> chosen_before(bool first) {
  auto task = first ? number(1) : number(2);
  const int value = co_await std::move(task);
  co_return value;
}

}  // namespace

TEST_CASE("a Task that is chosen by ?: inside an awaited expression works, or stops with a sentence",
          "[layout][traps]") {
  for (const auto wrong : {chosen_and_awaited, chosen_for_a_timeout, chosen_for_a_gather, chosen_for_create_task}) {
    const Ending ending = run_in_child([wrong] { return wrong(true); });
    INFO("status " << ending.status << ", standard error: " << ending.errors);
    if (kWrongLayout) {
      CHECK(WIFSIGNALED(ending.status));
      CHECK(WTERMSIG(ending.status) == SIGABRT);
      CHECK(ending.errors.find("make it in a statement before") != std::string::npos);
    } else {
      CHECK(WIFEXITED(ending.status));
      CHECK(WEXITSTATUS(ending.status) == 1);
      CHECK(ending.errors.empty());
    }
  }
}

TEST_CASE("a Task that is chosen by ?: in a statement before is right on every compiler", "[layout][traps]") {
  CHECK(eddy::run(chosen_before(true)) == 1);
  CHECK(eddy::run(chosen_before(false)) == 2);
}
