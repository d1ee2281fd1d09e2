// The memory that coroutine frames live in: a free list for each size, kept by each thread.
//
// A task costs one block. Freed blocks are kept for the next task of that size, as many as the thread ever had in use, up to
// a cap for all sizes; beyond it, for large frames, under sanitizers, with EDDY_PLAIN_NEW and after the thread's exit they
// go back to `operator delete`.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/config.hpp>

#include <cstddef>
#include <cstdint>
#include <new>

namespace eddy::inline EDDY_ABI::detail {

// Blocks come in sizes of whole granules, less the word that malloc keeps before each: so none of its memory is lost.
inline constexpr std::size_t kBlockGranularity = 16;
inline constexpr std::size_t kBlockOverhead = 8;
constexpr std::size_t granules_of(std::size_t bytes) noexcept {
  return (bytes + kBlockOverhead + kBlockGranularity - 1) / kBlockGranularity;
}
constexpr std::size_t bytes_of(std::size_t granules) noexcept { return granules * kBlockGranularity - kBlockOverhead; }

// Blocks of this thread that came from `operator new` and have not gone back; those that are kept count, too.
inline thread_local constinit std::ptrdiff_t blocks_in_use = 0;

EDDY_NOINLINE inline void* new_block(std::size_t granules) {
  void* block = ::operator new(bytes_of(granules));
  ++blocks_in_use;
  return block;
}
EDDY_NOINLINE inline void delete_block(void* block) noexcept {
  --blocks_in_use;
  ::operator delete(block);
}

#if defined(EDDY_FRAME_POOL)

inline constexpr std::size_t kPooledClasses = 128;                        // blocks of up to 2 KiB
inline constexpr std::size_t kKeptBytes = std::size_t{64} * 1024 * 1024;  // by one thread, of all sizes together

// Each block that a thread makes gives room for a free one, so one that only destroys what others made keeps nothing.
struct FramePool {
  struct Free {
    Free* next;
  };
  Free* lists[kPooledClasses];
  std::uint32_t room[kPooledClasses];   // how many more may be kept now; zero while the pool is closed
  std::uint32_t quota[kPooledClasses];  // how many may be kept at all: `room` and those in the list
  std::size_t granted;                  // the quotas' sum, in granules
  std::uint32_t refused;                // how often there was no more to grant
  bool open;                            // false until the thread's first allocation and after its exit
  bool opened;                          // true once it was open
};

// Constant-initialised and trivially destructible: using it costs no guard.
inline thread_local constinit FramePool frame_pool{};

inline void drop_kept_blocks(std::size_t size_class, std::uint32_t count) noexcept {
  auto*& list = frame_pool.lists[size_class];
  for (; count > 0 && list != nullptr; --count) {
    auto* block = list;
    list = block->next;
    delete_block(block);
  }
}

// Gives back what is kept, and keeps nothing from now on.
inline void close_frame_pool() noexcept {
  frame_pool.open = false;
  for (std::size_t i = 0; i < kPooledClasses; ++i) {
    drop_kept_blocks(i, frame_pool.quota[i]);
    frame_pool.room[i] = frame_pool.quota[i] = 0;
  }
  frame_pool.granted = 0;
}

struct FramePoolCloser {
  ~FramePoolCloser() { close_frame_pool(); }
};

// Halves the largest quota, so that sizes that are no longer used do not take it all. False if it is that of this size.
inline bool take_from_largest_quota(std::size_t size_class) noexcept {
  std::size_t largest = 1;
  for (std::size_t i = 2; i < kPooledClasses; ++i) {
    if (frame_pool.quota[i] * i > frame_pool.quota[largest] * largest) largest = i;
  }
  if (largest == size_class) return false;
  const std::uint32_t taken = frame_pool.quota[largest] - frame_pool.quota[largest] / 2;
  const std::uint32_t from_room = taken < frame_pool.room[largest] ? taken : frame_pool.room[largest];
  frame_pool.room[largest] -= from_room;
  drop_kept_blocks(largest, taken - from_room);
  frame_pool.quota[largest] -= taken;
  frame_pool.granted -= taken * largest;
  return true;
}

// One more block of this size is made: one more may be kept.
inline void grant_room(std::size_t size_class) noexcept {
  constexpr std::size_t kLimit = kKeptBytes / kBlockGranularity;
  constexpr std::uint32_t kTries = 1024;  // quotas are looked through once in so many refusals
  if (frame_pool.granted + size_class > kLimit) [[unlikely]] {
    if (++frame_pool.refused % kTries != 0 || !take_from_largest_quota(size_class)) return;
  }
  ++frame_pool.room[size_class];
  ++frame_pool.quota[size_class];
  frame_pool.granted += size_class;
}

EDDY_NOINLINE inline void* allocate_block_slowly(std::size_t size_class) {
  static thread_local FramePoolCloser closer;
  (void)&closer;
  if (!frame_pool.opened) frame_pool.open = frame_pool.opened = true;
  void* block = new_block(size_class);
  if (frame_pool.open) grant_room(size_class);
  return block;
}

// What free_block must be told of a block: its size in granules, or 0 if it is not pooled.
constexpr std::uint8_t size_class_of(std::size_t granules) noexcept {
  return granules < kPooledClasses ? static_cast<std::uint8_t>(granules) : std::uint8_t{0};
}

EDDY_INLINE void* allocate_block(std::size_t granules) {
  if (const std::size_t size_class = size_class_of(granules); size_class != 0) [[likely]] {
    auto*& list = frame_pool.lists[size_class];
    if (list != nullptr) [[likely]] {
      auto* block = list;
      list = block->next;
      ++frame_pool.room[size_class];
      return block;
    }
    return allocate_block_slowly(size_class);
  }
  return new_block(granules);
}

EDDY_INLINE void free_block(void* memory, std::size_t size_class) noexcept {
  if (frame_pool.room[size_class] != 0) [[likely]] {  // never for 0
    auto* block = static_cast<FramePool::Free*>(memory);
    block->next = frame_pool.lists[size_class];
    frame_pool.lists[size_class] = block;
    --frame_pool.room[size_class];
    return;
  }
  delete_block(memory);
}

#else

inline void* allocate_block(std::size_t granules) { return new_block(granules); }
inline void free_block(void* memory, std::size_t) noexcept { delete_block(memory); }
constexpr std::uint8_t size_class_of(std::size_t) noexcept { return 0; }

#endif

// While it lives, each frame of this thread is a call of `operator new`: for tests that count them or let them fail.
class PlainFrames {
 public:
#if defined(EDDY_FRAME_POOL)
  PlainFrames() noexcept : was_open_(frame_pool.open || !frame_pool.opened) {
    frame_pool.opened = true;
    close_frame_pool();
  }
  ~PlainFrames() { frame_pool.open = was_open_; }

 private:
  bool was_open_;
#else
  PlainFrames() noexcept {}
  ~PlainFrames() {}

 public:
#endif
  PlainFrames(const PlainFrames&) = delete;
  PlainFrames& operator=(const PlainFrames&) = delete;
};

}  // namespace eddy::inline EDDY_ABI::detail
