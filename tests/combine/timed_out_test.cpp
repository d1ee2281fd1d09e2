// timed_out: the TimeoutError of each combinator names the task that has waited, and the line.
//
// SPDX-License-Identifier: MIT
#include "support/work.hpp"

#include <string>

using namespace test;

namespace {

// The text of a TimeoutError whose await stands at `line` of this file.
std::string timed_out_in(const char* task, int line) {
  return std::string("timed out in task ") + task + " at " + __FILE__ + ":" + std::to_string(line);
}

template <class A>
eddy::Task<std::string> text_of(A work, int& line) {
  try {
    line = __LINE__ + 1;
    (void)co_await std::move(work);
  } catch (const eddy::TimeoutError& error) {
    co_return error.what();
  }
  co_return "no timeout";
}

}  // namespace

EDDY_TEST_CASE("the error of a timeout names the task and the line where that waits", "") {
  eddy::current_task().set_name("caller");
  std::string text;
  const int line = __LINE__ + 2;
  try {
    co_await eddy::timeout(1s, nap(1h));
  } catch (const eddy::TimeoutError& error) {
    text = error.what();
  }
  CHECK(text == timed_out_in("caller", line));
}

EDDY_TEST_CASE("wait_for, timeout_at, uncancellable with a limit and a limit that has passed say it in the same words",
               "") {
  eddy::current_task().set_name("caller");
  int line = 0;
  const std::string waited = co_await text_of(eddy::wait_for(nap(1h), 1s), line);
  CHECK(waited == timed_out_in("caller", line));
  const std::string at = co_await text_of(eddy::timeout_at(now() + 1s, nap(1h)), line);
  CHECK(at == timed_out_in("caller", line));
  const std::string masked = co_await text_of(eddy::uncancellable(1s, nap(1h)), line);
  CHECK(masked == timed_out_in("caller", line));
  const std::string passed = co_await text_of(eddy::timeout(0s, nap(1h)), line);
  CHECK(passed == timed_out_in("caller", line));
  const std::string not_started = co_await text_of(eddy::wait_for(nap(1h), 0s), line);
  CHECK(not_started == timed_out_in("caller", line));
}

EDDY_TEST_CASE("a timeout in a task of its own names that, and the innermost line", "") {
  int line = 0;
  auto task = eddy::create_task(text_of(eddy::timeout(1s, nap(1h)), line), {.name = "worker"});
  const std::string text = co_await task;
  CHECK(text == timed_out_in("worker", line));
}

EDDY_TEST_CASE("a timeout that is a child of a gather, or the work of another timeout, has its owner's line", "") {
  eddy::current_task().set_name("caller");
  std::string text;
  int line = __LINE__ + 2;
  try {
    co_await eddy::gather(eddy::timeout(1s, nap(1h)), nap(1h));
  } catch (const eddy::TimeoutError& error) {
    text = error.what();
  }
  CHECK(text.substr(0, 23) == "timed out in task Task-");  // the child's
  const std::string place = std::string(" at ") + __FILE__ + ":" + std::to_string(line);
  CHECK(text.substr(text.size() - place.size()) == place);
  line = __LINE__ + 2;
  try {
    co_await eddy::timeout(1h, eddy::timeout(1s, nap(1h)));
  } catch (const eddy::TimeoutError& error) {
    text = error.what();
  }
  CHECK(text == timed_out_in("caller", line));
}

EDDY_TEST_CASE("a timeout in a cleanup that no task waits for says so", "") {
  std::string text;
  int line = 0;
  auto cleanup = [&]() -> eddy::Task<> { text = co_await text_of(eddy::timeout(1s, nap(1h)), line); };
  auto items = [&]() -> eddy::AsyncGenerator<int> {
    co_await eddy::on_close(cleanup);
    co_yield 1;
  };
  {
    auto generator = items();
    const auto first = co_await generator.next();
    CHECK(first);
  }
  co_await eddy::sleep(1min);
  CHECK(text == std::string("timed out in a cleanup at ") + __FILE__ + ":" + std::to_string(line));
}

EDDY_TEST_CASE("as_completed names who asked for the next task, also for what is asked after its limit has passed",
               "") {
  eddy::current_task().set_name("caller");
  const std::vector<eddy::TaskHandle<>> handles{eddy::create_task(nap(1h))};
  auto order = eddy::as_completed(handles, 1s);
  for (int i = 0; i < 2; ++i) {
    std::string text;
    const int line = __LINE__ + 2;
    try {
      (void)co_await order.next();
    } catch (const eddy::TimeoutError& error) {
      text = error.what();
    }
    CHECK(text == timed_out_in("caller", line));
  }
  (void)co_await eddy::wait(handles);
}
