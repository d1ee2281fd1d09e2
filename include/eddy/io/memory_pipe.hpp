// MemoryPipe: one direction of a pair of memory streams: a bounded ring of bytes with one reader and a queue of writers.
//
// Bytes go straight from a writer to a reader that waits, else into the ring. Whoever makes progress possible makes it: a
// read lets waiting writers on, a write ends the read that waits. So a reader waits only while the ring is empty and no
// writer has anything, and writers only while there is no room; what was passed on before a cancel is delivered. A ring
// without room is a rendezvous.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/io/read_buffer.hpp>
#include <eddy/io/stream_error.hpp>
#include <eddy/io/system_calls.hpp>
#include <eddy/loop/event_loop.hpp>
#include <eddy/loop/waiter.hpp>
#include <eddy/sync/sync_waiter.hpp>

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>

namespace eddy::inline EDDY_ABI::detail {

class MemoryPipe;

// A read or a write, for as long as it takes.
struct MemoryOperation : Waiter {
  enum class Progress : std::uint8_t { waiting, done, failed, broken, closed };

  template <class P>
  EDDY_SUSPEND bool await_suspend(std::coroutine_handle<P> handle) {
    return wait(frame_of(handle));
  }

  MemoryPipe* const pipe;
  int error = 0;
  Progress progress = Progress::waiting;
  const bool reads;
  bool begun = false;  // some of what is written is on its way

 protected:
  MemoryOperation(MemoryPipe* on, bool reading) noexcept : pipe(on), reads(reading) {}
  ~MemoryOperation() = default;
  void check() const {
    if (progress != Progress::done) [[unlikely]] throw_error();
  }
  // Whether it need not wait, since it has just ended; but not too often in a row.
  [[nodiscard]] bool goes_on() noexcept;

 private:
  bool wait(Frame* frame);
  CancelResult try_cancel(bool) noexcept final;
  [[nodiscard]] const char* waits_for() const noexcept final { return reads ? "data to read" : "room to write"; }
  [[noreturn]] EDDY_COLD void throw_error() const {
    if (progress == Progress::closed) throw_stream_closed();
    if (progress == Progress::broken) throw_stream_broken();
    throw_system_error(error, reads ? "eddy: reading failed" : "eddy: writing failed");
  }
};

class [[nodiscard("nothing is read until this is awaited: co_await it")]] MemoryRead final : public MemoryOperation {
 public:
  MemoryRead(MemoryPipe* on, std::span<char> space, ReadBuffer* buffered) noexcept
      : MemoryOperation(on, true), space_(space), buffered_(buffered) {}
  [[nodiscard]] bool await_ready();
  std::size_t await_resume() const {
    check();
    return count_;
  }
  // For the pipe: how much it has got.
  [[nodiscard]] std::size_t count() const noexcept { return count_; }
  // Takes what fits; says how much.
  std::size_t take(std::string_view bytes, std::size_t most) noexcept {
    const std::size_t room = (space_.size() < most ? space_.size() : most) - count_;
    const std::size_t count = bytes.size() < room ? bytes.size() : room;
    if (count > 0) std::memcpy(space_.data() + count_, bytes.data(), count);
    count_ += count;
    return count;
  }

 private:
  std::span<char> space_;
  ReadBuffer* buffered_;  // what is there is given first
  std::size_t count_ = 0;
};

class [[nodiscard("nothing is written until this is awaited: co_await it")]] MemoryWrite final : public MemoryOperation {
 public:
  MemoryWrite(MemoryPipe* on, std::string_view data) noexcept : MemoryOperation(on, false), rest_(data) {}
  MemoryWrite(MemoryPipe* on, std::span<const std::string_view> parts) noexcept
      : MemoryOperation(on, false), parts_(parts) {}
  struct Eof {};
  MemoryWrite(MemoryPipe* on, Eof) noexcept : MemoryOperation(on, false), ends_(true) {}
  [[nodiscard]] bool await_ready() noexcept;
  void await_resume() const { check(); }
  // For the pipe: what comes next; nothing at the end.
  [[nodiscard]] std::string_view next() noexcept {
    while (rest_.empty() && !parts_.empty()) {
      rest_ = parts_.front();
      parts_ = parts_.subspan(1);
    }
    return rest_;
  }
  void consume(std::size_t count) noexcept {
    rest_.remove_prefix(count);
    begun = true;
  }
  // Whether the end comes after it.
  [[nodiscard]] bool ends() const noexcept { return ends_; }

 private:
  std::string_view rest_;
  std::span<const std::string_view> parts_;
  bool ends_ = false;
};

class MemoryPipe {
 public:
  // `most` is how many bytes a read gets.
  MemoryPipe(std::size_t capacity, std::size_t most)
      : ring_(capacity == 0 ? nullptr : new char[capacity]), capacity_(capacity), most_(most) {}
  MemoryPipe(const MemoryPipe&) = delete;
  MemoryPipe& operator=(const MemoryPipe&) = delete;

  [[nodiscard]] bool reader_closed() const noexcept { return reader_closed_; }
  // The strand that waits to read, or null.
  [[nodiscard]] Frame* reader() const noexcept {
    const WaitNode* node = readers_.front();
    return node == nullptr ? nullptr : static_cast<Frame*>(node->target);
  }
  [[nodiscard]] bool has_unread() const noexcept { return size_ > 0 || !writers_.empty(); }

  // The reader goes; `error` is what writers get from now on.
  void close_reader(int error) noexcept {
    reader_closed_ = true;
    size_ = 0;
    write_error_ = error;
    end_all(readers_, MemoryOperation::Progress::closed);
    reader_ = nullptr;
    let_writers_on();
  }
  // The writers go. What is in the ring can still be read; then comes `error`, or the end if that is zero.
  void close_writer(int error) noexcept {
    writer_closed_ = ended_ = true;
    read_error_ = error;
    end_all(writers_, MemoryOperation::Progress::closed);
    serve_reader();
  }
  // What is in the ring is lost.
  void drop() noexcept { size_ = 0; }

 private:
  friend MemoryOperation;
  friend MemoryRead;
  friend MemoryWrite;
  using Progress = MemoryOperation::Progress;
  static constexpr int kRun = 64;  // so many operations in a row need not wait; then the other tasks have their turn

  static MemoryOperation& operation(WaitNode* node) noexcept {
    return static_cast<MemoryOperation&>(static_cast<Waiter&>(*node));
  }
  static MemoryWrite& write_of(WaitNode* node) noexcept { return static_cast<MemoryWrite&>(operation(node)); }

  bool try_read(MemoryRead& read) noexcept {
    reader_ = &read;
    while (size_ > 0) {
      const std::size_t to_end = capacity_ - begin_;
      const std::size_t count = read.take({ring_.get() + begin_, size_ < to_end ? size_ : to_end}, most_);
      if (count == 0) break;
      size_ -= count;
      begin_ = size_ == 0 || begin_ + count == capacity_ ? 0 : begin_ + count;
    }
    let_writers_on();
    reader_ = nullptr;
    return settle(read);
  }
  // Whether a read has something to give.
  bool settle(MemoryRead& read) const noexcept {
    if (read.count() == 0 && !ended_) return false;
    read.error = read.count() == 0 ? read_error_ : 0;
    read.progress = read.error == 0 ? Progress::done : Progress::failed;
    return true;
  }
  void serve_reader() noexcept {
    WaitNode* node = readers_.front();
    if (node == nullptr || !settle(*reader_)) return;
    reader_ = nullptr;
    readers_.wake(node);
  }

  bool try_write(MemoryWrite& write) noexcept {
    if (!writers_.empty()) return false;
    const bool done = advance(write);
    serve_reader();
    return done;
  }
  void let_writers_on() noexcept {
    while (WaitNode* node = writers_.front()) {
      if (!advance(write_of(node))) break;
      writers_.wake(node);
    }
  }
  // Takes as much of it as there is room for. False: the rest has to wait.
  bool advance(MemoryWrite& write) noexcept {
    if (broken_) {
      write.progress = Progress::broken;
      return true;
    }
    for (std::string_view bytes = write.next(); !bytes.empty(); bytes = write.next()) {
      if (write_error_ != 0 || ended_) {
        write.error = write_error_ != 0 ? write_error_ : EPIPE;
        write.progress = Progress::failed;
        return true;
      }
      const std::size_t count = put(bytes);
      if (count == 0) return false;
      write.consume(count);
    }
    if (write.ends()) ended_ = true;
    write.progress = Progress::done;
    return true;
  }
  std::size_t put(std::string_view bytes) noexcept {
    if (reader_ != nullptr && size_ == 0) {
      if (const std::size_t count = reader_->take(bytes, most_); count > 0) return count;
    }
    if (size_ == capacity_) return 0;
    const std::size_t to = begin_ + size_ < capacity_ ? begin_ + size_ : begin_ + size_ - capacity_;
    std::size_t count = (to < begin_ ? begin_ : capacity_) - to;
    if (bytes.size() < count) count = bytes.size();
    std::memcpy(ring_.get() + to, bytes.data(), count);
    size_ += count;
    return count;
  }

  // A task that waited is cancelled.
  void leave(MemoryOperation& operation) noexcept {
    if (operation.reads) {
      readers_.remove(&operation);
      reader_ = nullptr;
      return;
    }
    writers_.remove(&operation);
    broken_ = broken_ || operation.begun;
    let_writers_on();
    serve_reader();
  }
  static void end_all(WaitQueue& queue, Progress how) noexcept {
    EventLoop* running = queue.empty() ? nullptr : running_loop_slot();
    while (WaitNode* node = queue.front()) {
      operation(node).progress = how;
      // A loop that does not run here may be gone already, with waiters that `run` had to leave behind.
      if (running != nullptr && node->loop == &EventLoop::Internals::scheduler(*running)) {
        queue.wake(node);
      } else {
        queue.remove(node);
      }
    }
  }

  WaitQueue readers_;  // one at most
  WaitQueue writers_;
  MemoryRead* reader_ = nullptr;  // the one that waits, or that just looks
  std::unique_ptr<char[]> ring_;
  std::size_t capacity_;
  std::size_t most_;
  std::size_t begin_ = 0;
  std::size_t size_ = 0;
  int read_error_ = 0;
  int write_error_ = 0;
  int run_ = 0;
  bool ended_ = false;
  bool broken_ = false;
  bool reader_closed_ = false;
  bool writer_closed_ = false;
};

inline bool MemoryOperation::goes_on() noexcept { return ++pipe->run_ < MemoryPipe::kRun; }

inline bool MemoryRead::await_ready() {
  if (buffered_ != nullptr) count_ = buffered_->copy_to(space_);
  if (count_ > 0 || space_.empty()) {
    progress = Progress::done;
    return true;
  }
  if (pipe == nullptr || pipe->reader_closed_) {
    progress = Progress::closed;
    return true;
  }
  if (!pipe->readers_.empty()) throw_stream_busy(pipe->reader());
  return pipe->try_read(*this) && goes_on();
}

inline bool MemoryWrite::await_ready() noexcept {
  if (pipe == nullptr || pipe->writer_closed_) {
    progress = Progress::closed;
    return true;
  }
  return pipe->try_write(*this) && goes_on();
}

inline bool MemoryOperation::wait(Frame* frame) {
  Frame* const root = frame->root;
  pipe->run_ = 0;
  if (progress != Progress::waiting) {  // it is done, and lets others have their turn
    if (root->has(kStop)) return false;
    (void)park(frame, this);
    root->loop->wake(root);
    return true;
  }
  WaitQueue& queue = reads ? pipe->readers_ : pipe->writers_;
  if (WaitNode* first = queue.front(); first != nullptr && first->loop != root->loop)
    throw RuntimeError("eddy: tasks of two event loops use one memory stream, which is for one at a time");
  if (wait_in(queue, frame)) {
    if (reads) pipe->reader_ = static_cast<MemoryRead*>(this);
  } else {
    pipe->broken_ = pipe->broken_ || begun;
  }
  return true;
}

inline CancelResult MemoryOperation::try_cancel(bool) noexcept {
  pipe->leave(*this);
  return CancelResult::stopped;
}

}  // namespace eddy::inline EDDY_ABI::detail
