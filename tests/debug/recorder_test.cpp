// The recorder: which way exceptions came.
//
// SPDX-License-Identifier: MIT
#include "support/run.hpp"

#include <eddy/debug/recorder.hpp>

#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

using namespace test;
using eddy::debug::Recorder;

namespace {

std::string at(int line) { return std::string(__FILE__) + ':' + std::to_string(line); }

eddy::Task<> doze() { co_await eddy::sleep(1h); }

constexpr int kThrowLine = __LINE__ + 2;  // of the last await before
eddy::Task<> fail_later() {
  co_await eddy::sleep(1s);
  throw std::runtime_error("disk full");
}
constexpr int kCallLine = __LINE__ + 1;
eddy::Task<> call_fail_later() { co_await fail_later(); }

template <class F>
void run_recorded(F body) {
  const auto test = [&body]() -> eddy::Task<> {
    Recorder recorder;
    co_await body(recorder);
  };
  run_virtual(test);
}

}  // namespace

EDDY_LOOP_TEST_CASE("an exception that crosses tasks tells the awaits through which it came", "[recorder]") {
  run_recorded([](Recorder& recorder) -> eddy::Task<> {
    auto worker = eddy::create_task(call_fail_later(), {.name = "worker"});
    int line = 0;
    const auto collect = [&]() -> eddy::Task<> {
      line = __LINE__ + 1;
      co_await worker;
    };
    std::exception_ptr error;
    try {
      co_await eddy::create_task(collect(), {.name = "collector"});
    } catch (...) {
      error = std::current_exception();
    }
    const std::vector<std::string> way = recorder.await_chain(error);
    CHECK(way == std::vector<std::string>{"worker at " + at(kThrowLine), "worker at " + at(kCallLine), "collector at " + at(line)});
    CHECK(recorder.describe(error) == "disk full\n  in worker at " + at(kThrowLine) + "\n  in worker at " + at(kCallLine) +
                                          "\n  in collector at " + at(line));
  });
}

EDDY_LOOP_TEST_CASE("the way of an exception goes through groups and stays with it when it is thrown again", "[recorder]") {
  run_recorded([](Recorder& recorder) -> eddy::Task<> {
    const auto again = []() -> eddy::Task<> {
      try {
        co_await eddy::gather(call_fail_later(), doze());
      } catch (const std::runtime_error&) {
        throw;
      }
    };
    std::exception_ptr error;
    try {
      co_await eddy::timeout(1h, again());
    } catch (...) {
      error = std::current_exception();
    }
    CHECK(recorder.await_chain(error).size() == 3);
    CHECK(recorder.await_chain(std::make_exception_ptr(1)).empty());
    CHECK(recorder.await_chain(nullptr).empty());
  });
}

EDDY_LOOP_TEST_CASE("the recorder keeps the last exceptions only", "[recorder]") {
  run_recorded([](Recorder& recorder) -> eddy::Task<> {
    const auto fail = []() -> eddy::Task<> {
      throw std::runtime_error("no");
      co_return;
    };
    std::vector<std::exception_ptr> errors;
    for (int i = 0; i < 20; ++i) {
      try {
        co_await fail();
      } catch (...) {
        errors.push_back(std::current_exception());
      }
    }
    CHECK(recorder.await_chain(errors.front()).empty());
    CHECK(recorder.await_chain(errors.back()).size() == 1);
  });
}

EDDY_LOOP_TEST_CASE("the recorder cuts the way through deep recursion", "[recorder]") {
  run_recorded([](Recorder& recorder) -> eddy::Task<> {
    struct Deep {
      static eddy::Task<> fail(int levels) {
        if (levels == 0) throw std::runtime_error("too deep");
        co_await fail(levels - 1);
      }
    };
    std::exception_ptr error;
    try {
      co_await Deep::fail(1000);
    } catch (...) {
      error = std::current_exception();
    }
    CHECK(recorder.await_chain(error).size() == 64);
  });
}

EDDY_LOOP_TEST_CASE("a recorder that outlives its loop can still be asked", "[recorder]") {
  std::unique_ptr<Recorder> recorder;
  std::exception_ptr error;
  const auto main = [&]() -> eddy::Task<> {
    recorder = std::make_unique<Recorder>();
    try {
      co_await call_fail_later();
    } catch (...) {
      error = std::current_exception();
    }
  };
  run_virtual(main);
  CHECK(recorder->describe(error) == "disk full\n  in main at " + at(kThrowLine) + "\n  in main at " + at(kCallLine));
  recorder.reset();
}

EDDY_LOOP_TEST_CASE("a recorder needs no debug mode, and leaves the loop as it was", "[recorder]") {
  const auto body = []() -> eddy::Task<> {
    eddy::get_running_loop().set_debug(false);
    { const Recorder recorder; }
    CHECK_FALSE(eddy::get_running_loop().get_debug());
    CHECK(eddy::EventLoop::Internals::scheduler(eddy::get_running_loop()).step_watch == nullptr);
    co_return;
  };
  eddy::run(body());
}
