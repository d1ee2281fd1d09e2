// DescriptorStream: reading and writing for every stream that is a descriptor: sockets and pipes.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/io/attached_descriptor.hpp>
#include <eddy/io/stream.hpp>
#include <eddy/sync/sync_waiter.hpp>

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

namespace eddy::inline EDDY_ABI {

namespace detail {

class [[nodiscard("nothing is read until this is awaited: co_await it")]] ReadOperation final : public DescriptorOperation {
 public:
  ReadOperation(AttachedDescriptor* on, std::span<char> space, ReadBuffer* buffered) noexcept
      : DescriptorOperation(on, Interest::read), space_(space), buffered_(buffered) {}
  [[nodiscard]] bool await_ready() {
    if (space_.empty() || (buffered_ != nullptr && !buffered_->empty())) [[unlikely]] {
      if (buffered_ != nullptr) space_ = space_.first(buffered_->copy_to(space_));
      finish_early();
    }
    return DescriptorOperation::await_ready();
  }
  std::size_t await_resume() const {
    check();
    return space_.size();
  }

 private:
  int attempt(AttachedDescriptor& on) noexcept override {
    const ssize_t count = sys::read(on.fd(), space_.data(), space_.size());
    if (count < 0) return static_cast<int>(count);
    const auto filled = static_cast<std::size_t>(count);
    if (filled < space_.size() && filled > 0) on.exhausted(Interest::read);
    space_ = space_.first(filled);
    return 0;
  }

  std::span<char> space_;  // to be filled; once it is done: what was filled
  ReadBuffer* buffered_;   // what is there is given first
};

// What all that is written has in common: it comes in the order of the calls, and whole or not at all.
class WriteOperationBase : public DescriptorOperation {
 public:
  void await_resume() const {
    if (progress == Progress::done) [[likely]] return;
    if (broken_) throw_stream_broken();
    check();
  }

 protected:
  explicit WriteOperationBase(AttachedDescriptor* on) noexcept : DescriptorOperation(on, Interest::write) {}
  WriteOperationBase(WriteOperationBase&&) noexcept = default;
  ~WriteOperationBase() = default;
  virtual int attempt_rest(AttachedDescriptor& on) noexcept = 0;
  [[nodiscard]] virtual bool begun() const noexcept = 0;

 private:
  int attempt(AttachedDescriptor& on) noexcept final {
    if (on.write_broken()) [[unlikely]] {
      broken_ = true;
      return -EPIPE;
    }
    const int result = attempt_rest(on);
    if (result < 0 && result != -EAGAIN && begun()) [[unlikely]] on.spoil_writing();
    return result;
  }
  void give_up(AttachedDescriptor& on) noexcept final {
    if (begun()) on.break_writing();
  }
  bool broken_ = false;
};

class [[nodiscard("nothing is written until this is awaited: co_await it")]] WriteOperation final : public WriteOperationBase {
 public:
  WriteOperation(AttachedDescriptor* on, std::string_view data) noexcept
      : WriteOperationBase(on), data_(data) {}

 private:
  int attempt_rest(AttachedDescriptor& on) noexcept override {
    while (sent_ < data_.size()) {
      const ssize_t count = sys::write(on.fd(), on.kind(), data_.data() + sent_, data_.size() - sent_);
      if (count < 0) return static_cast<int>(count);
      sent_ += static_cast<std::size_t>(count);
    }
    return 0;
  }
  [[nodiscard]] bool begun() const noexcept override { return sent_ > 0; }

  std::string_view data_;
  std::size_t sent_ = 0;
};

class [[nodiscard("nothing is written until this is awaited: co_await it")]] WritePartsOperation final
    : public WriteOperationBase {
 public:
  WritePartsOperation(AttachedDescriptor* on, std::span<const std::string_view> parts) noexcept
      : WriteOperationBase(on), parts_(parts) {}

 private:
  static constexpr std::size_t kAtOnce = 64;

  int attempt_rest(AttachedDescriptor& on) noexcept override {
    while (true) {
      while (!parts_.empty() && sent_ == parts_.front().size()) next_part();
      if (parts_.empty()) return 0;
      iovec vectors[kAtOnce];
      std::size_t count = 0;
      for (; count < kAtOnce && count < parts_.size(); ++count) {
        const std::string_view part = count == 0 ? parts_[0].substr(sent_) : parts_[count];
        vectors[count] = {const_cast<char*>(part.data()), part.size()};
      }
      const ssize_t written = sys::write(on.fd(), on.kind(), vectors, count);
      if (written < 0) return static_cast<int>(written);
      begun_ = begun_ || written > 0;
      auto rest = static_cast<std::size_t>(written);
      while (rest > 0 && rest >= parts_.front().size() - sent_) {
        rest -= parts_.front().size() - sent_;
        next_part();
      }
      sent_ += rest;
    }
  }
  void next_part() noexcept {
    parts_ = parts_.subspan(1);
    sent_ = 0;
  }
  [[nodiscard]] bool begun() const noexcept override { return begun_; }

  std::span<const std::string_view> parts_;
  std::size_t sent_ = 0;  // of the first of them
  bool begun_ = false;
};

class [[nodiscard("nothing happens until this is awaited: co_await it")]] WriteEofOperation final : public WriteOperationBase {
 public:
  explicit WriteEofOperation(AttachedDescriptor* on) noexcept : WriteOperationBase(on) {}

 private:
  int attempt_rest(AttachedDescriptor& on) noexcept override { return sys::shutdown(on.fd(), SHUT_WR); }
  [[nodiscard]] bool begun() const noexcept override { return false; }
};

}  // namespace detail

/// What a socket stream and the reading end of a pipe have in common. It can be moved while no task waits in it.
template <class Derived>
class DescriptorReading : public BufferedReading<Derived> {
 public:
  /// Completes with how many bytes were put into `space`, at least one; with zero at the end, and for no space. It does not
  /// suspend if the bytes are there. `space` must stay until then.
  /// Cancellation: loses no byte. Errors: BusyResourceError while another task reads; ClosedResourceError;
  /// std::system_error, such as ECONNRESET. Complexity: one system call, and none that would find nothing; no allocation.
  /// Source: asyncio's loop.sock_recv_into.
  [[nodiscard("nothing is read until this is awaited: co_await it")]] detail::ReadOperation read_some(std::span<char> space) {
    this->check_not_reading();
    return {descriptor_.get(), space, &this->buffer()};
  }
  /// The same past the buffer, for BufferedReading.
  [[nodiscard("nothing is read until this is awaited: co_await it")]] detail::ReadOperation receive(std::span<char> space) noexcept {
    return {descriptor_.get(), space, nullptr};
  }
  /// Closes it; tasks that wait in it get ClosedResourceError, and so does whoever uses it later. What was written is still
  /// sent. A second call does nothing.
  void close() noexcept {
    if (descriptor_ != nullptr) descriptor_->close();
  }
  /// True once it is closed, released or moved from.
  [[nodiscard]] bool is_closed() const noexcept { return descriptor_ == nullptr || descriptor_->is_closed(); }
  /// The descriptor's number, which stays the stream's; -1 once it is closed.
  [[nodiscard]] int fd() const noexcept { return descriptor_ == nullptr ? -1 : descriptor_->fd(); }
  /// Takes the descriptor out of the stream, which is closed by it; what was read ahead is lost.
  [[nodiscard]] Descriptor release() noexcept { return descriptor_ == nullptr ? Descriptor() : descriptor_->release(); }

 protected:
  DescriptorReading() = default;
  DescriptorReading(Descriptor descriptor, detail::DescriptorKind kind, bool writable)
      : descriptor_(std::make_unique<detail::AttachedDescriptor>(std::move(descriptor), kind, writable)) {}
  DescriptorReading(DescriptorReading&&) noexcept = default;
  DescriptorReading& operator=(DescriptorReading&&) noexcept = default;
  ~DescriptorReading() = default;
  [[nodiscard]] detail::AttachedDescriptor* attached() const noexcept { return descriptor_.get(); }

 private:
  friend BufferedReading<Derived>;
  // The strand that waits to read, or null.
  [[nodiscard]] detail::Frame* reader() const noexcept { return descriptor_ == nullptr ? nullptr : descriptor_->reader(); }

  std::unique_ptr<detail::AttachedDescriptor> descriptor_;
};

}  // namespace eddy::inline EDDY_ABI
