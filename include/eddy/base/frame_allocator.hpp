// The memory that coroutine frames live in: a free list for each size, kept by each thread.
//
// A task costs one block. Freed blocks are kept for the next task of that size, up to a cap; beyond the cap, for large
// frames, under sanitizers, with EDDY_PLAIN_NEW and after the thread's exit they go back to `operator delete`.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/config.hpp>

#include <cstddef>
#include <cstdint>
#include <new>

namespace eddy::inline EDDY_ABI::detail {

inline constexpr std::size_t kBlockGranularity = 16;

// Blocks of this thread that came from `operator new` and have not gone back; those that are kept count, too.
inline thread_local constinit std::ptrdiff_t blocks_in_use = 0;

EDDY_NOINLINE inline void* new_block(std::size_t granules) {
  void* block = ::operator new(granules * kBlockGranularity);
  ++blocks_in_use;
  return block;
}
EDDY_NOINLINE inline void delete_block(void* block) noexcept {
  --blocks_in_use;
  ::operator delete(block);
}

#if defined(EDDY_FRAME_POOL)

inline constexpr std::size_t kPooledClasses = 128;      // blocks of up to 2 KiB
inline constexpr std::uint32_t kKeptBlocks = 4096;      // of each size
inline constexpr std::size_t kKeptBytes = 1024 * 1024;  // of each size

struct FramePool {
  struct Free {
    Free* next;
  };
  Free* lists[kPooledClasses];
  std::uint32_t kept[kPooledClasses];
  bool open;    // false until the thread's first allocation and after its exit
  bool opened;  // true once it was open
};

// Constant-initialised and trivially destructible: using it costs no guard.
inline thread_local constinit FramePool frame_pool{};

// Gives back what is kept, and keeps nothing from now on.
inline void close_frame_pool() noexcept {
  frame_pool.open = false;
  for (auto& list : frame_pool.lists) {
    while (list != nullptr) {
      auto* block = list;
      list = block->next;
      delete_block(block);
    }
  }
  for (auto& count : frame_pool.kept) count = 0;
}

struct FramePoolCloser {
  ~FramePoolCloser() { close_frame_pool(); }
};

EDDY_NOINLINE inline void* allocate_block_slowly(std::size_t size_class) {
  static thread_local FramePoolCloser closer;
  (void)&closer;
  if (!frame_pool.opened) frame_pool.open = frame_pool.opened = true;
  return new_block(size_class);
}

// `size_class` is the size in granules; it is kept by the caller and given back to free_block.
inline void* allocate_block(std::size_t size_class) {
  if (size_class < kPooledClasses) [[likely]] {
    auto*& list = frame_pool.lists[size_class];
    if (list != nullptr) [[likely]] {
      auto* block = list;
      list = block->next;
      --frame_pool.kept[size_class];
      return block;
    }
    return allocate_block_slowly(size_class);
  }
  return new_block(size_class);
}

inline void free_block(void* memory, std::size_t size_class) noexcept {
  if (size_class < kPooledClasses && frame_pool.kept[size_class] < kKeptBlocks &&
      frame_pool.kept[size_class] * size_class < kKeptBytes / kBlockGranularity && frame_pool.open) [[likely]] {
    auto* block = static_cast<FramePool::Free*>(memory);
    block->next = frame_pool.lists[size_class];
    frame_pool.lists[size_class] = block;
    ++frame_pool.kept[size_class];
    return;
  }
  delete_block(memory);
}

#else

inline void* allocate_block(std::size_t size_class) { return new_block(size_class); }
inline void free_block(void* memory, std::size_t) noexcept { delete_block(memory); }

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
