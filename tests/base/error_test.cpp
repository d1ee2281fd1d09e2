// The text of each error of the core: a sentence that says what is wrong.
//
// SPDX-License-Identifier: MIT
#include "support/run.hpp"

#include <type_traits>

namespace {

template <class E, class Base>
void check(const E& error, const char* text) {
  STATIC_REQUIRE(std::is_base_of_v<Base, E>);
  CHECK(std::string(static_cast<const std::exception&>(error).what()) == text);
}

}  // namespace

TEST_CASE("a CancelledError gives the reason, or says that there was none") {
  const eddy::CancelledError without;
  check<eddy::CancelledError, std::exception>(without, "the awaited work was cancelled");
  CHECK(without.reason().empty());
  const eddy::CancelledError with("the server shuts down");
  check<eddy::CancelledError, std::exception>(with, "the server shuts down");
  CHECK(with.reason() == "the server shuts down");
  STATIC_REQUIRE_FALSE(std::is_base_of_v<std::runtime_error, eddy::CancelledError>);  // nobody catches it by chance
}

TEST_CASE("the errors of loops and tasks say what is wrong") {
  check<eddy::NoRunningLoop, eddy::RuntimeError>(
      eddy::NoRunningLoop("create_task()"),
      "create_task(): no event loop is running in this thread; start one with eddy::run(task)");
  check<eddy::LoopClosed, eddy::RuntimeError>(eddy::LoopClosed(), "the event loop is closed");
  check<eddy::TimeoutError, std::runtime_error>(eddy::TimeoutError(), "timed out");
  check<eddy::TimeoutError, std::runtime_error>(eddy::TimeoutError("no answer in 5 s"), "no answer in 5 s");
  check<eddy::KeyboardInterrupt, std::exception>(eddy::KeyboardInterrupt(), "interrupted by SIGINT");
  check<eddy::DeadlockError, eddy::RuntimeError>(eddy::DeadlockError("who waits where"), "who waits where");
  check<eddy::InvalidStateError, std::logic_error>(eddy::InvalidStateError("taken"), "taken");
  check<eddy::BusyResourceError, std::logic_error>(eddy::BusyResourceError("busy"), "busy");
  check<eddy::BrokenPromise, eddy::RuntimeError>(eddy::BrokenPromise(),
                                                 "eddy: the future's setter was dropped before it set a result");
}

TEST_CASE("the errors of queues, channels and what synchronises say what is wrong") {
  check<eddy::QueueFull, eddy::RuntimeError>(eddy::QueueFull(), "eddy: the queue is full");
  check<eddy::QueueEmpty, eddy::RuntimeError>(eddy::QueueEmpty(), "eddy: the queue is empty");
  check<eddy::QueueShutDown, eddy::RuntimeError>(eddy::QueueShutDown(), "eddy: the queue was shut down");
  check<eddy::TaskDoneTooOften, std::logic_error>(
      eddy::TaskDoneTooOften(), "eddy: task_done() was called more often than items were put into the queue");
  check<eddy::ChannelClosed, eddy::RuntimeError>(eddy::ChannelClosed(), "eddy: the other end of the channel is closed");
  check<eddy::BrokenBarrierError, eddy::RuntimeError>(eddy::BrokenBarrierError(),
                                                      "eddy: the barrier was aborted or reset");
  check<eddy::OverReleaseError, eddy::RuntimeError>(
      eddy::OverReleaseError(), "eddy: more permits were given back to a BoundedSemaphore than were taken");
}

TEST_CASE("an error that is made where nothing may throw is the error that was asked for") {
  const std::exception_ptr error = eddy::detail::make_error<eddy::RuntimeError>("the text");
  CHECK_THROWS_WITH(std::rethrow_exception(error), "the text");
}
