// Whoever forgets a co_await, or drops what holds something, is told in a warning that the compilers give by themselves.
//
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

#include <chrono>
#include <vector>

eddy::Task<int> answer() { co_return 42; }
eddy::AsyncGenerator<int> numbers() { co_yield 42; }

eddy::Task<> tasks() {
  answer();  // error: a Task does nothing until it is awaited: co_await it or pass it to create_task
  auto nap = []() -> eddy::Task<> { co_await eddy::yield(); };
  nap();  // error: a Task does nothing until it is awaited: co_await it or pass it to create_task
  eddy::sleep(std::chrono::seconds(1));  // error: nothing sleeps until this is awaited: co_await it
  eddy::sleep_until(eddy::TimePoint());  // error: nothing sleeps until this is awaited: co_await it
  eddy::yield();  // error: nothing (yields|waits) until this is awaited: co_await it
  eddy::readable(0);  // error: nothing waits until this is awaited: co_await it
  eddy::writable(0);  // error: nothing waits until this is awaited: co_await it
  co_await eddy::yield();
}

eddy::Task<> combinators(eddy::TaskHandle<int> handle, std::vector<eddy::TaskHandle<int>> handles, std::vector<int> values) {
  eddy::gather(answer(), answer());  // error: gather starts nothing until it is awaited: co_await it
  eddy::gather(std::vector<eddy::Task<int>>());  // error: gather starts nothing until it is awaited: co_await it
  eddy::gather(eddy::return_exceptions, answer());  // error: gather starts nothing until it is awaited: co_await it
  eddy::race(answer(), answer());  // error: race starts nothing until it is awaited: co_await it
  eddy::wait(handles);  // error: wait does nothing until it is awaited: co_await it
  auto order = eddy::as_completed(handles);
  order.next();  // error: nothing is waited for until this is awaited: co_await it
  eddy::concurrent_map(values, [](int) -> eddy::Task<> { co_return; });  // error: concurrent_map starts nothing until it is
  eddy::task_group([](eddy::TaskGroup&) -> eddy::Task<> { co_return; });  // error: a task group does nothing until it is awaited
  eddy::timeout(std::chrono::seconds(1), answer());  // error: until (it|this) is awaited: co_await it
  eddy::timeout_at(eddy::TimePoint(), answer());  // error: until (it|this) is awaited: co_await it
  eddy::wait_for(answer(), std::chrono::seconds(1));  // error: until (it|this) is awaited: co_await it
  eddy::move_on_after(std::chrono::seconds(1), answer());  // error: until (it|this) is awaited: co_await it
  eddy::shield(handle);  // error: shield waits for nothing until it is awaited: co_await it
  eddy::uncancellable(answer());  // error: until (it|this) is awaited: co_await it
  eddy::try_finally(answer(), eddy::Task<>());  // error: until (it|this) is awaited: co_await it
  eddy::retry({.max_attempts = 2}, answer);  // error: a Task does nothing until it is awaited: co_await it or pass it to
  co_await eddy::yield();
}

eddy::Task<> synchronisation(eddy::Lock& lock, eddy::Semaphore& semaphore, eddy::Event& event, eddy::Condition& condition,
                             eddy::Barrier& barrier, eddy::Latch& latch, eddy::Once<int>& once) {
  lock.scoped();  // error: nothing is acquired until this is awaited: co_await it
  lock.acquire();  // error: nothing is acquired until this is awaited: co_await it
  semaphore.scoped();  // error: nothing is acquired until this is awaited: co_await it
  semaphore.acquire();  // error: nothing is acquired until this is awaited: co_await it
  event.wait();  // error: nothing waits until this is awaited: co_await it
  condition.wait();  // error: nothing waits until this is awaited: co_await it
  condition.scoped();  // error: nothing is acquired until this is awaited: co_await it
  condition.wait_for([] { return true; });  // error: a Task does nothing until it is awaited: co_await it
  barrier.wait();  // error: nothing waits until this is awaited: co_await it
  latch.wait();  // error: nothing waits until this is awaited: co_await it
  once.call(answer);  // error: a Task does nothing until it is awaited: co_await it
  co_await eddy::yield();
}

eddy::Task<> flow(eddy::Queue<int>& queue, eddy::Sender<int>& sender, eddy::Receiver<int>& receiver, eddy::Interval& interval,
                  eddy::AsyncGenerator<int>& source) {
  queue.get();  // error: nothing is taken until this is awaited: co_await it
  queue.put(42);  // error: nothing is put until this is awaited: co_await it
  queue.join();  // error: nothing is waited for until this is awaited: co_await it
  sender.send(42);  // error: nothing is sent until this is awaited: co_await it
  sender.try_send(42);  // error: the item was not sent if this is false
  receiver.next();  // error: nothing is received until this is awaited: co_await it
  receiver.receive();  // error: nothing is received until this is awaited: co_await it
  interval.tick();  // error: nothing ticks until this is awaited: co_await it
  source.next();  // error: the generator does not run until this is awaited: co_await it
  source.aclose();  // error: aclose does nothing until it is awaited
  numbers();  // error: a generator does nothing until its next\(\) is awaited
  eddy::take(2);  // error: a stream operator does nothing until a generator is piped into it
  co_await eddy::yield();
}
