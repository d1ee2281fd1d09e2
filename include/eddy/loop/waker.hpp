// Waker: the only door into a loop from other threads and from signal handlers.
//
// A post is a node on a lock-free stack, which the loop takes whole and turns round, so posts run in the order in which
// they came. The descriptor is written to only when the loop sleeps. The waker outlives its loop while somebody may
// still post: a job of a thread pool holds a reference.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/config.hpp>
#include <eddy/base/replace.hpp>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <new>
#include <sys/eventfd.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace eddy::inline EDDY_ABI::detail {

// What is posted. `run` is called on the loop's thread.
struct PostNode {
  PostNode* next = nullptr;
  void (*run)(PostNode*) = nullptr;
};

class Waker {
 public:
  Waker() : fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (fd_ < 0) throw std::system_error(errno, std::generic_category(), "eddy: an event loop cannot be made (eventfd)");
  }
  Waker(const Waker&) = delete;
  Waker& operator=(const Waker&) = delete;

  [[nodiscard]] int descriptor() const noexcept { return fd_; }

  // Any thread. False once the loop is closed: the node stays the caller's.
  bool post(PostNode* node) noexcept {
    PostNode* head = head_.load(std::memory_order_relaxed);
    do {
      if (head == closed()) return false;
      node->next = head;
    } while (!head_.compare_exchange_weak(head, node, std::memory_order_seq_cst, std::memory_order_relaxed));
    interrupt();
    return true;
  }
  // Any thread, also a signal handler: ends the loop's sleep.
  void interrupt() noexcept {
    if (asleep_.exchange(false, std::memory_order_seq_cst)) write_event();
  }
  // A signal handler's part of `interrupt`, with the news that a signal came.
  void signal() noexcept {
    signalled_.store(true, std::memory_order_seq_cst);
    interrupt();
  }

  // Whether a job in another thread is to note when it runs. Any thread may ask; the loop's side says how many want to know.
  [[nodiscard]] bool times_jobs() const noexcept { return job_watches_.load(std::memory_order_relaxed) != 0; }
  void watch_jobs() noexcept { job_watches_.fetch_add(1, std::memory_order_relaxed); }
  void unwatch_jobs() noexcept { job_watches_.fetch_sub(1, std::memory_order_relaxed); }

  // The loop's side.
  [[nodiscard]] bool has_news() const noexcept {
    return head_.load(std::memory_order_relaxed) != nullptr || signalled_.load(std::memory_order_relaxed);
  }
  [[nodiscard]] bool take_signal() noexcept {
    return signalled_.load(std::memory_order_relaxed) && signalled_.exchange(false, std::memory_order_seq_cst);
  }
  // All posts, oldest first.
  PostNode* take_posts() noexcept { return reverse(head_.exchange(nullptr, std::memory_order_acquire)); }
  // To be called before the loop sleeps; false if it must not, since there is news.
  bool fall_asleep() noexcept {
    asleep_.store(true, std::memory_order_seq_cst);
    if (head_.load(std::memory_order_seq_cst) == nullptr && !signalled_.load(std::memory_order_seq_cst)) return true;
    wake_up();
    return false;
  }
  void wake_up() noexcept {
    // An interrupt that has taken the flag has written, or is about to write, to the descriptor; a byte that comes
    // late costs one empty pass, no more.
    asleep_.store(false, std::memory_order_relaxed);
  }
  void drain_event() noexcept {
    std::uint64_t count = 0;
    while (::read(fd_, &count, sizeof count) < 0 && errno == EINTR) {
    }
  }
  // From now on posts are refused; returns those accepted before, oldest first.
  PostNode* close() noexcept {
    PostNode* posts = head_.exchange(closed(), std::memory_order_seq_cst);
    return posts == closed() ? nullptr : reverse(posts);
  }

  void retain() noexcept { references_.fetch_add(1, std::memory_order_relaxed); }
  void release() noexcept {
    if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }

 private:
  ~Waker() { ::close(fd_); }
  static PostNode* closed() noexcept {
    static constinit PostNode mark{};
    return &mark;
  }
  static PostNode* reverse(PostNode* node) noexcept {
    PostNode* reversed = nullptr;
    while (node != nullptr) {
      PostNode* next = node->next;
      node->next = reversed;
      reversed = replace(node, next);
    }
    return reversed;
  }
  void write_event() noexcept {
    const int saved = errno;  // this may run in a signal handler
    const std::uint64_t one = 1;
    // EAGAIN: the counter is full, so the loop will wake anyway.
    while (::write(fd_, &one, sizeof one) < 0 && errno == EINTR) {
    }
    errno = saved;
  }

  std::atomic<PostNode*> head_{nullptr};
  std::atomic<bool> asleep_{false};
  std::atomic<bool> signalled_{false};
  std::atomic<std::uint32_t> references_{1};
  std::atomic<std::uint32_t> job_watches_{0};
  int fd_;
};

// A counted reference to a Waker; copied to whoever may post.
class WakerPointer {
 public:
  WakerPointer() : waker_(new Waker) {}
  WakerPointer(const WakerPointer& other) noexcept : waker_(other.waker_) { waker_->retain(); }
  WakerPointer& operator=(const WakerPointer&) = delete;
  ~WakerPointer() { waker_->release(); }
  Waker* operator->() const noexcept { return waker_; }
  Waker& operator*() const noexcept { return *waker_; }

 private:
  Waker* waker_;
};

}  // namespace eddy::inline EDDY_ABI::detail
