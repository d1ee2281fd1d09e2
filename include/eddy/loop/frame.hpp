// Frame: the header that stands before each coroutine frame, in the same allocation. All bookkeeping of tasks lives here.
//
// It cannot live in the promise, since destroying the coroutine ends the promise while handles still ask for the
// outcome. A block is laid out as
//
//     [ result slot of T ][ Frame ][ coroutine frame: promise, parameters, locals, awaiters ]
//
// so both the slot and the coroutine are at fixed offsets from the Frame. A *strand* is a root frame and the chain of
// frames that it awaits; only the deepest, the leaf, is suspended in something. The loop runs and unwinds strands.
// docs/design.md draws the states and who moves a strand from one to the next.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/awaitable.hpp>
#include <eddy/base/frame_allocator.hpp>
#include <eddy/base/fwd.hpp>
#include <eddy/base/intrusive_list.hpp>
#include <eddy/loop/wait_queue.hpp>

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <exception>
#include <new>
#include <utility>

namespace eddy::inline EDDY_ABI::detail {

struct Frame;
struct Scheduler;
struct Suspension;
struct Boundary;
struct TaskDetails;

// Where a strand stands. Only its root's state counts. When the driver comes back from a strand, all states before `running`
// mean that it is parked.
enum class State : std::uint8_t {
  idle,       // a Task that nobody awaits yet
  start,      // queued for its first step
  ready,      // queued: it resumes in its turn, with what it was given
  callback,   // not a strand: a CallbackNode that is queued
  unwind,     // queued: its frames are destroyed in its turn
  suspended,  // its leaf waits in `suspension`
  listed,     // suspended, and in the list of cancels that are being delivered
  leaving,    // suspended, told to stop, and waiting for what it awaits to end: it is unwound when woken
  running,    // the driver is in it
  stopping,   // it wanted to wait with a stop in force: the driver unwinds it
  unwinding,  // its frames are being destroyed
  done,
};

enum class Ended : std::uint8_t { no, value, taken, exception, cancelled };

enum Flag : std::uint8_t {
  kCallback = 1,         // not a strand but a CallbackNode
  kTask = 2,             // has an identity of its own: name, context, cancel()
  kChild = 4,            // owned by a Boundary
  kStop = 8,             // a stop is in force; never cleared
  kCancelRequested = 16, // the stop was asked for by cancel()
  kRetrieved = 32,       // somebody has seen the outcome
  kAlive = 64,           // the coroutine exists
  kHeld = 128,           // a strand that the loop has not done with: it needs the block
};

// What stands in the loop's FIFO: a strand or a callback.
struct ReadyNode {
  union {
    ReadyNode* next;
    std::uintptr_t hops;  // of a running strand: direct hand-overs left
  };
  std::uint32_t count;  // handles and groups that may still ask for the outcome
  State state;
  Ended ended;
  std::uint8_t flags;
  std::uint8_t size_class;  // of the block, for free_block
};

// One pointer-sized source position: the line takes the pointer's upper 16 bits. To move on inside a file is one store.
class Location {
 public:
  Location() = default;
  Location(const char* file, unsigned line) noexcept
      : packed_(reinterpret_cast<std::uintptr_t>(file) | (static_cast<std::uint64_t>(limited(line)) << 48)) {}
  // Where a function is called that has this as a default argument.
  static Location here(const char* file = __builtin_FILE(), unsigned line = __builtin_LINE()) noexcept { return {file, line}; }
  void move_to(unsigned line) noexcept {
    const std::uint16_t word = limited(line);
    std::memcpy(reinterpret_cast<char*>(&packed_) + kLineAt, &word, sizeof word);
  }
  [[nodiscard]] const char* file() const noexcept {
    return reinterpret_cast<const char*>(static_cast<std::uintptr_t>(packed_ & 0xffff'ffff'ffffULL));
  }
  [[nodiscard]] unsigned line() const noexcept { return static_cast<unsigned>(packed_ >> 48); }

 private:
  static constexpr std::size_t kLineAt = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? 6 : 0;
  static std::uint16_t limited(unsigned line) noexcept { return static_cast<std::uint16_t>(line > 0xffff ? 0xffff : line); }
  std::uint64_t packed_;
};

// Compilers take it that only the coroutine itself reaches memory through the pointer to its frame (clang marks it
// noalias). The Frame and the slot before it are reached from everywhere, so the way there is hidden.
EDDY_INLINE std::byte* opaque(std::byte* pointer) noexcept {
  asm("" : "+r"(pointer));
  return pointer;
}

struct alignas(16) Frame : ReadyNode, ListHook {
  union {
    Frame* parent;    // not a root: the frame that awaits this one
    Boundary* owner;  // a root with kChild
  };
  Frame* root;  // this frame itself if it is a root
  union {
    Frame* leaf;                                            // of a root that is not done
    alignas(std::exception_ptr) std::byte error_storage[sizeof(std::exception_ptr)];  // ended == exception or cancelled
  };
  union {
    Suspension* suspension;  // of a suspended root
    Frame** holder;          // of a frame that is awaited: where its awaiter keeps it; null for a generator. Before: see Task
    void* block;             // once the coroutine is gone: where the memory starts
  };
  Scheduler* loop;
  Location location;     // the await it stands at, or where its function begins
  TaskDetails* details;  // name, context, reason: made when first needed
  WaitQueue waiters;     // who awaits this task

  [[nodiscard]] bool has(Flag flag) const noexcept { return (flags & flag) != 0; }
  void set(Flag flag) noexcept { flags = static_cast<std::uint8_t>(flags | flag); }
  void clear(Flag flag) noexcept { flags = static_cast<std::uint8_t>(flags & ~flag); }
  [[nodiscard]] bool done() const noexcept { return state == State::done; }

  [[nodiscard]] std::coroutine_handle<> handle() noexcept {
    return std::coroutine_handle<>::from_address(reinterpret_cast<std::byte*>(this) + sizeof(Frame));
  }
  [[nodiscard]] static Frame* of(std::coroutine_handle<> handle) noexcept {
    return std::launder(reinterpret_cast<Frame*>(opaque(static_cast<std::byte*>(handle.address())) - sizeof(Frame)));
  }

  [[nodiscard]] std::exception_ptr& error() noexcept {
    return *std::launder(reinterpret_cast<std::exception_ptr*>(error_storage));
  }
  void set_error(Ended how, std::exception_ptr e) noexcept {
    ::new (static_cast<void*>(error_storage)) std::exception_ptr(std::move(e));
    ended = how;
  }
  [[nodiscard]] bool holds_error() const noexcept { return ended >= Ended::exception; }
};

static_assert(sizeof(Frame) % 16 == 0);

template <class Slot>
inline constexpr std::size_t slot_size = (sizeof(Slot) + alignof(Frame) - 1) / alignof(Frame) * alignof(Frame);
template <>
inline constexpr std::size_t slot_size<void> = 0;

template <class Slot>
Slot* slot_of(Frame* frame) noexcept {
  return std::launder(reinterpret_cast<Slot*>(reinterpret_cast<std::byte*>(frame) - slot_size<Slot>));
}

// The memory for a coroutine frame of `size` bytes with a Frame and a slot of `prefix` bytes before it.
EDDY_INLINE void* allocate_frame(std::size_t size, std::size_t prefix) {
  const std::size_t granules = granules_of(prefix + sizeof(Frame) + size);
  auto* block = static_cast<std::byte*>(allocate_block(granules));
  auto* frame = ::new (static_cast<void*>(block + prefix)) Frame;
  frame->count = 0;
  frame->state = State::idle;
  frame->ended = Ended::no;
  frame->flags = kAlive;
  frame->size_class = size_class_of(granules);
  frame->root = frame;
  frame->details = nullptr;
  return block + prefix + sizeof(Frame);
}

void destroy_details(TaskDetails* details) noexcept;

// Gives the block back. The coroutine is gone, nobody holds a handle.
EDDY_INLINE void free_frame(Frame* frame) noexcept {
  if (frame->details != nullptr) [[unlikely]] destroy_details(frame->details);
  free_block(frame->block, frame->size_class);
}
// Not inlined, so that a coroutine that ends need not save registers.
EDDY_COLD inline void release_with_details(Frame* frame, void* block) noexcept {
  frame->block = block;
  free_frame(frame);
}

// For the promise's operator delete, where `size` is known: the coroutine is gone, the block goes too unless somebody still
// needs it.
EDDY_INLINE void release_frame(void* coroutine, std::size_t prefix, std::size_t size) noexcept {
  Frame* frame = Frame::of(std::coroutine_handle<>::from_address(coroutine));
  std::byte* block = reinterpret_cast<std::byte*>(frame) - prefix;
  if (frame->count == 0 && !frame->has(kHeld)) [[likely]] {
    if (frame->details != nullptr) [[unlikely]] return release_with_details(frame, block);
    free_block(block, size_class_of(granules_of(prefix + sizeof(Frame) + size)));
  } else {
    frame->clear(kAlive);
    frame->block = block;
  }
}
inline void release_frame(void* coroutine, std::size_t prefix) noexcept {
  Frame* frame = Frame::of(std::coroutine_handle<>::from_address(coroutine));
  frame->block = reinterpret_cast<std::byte*>(frame) - prefix;
  if (frame->count == 0 && !frame->has(kHeld)) free_frame(frame);
}

// When a job ran in another thread, and in which. Not initialised: for jobs that nobody watches it costs nothing.
struct JobTimes {
  const void* thread;  // its mark
  std::int64_t begun;  // in nanoseconds of std::chrono::steady_clock
  std::int64_t ended;
};

// The unknown place where a leaf waits: an awaiter of this library.
struct Suspension {
  // Asked once, when the waiting strand is to stop; and again with `force` when nothing else can end the wait.
  virtual CancelResult try_cancel([[maybe_unused]] bool force) noexcept { return CancelResult::later; }
  // What is waited for, in one or two words, for the reports.
  [[nodiscard]] virtual const char* waits_for() const noexcept = 0;
  // For debug/: what it stands in line at, the same for all who do; and the task that holds that, where it is known: it may
  // have ended.
  [[nodiscard]] virtual const void* waits_at() const noexcept { return nullptr; }
  [[nodiscard]] virtual const TaskDetails* holder() const noexcept { return nullptr; }
  // Once the wait is over: when the job ran that was waited for; null if it was none, did not run, or nobody watched.
  [[nodiscard]] virtual const JobTimes* job_times() const noexcept { return nullptr; }
  // True if nothing but the end of other strands can end the wait.
  [[nodiscard]] virtual bool waits_for_strands() const noexcept { return children() != nullptr && !children()->empty(); }
  // The child strands, if this is a boundary.
  [[nodiscard]] virtual const IntrusiveList<Frame>* children() const noexcept { return nullptr; }

 protected:
  Suspension() = default;
  ~Suspension() = default;
};

// An awaiter that owns child strands.
struct Boundary : Suspension {
  Frame* parent = nullptr;  // the frame that waits for the children
  // A child strand has ended; its coroutine is destroyed already.
  virtual void child_done(Frame* child) noexcept = 0;

 protected:
  Boundary() = default;
  ~Boundary() = default;
};

// The frame of a coroutine of this library, from the handle that await_suspend gets.
struct PromiseMark {};
template <class P>
Frame* frame_of(std::coroutine_handle<P> handle) noexcept {
  static_assert(std::is_base_of_v<PromiseMark, P>,
                "eddy: this can only be awaited inside an eddy::Task or an eddy::AsyncGenerator");
  return Frame::of(handle);
}

// Hands the thread over to `to`, a frame of the strand `root`.
EDDY_INLINE std::coroutine_handle<> hop([[maybe_unused]] Frame* root, Frame* to) noexcept {
#if defined(EDDY_HOP_BUDGET)
  if (--root->hops == 0) [[unlikely]] {
    root->leaf = to;  // the state stays `running`: the driver goes on from here
    return std::noop_coroutine();
  }
#endif
  return to->handle();
}

// Parks the strand of `frame` in `suspension`. False if a stop is in force: then nothing may be linked, the caller
// returns at once and the driver unwinds the strand.
inline bool park(Frame* frame, Suspension* suspension) noexcept {
  Frame* root = frame->root;
  root->leaf = frame;
  if (root->has(kStop)) {
    root->state = State::stopping;
    return false;
  }
  root->suspension = suspension;
  root->state = State::suspended;
  return true;
}

// The same for a wait that a stop must not cut short (a mask): it always parks.
inline void park_masked(Frame* frame, Suspension* suspension) noexcept {
  Frame* root = frame->root;
  root->leaf = frame;
  root->suspension = suspension;
  root->state = State::suspended;
}

}  // namespace eddy::inline EDDY_ABI::detail
