// How a loop's reactor is chosen: by an option or by the environment variable EDDY_REACTOR.
//
// What a PollReactor does is tested together with the EpollReactor, in reactor_epoll_test.cpp.
//
// SPDX-License-Identifier: MIT
#include "support/run.hpp"
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>

using namespace test;

namespace {

// How many descriptors of epoll(7) the process has.
int epoll_descriptors() {
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code gone;
    const auto target = std::filesystem::read_symlink(entry.path(), gone);
    if (target.native().find("eventpoll") != std::string::npos) ++count;
  }
  return count;
}

class Environment {
public:
  explicit Environment(const char* value) {
    if (const char* before = std::getenv("EDDY_REACTOR")) before_ = before;
    set(value);
  }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;
  ~Environment() { set(before_ ? before_->c_str() : nullptr); }

private:
  static void set(const char* value) {
    if (value == nullptr) {
      ::unsetenv("EDDY_REACTOR");
    } else {
      ::setenv("EDDY_REACTOR", value, 1);
    }
  }
  std::optional<std::string> before_;
};

int epoll_descriptors_of(eddy::ReactorKind kind) {
  const int before = epoll_descriptors();
  const eddy::EventLoop loop(nullptr, kind);
  return epoll_descriptors() - before;
}

// The same, for a loop made by `run`, which also waits for a descriptor.
int epoll_descriptors_of_run(eddy::ReactorKind kind) {
  const int before = epoll_descriptors();
  eddy::RunOptions options;
  options.reactor = kind;
  const auto body = []() -> eddy::Task<int> {
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    const auto write_later = [](int end) -> eddy::Task<> {
      co_await eddy::sleep(1ms);
      CHECK(::write(end, "x", 1) == 1);
    };
    auto writer = eddy::create_task(write_later(ends[1]));
    co_await eddy::readable(ends[0]);
    co_await writer;
    ::close(ends[0]);
    ::close(ends[1]);
    co_return epoll_descriptors();
  };
  return eddy::run(body(), options) - before;
}

}  // namespace

TEST_CASE("an option chooses whether a loop waits in epoll(7) or poll(2)", "[loop][real]") {
  CHECK(epoll_descriptors_of(eddy::ReactorKind::epoll) == 1);
  CHECK(epoll_descriptors_of(eddy::ReactorKind::poll) == 0);
  CHECK(epoll_descriptors_of_run(eddy::ReactorKind::epoll) == 1);
  CHECK(epoll_descriptors_of_run(eddy::ReactorKind::poll) == 0);
}

TEST_CASE("the environment variable EDDY_REACTOR chooses for loops without the option", "[loop][real]") {
  {
    const Environment poll("poll");
    CHECK(epoll_descriptors_of(eddy::ReactorKind::automatic) == 0);
    CHECK(epoll_descriptors_of(eddy::ReactorKind::epoll) == 1);
    CHECK(epoll_descriptors_of_run(eddy::ReactorKind::automatic) == 0);
  }
  for (const char* value : {"epoll", "", static_cast<const char*>(nullptr)}) {
    const Environment other(value);
    CHECK(epoll_descriptors_of(eddy::ReactorKind::automatic) == 1);
    CHECK(epoll_descriptors_of(eddy::ReactorKind::poll) == 0);
  }
}

TEST_CASE("an EDDY_REACTOR that names no reactor is an error that tells what it may be", "[loop]") {
  const Environment wrong("kqueue");
  const std::string sentence = R"(eddy: the environment variable EDDY_REACTOR must be "epoll" or "poll", not "kqueue")";
  CHECK_THROWS_WITH(eddy::EventLoop(), sentence);
  bool ran = false;
  const auto body = [&ran]() -> eddy::Task<> {
    ran = true;
    co_return;
  };
  CHECK_THROWS_AS(eddy::run(body()), std::invalid_argument);
  CHECK_FALSE(ran);
  CHECK_THROWS_AS(eddy::Runner(), std::invalid_argument);
  CHECK(epoll_descriptors_of(eddy::ReactorKind::poll) == 0);  // a program that has chosen does not look at it
}
