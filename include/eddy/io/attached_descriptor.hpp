// AttachedDescriptor: a descriptor of the library's own that tasks read and write; streams, sockets and pipes stand on it.
//
// It is registered with the loop once and remembers for each direction whether a call is worth while: EAGAIN or a short
// read says no, the reactor says yes again. What a task waits in, a DescriptorOperation, is tried again by the reactor's
// report itself, so that a report that proves wrong wakes nobody, and what was read or written in the turn of a cancel is
// delivered. Reading is for one task at a time; writers are served in the order of their calls.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/io/descriptor.hpp>
#include <eddy/io/stream_error.hpp>
#include <eddy/loop/close_hooks.hpp>
#include <eddy/loop/event_loop.hpp>
#include <eddy/loop/frame.hpp>

#include <coroutine>
#include <exception>
#include <memory>
#include <utility>

namespace eddy::inline EDDY_ABI::detail {

class AttachedDescriptor;

// A read, a write or the like, for as long as it takes.
struct DescriptorOperation : Suspension, ListHook {
  // Before it is awaited, as `timeout(1s, stream.read_some(space))` does.
  DescriptorOperation(DescriptorOperation&& other) noexcept
      : Suspension(), ListHook(), descriptor(other.descriptor), interest(other.interest), progress(other.progress) {}
  DescriptorOperation& operator=(DescriptorOperation&&) = delete;

  [[nodiscard]] bool await_ready();
  template <class P>
  EDDY_SUSPEND bool await_suspend(std::coroutine_handle<P> handle) {
    return wait(frame_of(handle));
  }

  // Tries, on a descriptor that is thought to be ready. Negative: the error's number; -EAGAIN means that it was not, after all.
  virtual int attempt(AttachedDescriptor& descriptor) noexcept = 0;

  enum class Progress : unsigned char { waiting, done, failed, closed };
  AttachedDescriptor* const descriptor;
  Frame* root;  // of the strand that waits
  int error = 0;
  const Interest interest;
  Progress progress = Progress::waiting;

 protected:
  DescriptorOperation(AttachedDescriptor* on, Interest what) noexcept : descriptor(on), interest(what) {}
  ~DescriptorOperation() = default;
  // The task is cancelled before the operation was done, or cannot wait.
  virtual void give_up(AttachedDescriptor&) noexcept {}
  void check() const {
    if (progress == Progress::done) [[likely]] return;
    throw_error();
  }
  // For what needs no descriptor: it is done before it begins.
  void finish_early() noexcept { progress = Progress::done; }

 private:
  bool wait(Frame* frame);
  [[noreturn]] EDDY_COLD static void throw_other_loop() {
    throw RuntimeError("eddy: a stream belongs to the loop in which it was made, and this is another one");
  }
  [[noreturn]] EDDY_COLD void throw_error() const {
    if (progress == Progress::closed) throw_stream_closed();
    throw_system_error(error, interest == Interest::read ? "eddy: reading failed" : "eddy: writing failed");
  }
  CancelResult try_cancel(bool) noexcept final;
  [[nodiscard]] const char* waits_for() const noexcept override {
    return interest == Interest::read ? "data to read" : "room to write";
  }
};

class AttachedDescriptor final : ReactorSink, CloseHook {
 public:
  // Registers the descriptor with the running loop. Errors: NoRunningLoop; std::system_error (EPERM: a regular file).
  AttachedDescriptor(Descriptor descriptor, DescriptorKind kind, bool writable)
      : loop_(&get_running_loop()), descriptor_(std::move(descriptor)), kind_(kind) {
    Direction& reading = of(Interest::read);
    Direction& writing = of(Interest::write);
    reading.stays_ready = writing.stays_ready = kind == DescriptorKind::device;
    writing.ready = writable;
    edges_ = table().attach(fd(), this, !writable);
    reading.reported = edges_;
    writing.reported = edges_ && !writable;
    EventLoop::Internals::close_hooks(*loop_).push_back(this);
  }
  AttachedDescriptor(const AttachedDescriptor&) = delete;
  AttachedDescriptor& operator=(const AttachedDescriptor&) = delete;
  ~AttachedDescriptor() { close(); }

  [[nodiscard]] int fd() const noexcept { return descriptor_.get(); }
  [[nodiscard]] DescriptorKind kind() const noexcept { return kind_; }
  [[nodiscard]] bool is_closed() const noexcept { return !descriptor_.valid(); }
  // After it nothing can be written any more: what was to be written was cut short. Who waits is told at once, since there may
  // never be room.
  void break_writing() noexcept {
    spoil_writing();
    ready(fd(), Interest::write, true);
  }
  // The same by an attempt that has failed: who waits behind it is tried next.
  void spoil_writing() noexcept { write_broken_ = true; }
  [[nodiscard]] bool write_broken() const noexcept { return write_broken_; }
  // For operations: the last call took or gave less than it could have, so the next one would find nothing.
  void exhausted(Interest interest) noexcept {
    Direction& direction = of(interest);
    if (!direction.stays_ready) direction.ready = false;
  }

  // The strand that waits to read, or null.
  [[nodiscard]] Frame* reader() noexcept {
    const DescriptorOperation* operation = of(Interest::read).waiting.front();
    return operation == nullptr ? nullptr : operation->root;
  }

  // Whoever waits gets ClosedResourceError.
  void close() noexcept { (void)release(); }
  // The same, but the descriptor is given away and stays open.
  [[nodiscard]] Descriptor release() noexcept {
    if (is_closed()) return Descriptor();
    if (loop_ != nullptr) {
      table().detach(fd());
      EventLoop::Internals::close_hooks(*loop_).remove(this);
    }
    for (Direction& direction : directions_) {
      while (DescriptorOperation* operation = direction.waiting.front()) {
        operation->progress = DescriptorOperation::Progress::closed;
        end(direction, operation);
      }
    }
    return std::move(descriptor_);
  }

 private:
  friend DescriptorOperation;
  struct Direction {
    IntrusiveList<DescriptorOperation> waiting;
    bool ready = false;        // a call is worth while
    bool stays_ready = false;  // until it says EAGAIN: the other end is closed, there is an error, or it is a device
    bool reported = false;     // the reactor says by itself when it becomes ready
  };
  // So many operations in a row may be done without waiting, until the other tasks have their turn.
  static constexpr int kRun = 64;

  Direction& of(Interest interest) noexcept { return directions_[static_cast<int>(interest)]; }
  [[nodiscard]] bool belongs_to(const Scheduler* loop) const noexcept {
    return loop_ != nullptr && loop == &EventLoop::Internals::scheduler(*loop_);
  }
  DescriptorTable& table() noexcept { return EventLoop::Internals::descriptors(*loop_); }

  void ready(int, Interest interest, bool for_good) noexcept override {
    Direction& direction = of(interest);
    direction.ready = true;
    if (for_good) direction.stays_ready = true;
    while (DescriptorOperation* operation = direction.waiting.front()) {
      if (!direction.ready || !try_it(direction, *operation)) break;
      end(direction, operation);
    }
  }
  // False if it has to wait.
  bool try_it(Direction& direction, DescriptorOperation& operation) noexcept {
    const int result = operation.attempt(*this);
    if (result == -EAGAIN || result == -EWOULDBLOCK) {
      direction.ready = false;
      return false;
    }
    if (result < 0) [[unlikely]] {
      operation.error = -result;
      operation.progress = DescriptorOperation::Progress::failed;
    } else {
      operation.progress = DescriptorOperation::Progress::done;
    }
    return true;
  }
  void begin(DescriptorOperation& operation) {
    Direction& direction = of(operation.interest);
    direction.waiting.push_back(&operation);
    if (!direction.reported) [[unlikely]] ask_for_reports(direction, operation);
    table().begin_wait();
  }
  void leave(Direction& direction, DescriptorOperation* operation) noexcept {
    direction.waiting.remove(operation);
    if (loop_ == nullptr) [[unlikely]] return;
    table().end_wait();
    if (!edges_) [[unlikely]] watch_less();
  }
  void end(Direction& direction, DescriptorOperation* operation) noexcept {
    leave(direction, operation);
    if (loop_ != nullptr) [[likely]] EventLoop::Internals::scheduler(*loop_).wake(operation->root);
  }
  // Few have to wait for room to write, and the others are spared its reports.
  EDDY_NOINLINE void ask_for_reports(Direction& direction, DescriptorOperation& operation) {
    try {
      if (edges_) {
        (void)table().attach(fd(), this, true);
        direction.reported = true;
      } else {
        watch_by_level();
      }
    } catch (...) {
      direction.waiting.remove(&operation);
      throw;
    }
  }
  EDDY_NOINLINE void watch_less() noexcept {
    try {
      if (!is_closed()) watch_by_level();
    } catch (const std::exception&) {
      // It stays watched, then: a report without anybody who waits does no harm.
    }
  }
  // For a reactor that does not know edges: interest while somebody waits.
  void watch_by_level() {
    table().watch(fd(), !directions_[0].waiting.empty(), !directions_[1].waiting.empty());
  }

  void begin_close() noexcept override {}
  [[nodiscard]] bool closed() noexcept override { return true; }  // there is nothing to be waited for
  void detach() noexcept override { loop_ = nullptr; }

  EventLoop* loop_;  // null once it is gone
  Descriptor descriptor_;
  Direction directions_[2];
  int run_ = 0;
  DescriptorKind kind_;
  bool edges_ = true;
  bool write_broken_ = false;
};

inline bool DescriptorOperation::await_ready() {
  if (progress == Progress::done) return true;
  if (descriptor == nullptr || descriptor->is_closed()) {
    progress = Progress::closed;
    return true;
  }
  AttachedDescriptor::Direction& direction = descriptor->of(interest);
  if (!direction.waiting.empty()) {
    if (interest == Interest::read) throw_stream_busy(direction.waiting.front()->root);
    return false;
  }
  if (!direction.ready || !descriptor->try_it(direction, *this)) return false;
  return ++descriptor->run_ < AttachedDescriptor::kRun;
}

inline bool DescriptorOperation::wait(Frame* frame) {
  root = frame->root;
  descriptor->run_ = 0;
  if (progress != Progress::waiting) [[unlikely]] {  // it is done, and lets others have their turn
    if (root->has(kStop)) return false;
    (void)park(frame, this);
    root->loop->wake(root);
    return true;
  }
  if (!descriptor->belongs_to(root->loop)) [[unlikely]] throw_other_loop();
  if (!park(frame, this)) [[unlikely]] {
    give_up(*descriptor);
    return true;
  }
  try {
    descriptor->begin(*this);
  } catch (...) {
    root->state = State::running;
    give_up(*descriptor);
    throw;
  }
  return true;
}

inline CancelResult DescriptorOperation::try_cancel(bool) noexcept {
  descriptor->leave(descriptor->of(interest), this);
  give_up(*descriptor);
  return CancelResult::stopped;
}

}  // namespace eddy::inline EDDY_ABI::detail
