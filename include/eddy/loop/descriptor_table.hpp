// DescriptorTable: who waits for which descriptor. It keeps the reactor's interest equal to what is waited for.
//
// Foreign descriptors are watched only while somebody waits, so a descriptor that is closed and opened again under the
// same number never gets the old one's events. The library's own (io/) are attached, and detached before they are closed.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/error.hpp>
#include <eddy/base/replace.hpp>
#include <eddy/loop/reactor.hpp>
#include <eddy/loop/scheduler.hpp>

#include <cerrno>
#include <cstddef>
#include <string>
#include <system_error>

namespace eddy::inline EDDY_ABI::detail {

std::string describe(Frame* root);  // in task/current_task.hpp

class DescriptorTable final : ReactorSink {
 public:
  // Takes over `reactor`, also if this throws.
  DescriptorTable(Scheduler& scheduler, Reactor* reactor, int wake_descriptor) : DescriptorTable(scheduler, reactor) {
    wake_descriptor_ = wake_descriptor;
    (void)entry_of(wake_descriptor);  // `ready` looks there
    reactor_->watch(wake_descriptor, true, false);
  }
  DescriptorTable(const DescriptorTable&) = delete;
  DescriptorTable& operator=(const DescriptorTable&) = delete;
  ~DescriptorTable() {
    delete[] entries_;
    delete reactor_;
  }

  // Wakes `target` once when the descriptor is ready. Errors: BusyResourceError if somebody else waits for the same;
  // std::system_error if it cannot be waited for.
  void wait(int fd, Interest interest, ReadyNode* target) {
    Entry& entry = entry_of(fd);
    if (entry.owner != nullptr)
      throw BusyResourceError("eddy: this descriptor belongs to a stream or the like, which alone waits for it");
    ReadyNode*& slot = entry.target(interest);
    if (slot != nullptr) throw_busy(slot, interest);
    slot = target;
    try {
      update(fd);
    } catch (...) {
      slot = nullptr;
      throw;
    }
    ++waiting_;
  }
  // Ends a wait that was not served.
  void cancel(int fd, Interest interest) noexcept {
    entries_[static_cast<std::size_t>(fd)].target(interest) = nullptr;
    --waiting_;
    disarm(fd);
  }
  // `owner` is told whenever the descriptor becomes ready to read, or for both, until `detach`. False if it has to say by
  // `watch`, which otherwise is not to be called, whenever it begins or ends to wait: then it is told as long as it is ready.
  bool attach(int fd, ReactorSink* owner, bool write) {
    Entry& entry = entry_of(fd);
    const bool told_of_edges = reactor_->attach(fd, write);
    entry.owner = owner;
    return told_of_edges;
  }
  void watch(int fd, bool read, bool write) { reactor_->watch(fd, read, write); }
  void detach(int fd) noexcept {
    entries_[static_cast<std::size_t>(fd)].owner = nullptr;
    disarm(fd);
  }
  // The waits that are under way; an owner counts its own.
  [[nodiscard]] std::size_t waiting() const noexcept { return waiting_; }
  void begin_wait() noexcept { ++waiting_; }
  void end_wait() noexcept { --waiting_; }
  // Serves what is ready. True if the wake descriptor was among it.
  bool poll(Duration timeout) noexcept {
    woken_ = false;
    reactor_->poll(timeout, *this);
    return woken_;
  }

 private:
  struct Entry {
    ReadyNode* reader = nullptr;
    ReadyNode* writer = nullptr;
    ReactorSink* owner = nullptr;
    ReadyNode*& target(Interest interest) noexcept { return interest == Interest::read ? reader : writer; }
  };

  DescriptorTable(Scheduler& scheduler, Reactor* reactor) noexcept : scheduler_(scheduler), reactor_(reactor) {}
  [[noreturn]] EDDY_COLD static void throw_busy(ReadyNode* holder, Interest interest) {
    const bool reads = interest == Interest::read;
    const std::string who = holder->flags & kCallback ? std::string("a callback of ") + (reads ? "add_reader" : "add_writer")
                                                      : describe(static_cast<Frame*>(holder));
    throw BusyResourceError("eddy: this descriptor is waited for by " + who + "; one at a time may wait to " +
                            (reads ? "read from it" : "write to it"));
  }
  void ready(int fd, Interest interest, bool for_good) noexcept override {
    Entry& entry = entries_[static_cast<std::size_t>(fd)];
    if (entry.owner != nullptr) [[likely]] return entry.owner->ready(fd, interest, for_good);
    serve(fd, entry.target(interest));
  }
  EDDY_NOINLINE void serve(int fd, ReadyNode*& slot) noexcept {
    if (fd == wake_descriptor_) woken_ = true;
    if (slot == nullptr) return;
    ReadyNode* target = replace(slot, nullptr);
    --waiting_;
    scheduler_.wake(target);
    disarm(fd);
  }
  Entry& entry_of(int fd) {
    if (fd < 0) throw std::system_error(EBADF, std::generic_category(), "eddy: not a descriptor");
    const auto index = static_cast<std::size_t>(fd);
    if (index >= size_) grow(index + 1 < 2 * size_ ? 2 * size_ : index + 1);
    return entries_[index];
  }
  void grow(std::size_t size) {
    auto* grown = new Entry[size];
    for (std::size_t i = 0; i < size_; ++i) grown[i] = entries_[i];
    delete[] entries_;
    entries_ = grown;
    size_ = size;
  }
  void update(int fd) {
    const Entry& entry = entries_[static_cast<std::size_t>(fd)];
    reactor_->watch(fd, entry.reader != nullptr, entry.writer != nullptr);
  }
  void disarm(int fd) noexcept {
    try {
      update(fd);
    } catch (const std::system_error&) {
      // The descriptor was closed while it was watched for something else, too: there is nothing left to watch.
    }
  }

  Scheduler& scheduler_;
  Reactor* reactor_;
  int wake_descriptor_ = -1;
  bool woken_ = false;
  std::size_t waiting_ = 0;
  Entry* entries_ = nullptr;  // by descriptor
  std::size_t size_ = 0;
};

}  // namespace eddy::inline EDDY_ABI::detail
