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
  Frame* root = nullptr;
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
    directions_[1].ready = writable;
    write_attached_ = !writable;
    edges_ = table().attach(fd(), this, write_attached_);
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
    if (!direction.for_good && kind_ != DescriptorKind::device) direction.ready = false;
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
      while (DescriptorOperation* operation = direction.waiting.front())
        end(direction, operation, DescriptorOperation::Progress::closed);
    }
    return std::move(descriptor_);
  }

 private:
  friend DescriptorOperation;
  struct Direction {
    IntrusiveList<DescriptorOperation> waiting;
    bool ready = false;     // a call is worth while
    bool for_good = false;  // and will be: the other end is closed, or there is an error
  };
  // So many operations in a row may be done without waiting, until the other tasks have their turn.
  static constexpr int kRun = 64;

  Direction& of(Interest interest) noexcept { return directions_[static_cast<int>(interest)]; }
  DescriptorTable& table() noexcept { return EventLoop::Internals::descriptors(*loop_); }

  void ready(int, Interest interest, bool for_good) noexcept override {
    Direction& direction = of(interest);
    direction.ready = true;
    direction.for_good = direction.for_good || for_good;
    while (DescriptorOperation* operation = direction.waiting.front()) {
      if (!direction.ready || !try_it(direction, *operation)) break;
      end(direction, operation, operation->progress);
    }
  }
  // False if it has to wait.
  bool try_it(Direction& direction, DescriptorOperation& operation) noexcept {
    const int result = operation.attempt(*this);
    if (result == -EAGAIN || result == -EWOULDBLOCK) {
      direction.ready = false;
      return false;
    }
    operation.error = -result;
    operation.progress = result < 0 ? DescriptorOperation::Progress::failed : DescriptorOperation::Progress::done;
    return true;
  }
  void begin(DescriptorOperation& operation) {
    of(operation.interest).waiting.push_back(&operation);
    try {
      watch(operation.interest);
    } catch (...) {
      of(operation.interest).waiting.remove(&operation);
      throw;
    }
    table().begin_wait();
  }
  void leave(Direction& direction, DescriptorOperation* operation) noexcept {
    direction.waiting.remove(operation);
    if (loop_ == nullptr) return;
    table().end_wait();
    try {
      if (!edges_ && !is_closed()) watch_by_level();
    } catch (const std::exception&) {
      // It stays watched, then: a report without anybody who waits does no harm.
    }
  }
  void end(Direction& direction, DescriptorOperation* operation, DescriptorOperation::Progress how) noexcept {
    leave(direction, operation);
    operation->progress = how;
    if (loop_ != nullptr) EventLoop::Internals::scheduler(*loop_).wake(operation->root);
  }
  // Few have to wait for room to write, and the others are spared its reports.
  void watch(Interest interest) {
    if (!edges_) {
      watch_by_level();
    } else if (interest == Interest::write && !write_attached_) {
      (void)table().attach(fd(), this, true);
      write_attached_ = true;
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
  bool write_attached_ = false;
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
  if (progress != Progress::waiting) {  // it is done, and lets others have their turn
    if (root->has(kStop)) return false;
    (void)park(frame, this);
    root->loop->wake(root);
    return true;
  }
  if (descriptor->loop_ == nullptr || root->loop != &EventLoop::Internals::scheduler(*descriptor->loop_))
    throw RuntimeError("eddy: a stream belongs to the loop in which it was made, and this is another one");
  if (!park(frame, this)) {
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
