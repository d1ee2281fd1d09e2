// async_with: enter, body, exit.
//
// SPDX-License-Identifier: MIT
#include "support/work.hpp"

#include <memory>
#include <stdexcept>

using namespace test;

namespace {

// Enters and exits in a second each, and writes down what happens.
struct Resource {
  explicit Resource(std::vector<std::string>& target) : log(&target) {}
  eddy::Task<> aenter() {
    co_await eddy::sleep(1s);
    log->push_back("enter");
  }
  eddy::Task<> aexit() {
    co_await eddy::sleep(1s);
    log->push_back("exit");
    ++exits;
  }
  std::vector<std::string>* log;
  int exits = 0;
};

// Entering gives a connection number.
struct Connector : Resource {
  using Resource::Resource;
  eddy::Task<int> aenter() {
    co_await Resource::aenter();
    co_return 7;
  }
};

// Entering gives a reference to the resource itself, as `async with x as x`.
struct Self : Resource {
  using Resource::Resource;
  eddy::Task<Self&> aenter() {
    co_await Resource::aenter();
    co_return *this;
  }
};

struct BrokenEnter : Resource {
  using Resource::Resource;
  eddy::Task<> aenter() {
    co_await eddy::sleep(1s);
    throw std::runtime_error("enter failed");
  }
};

struct BrokenExit : Resource {
  using Resource::Resource;
  eddy::Task<> aexit() {
    co_await eddy::sleep(1s);
    throw std::runtime_error("exit failed");
  }
};

}  // namespace

EDDY_TEST_CASE("async_with enters, runs the body, exits, and gives the body's value") {
  std::vector<std::string> log;
  Resource resource(log);
  auto body = [&]() -> eddy::Task<int> {
    co_await eddy::sleep(1s);
    log.push_back("body");
    co_return 5;
  };
  const auto start = now();
  const int value = co_await eddy::async_with(resource, body);
  CHECK(value == 5);
  CHECK(now() - start == 3s);
  const std::vector<std::string> expected{"enter", "body", "exit"};
  CHECK(log == expected);
  CHECK(resource.exits == 1);
}

EDDY_TEST_CASE("the body of async_with is given what entering gave") {
  std::vector<std::string> log;
  Connector connector(log);
  auto body = [&](int connection) -> eddy::Task<int> {
    co_await eddy::yield();
    co_return connection * 2;
  };
  const int value = co_await eddy::async_with(connector, body);
  CHECK(value == 14);
  Self self(log);
  auto same = [&](Self& entered) -> eddy::Task<bool> {
    co_await eddy::yield();
    co_return &entered == &self;
  };
  const bool is_same = co_await eddy::async_with(self, same);
  CHECK(is_same);
  CHECK(self.exits == 1);
}

EDDY_TEST_CASE("the body of async_with may take the resource when entering gives nothing") {
  std::vector<std::string> log;
  Resource resource(log);
  auto body = [&](Resource& entered) -> eddy::Task<> {
    co_await eddy::yield();
    log.push_back(&entered == &resource ? "same" : "other");
  };
  co_await eddy::async_with(resource, body);
  const std::vector<std::string> expected{"enter", "same", "exit"};
  CHECK(log == expected);
}

EDDY_TEST_CASE("async_with keeps a temporary resource until it has exited") {
  struct Owner : Resource {
    using Resource::Resource;
    Tracked tracked;
  };
  std::vector<std::string> log;
  int alive_in_body = 0;
  auto body = [&](Resource&) -> eddy::Task<> {
    co_await eddy::sleep(1s);
    alive_in_body = Tracked::alive;
  };
  auto make = [&] { return eddy::async_with(Owner(log), body); };
  co_await make();
  CHECK(alive_in_body == 1);
  CHECK(Tracked::alive == 0);
  const std::vector<std::string> expected{"enter", "exit"};
  CHECK(log == expected);
}

EDDY_TEST_CASE("async_with exits when the body throws, and throws the body's error") {
  std::vector<std::string> log;
  Resource resource(log);
  auto body = []() -> eddy::Task<> {
    co_await eddy::yield();
    throw std::runtime_error("body failed");
  };
  const std::string how = co_await ending_by_kind(eddy::async_with(resource, body));
  CHECK(how == "body failed");
  const std::vector<std::string> expected{"enter", "exit"};
  CHECK(log == expected);
}

EDDY_TEST_CASE("when body and exit fail, the exit's error is thrown with the body's nested into it") {
  std::vector<std::string> log;
  BrokenExit resource(log);
  auto body = []() -> eddy::Task<> {
    co_await eddy::yield();
    throw std::runtime_error("body failed");
  };
  const std::string how = co_await ending_by_kind(eddy::async_with(resource, body));
  CHECK(how == "exit failed < body failed");
}

EDDY_TEST_CASE("an exit that fails after a good body is the error of async_with") {
  std::vector<std::string> log;
  BrokenExit resource(log);
  auto body = []() -> eddy::Task<int> {
    co_await eddy::yield();
    co_return 1;
  };
  const std::string how = co_await ending_by_kind(eddy::async_with(resource, body));
  CHECK(how == "exit failed");
}

EDDY_TEST_CASE("when entering fails, neither body nor exit runs") {
  std::vector<std::string> log;
  BrokenEnter resource(log);
  auto body = [&]() -> eddy::Task<> {
    log.push_back("not reached");
    co_return;
  };
  const std::string how = co_await ending_by_kind(eddy::async_with(resource, body));
  CHECK(how == "enter failed");
  CHECK(log.empty());
}

EDDY_TEST_CASE("a cancel in the body of async_with runs the exit to its end before the caller is unwound") {
  std::vector<std::string> log;
  Resource resource(log);
  auto body = [&]() -> eddy::Task<> {
    const OnExit exit(log, "body gone");
    co_await eddy::sleep(1h);
  };
  auto work = [&]() -> eddy::Task<> {
    const OnExit exit(log, "caller gone");
    co_await eddy::async_with(resource, body);
  };
  auto handle = eddy::create_task(work());
  co_await eddy::sleep(5s);
  const auto start = now();
  handle.cancel();
  const std::string how = co_await ending_by_kind(handle);
  CHECK(how == "CancelledError ");
  CHECK(now() - start == 1s);
  const std::vector<std::string> expected{"enter", "body gone", "exit", "caller gone"};
  CHECK(log == expected);
}

EDDY_TEST_CASE("a cancel while async_with enters runs neither body nor exit") {
  std::vector<std::string> log;
  Resource resource(log);
  auto work = [&]() -> eddy::Task<> {
    auto body = [&]() -> eddy::Task<> {
      log.push_back("not reached");
      co_return;
    };
    co_await eddy::async_with(resource, body);
  };
  auto handle = eddy::create_task(work());
  co_await eddy::sleep(500ms);
  handle.cancel();
  const std::string how = co_await ending_by_kind(handle);
  CHECK(how == "CancelledError ");
  CHECK(log.empty());
  CHECK(resource.exits == 0);
}

EDDY_TEST_CASE("a cancel that meets the end of the entering runs the exit, but not the body", "[order]") {
  std::vector<std::string> log;
  Resource resource(log);
  auto body = [&]() -> eddy::Task<> {
    log.push_back("not reached");
    co_return;
  };
  auto work = [&]() -> eddy::Task<> { co_await eddy::async_with(resource, body); };
  eddy::TaskHandle<> handle;
  // Due with the sleep in aenter, and before it: the entering completes with the cancel in force.
  eddy::get_running_loop().call_later(1s, [&] { handle.cancel(); });
  handle = eddy::create_task(work());
  const std::string how = co_await ending_by_kind(handle);
  CHECK(how == "CancelledError ");
  const std::vector<std::string> expected{"enter", "exit"};
  CHECK(log == expected);
}

EDDY_TEST_CASE("an expired timeout around async_with runs the exit, then throws TimeoutError") {
  std::vector<std::string> log;
  Resource resource(log);
  auto body = []() -> eddy::Task<> { co_await eddy::sleep(1h); };
  const auto start = now();
  const std::string how = co_await ending_by_kind(eddy::timeout(5s, eddy::async_with(resource, body)));
  CHECK(how == "TimeoutError");
  CHECK(now() - start == 6s);
  CHECK(resource.exits == 1);
}

EDDY_TEST_CASE("nested async_with exits in the reverse order of entering") {
  std::vector<std::string> log;
  struct Named {
    Named(std::vector<std::string>& target, std::string text) : log(&target), name(std::move(text)) {}
    eddy::Task<> aenter() {
      log->push_back("enter " + name);
      co_return;
    }
    eddy::Task<> aexit() {
      co_await eddy::yield();
      log->push_back("exit " + name);
    }
    std::vector<std::string>* log;
    std::string name;
  };
  Named outer(log, "outer");
  Named inner(log, "inner");
  auto body = [&]() -> eddy::Task<> {
    log.push_back("body");
    co_return;
  };
  auto with_inner = [&]() -> eddy::Task<> { co_await eddy::async_with(inner, body); };
  co_await eddy::async_with(outer, with_inner);
  const std::vector<std::string> expected{"enter outer", "enter inner", "body", "exit inner", "exit outer"};
  CHECK(log == expected);
}

TEST_CASE("what async_with takes is an AsyncResource: it enters and exits by awaitables") {
  struct NoExit {
    eddy::Task<> aenter() { co_return; }
  };
  struct PlainExit : NoExit {
    int aexit() { return 0; }
  };
  STATIC_REQUIRE(eddy::AsyncResource<Resource>);
  STATIC_REQUIRE_FALSE(eddy::AsyncResource<NoExit>);
  STATIC_REQUIRE_FALSE(eddy::AsyncResource<PlainExit>);
}
