// Tests of eddy/base/frame_allocator.hpp. What concerns the pool is seen in builds without sanitizers only.
// SPDX-License-Identifier: MIT
#include <eddy/base/frame_allocator.hpp>

#include "support/catch.hpp"

#include <cstdint>
#include <cstring>
#include <thread>
#include <vector>

using eddy::detail::allocate_block;
using eddy::detail::free_block;
using eddy::detail::kBlockGranularity;

TEST_CASE("a block is aligned and has the whole size that was asked for, pooled or not", "[base]") {
  for (const std::size_t granules : {1UL, 2UL, 13UL, 127UL, 128UL, 129UL, 1000UL, 100'000UL}) {
    for (int round = 0; round < 3; ++round) {
      void* block = allocate_block(granules);
      CHECK(reinterpret_cast<std::uintptr_t>(block) % kBlockGranularity == 0);
      std::memset(block, 0x65, granules * kBlockGranularity);
      free_block(block, granules);
    }
  }
}

TEST_CASE("blocks that are in use at the same time do not overlap", "[base]") {
  std::vector<unsigned char*> blocks;
  for (unsigned char i = 0; i < 200; ++i) {
    auto* block = static_cast<unsigned char*>(allocate_block(3));
    std::memset(block, i, 3 * kBlockGranularity);
    blocks.push_back(block);
    if (i % 3 == 0) {  // some are given back and taken again
      free_block(block, 3);
      blocks.back() = static_cast<unsigned char*>(allocate_block(3));
      std::memset(blocks.back(), i, 3 * kBlockGranularity);
    }
  }
  bool intact = true;
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    for (std::size_t k = 0; k < 3 * kBlockGranularity; ++k) intact = intact && blocks[i][k] == i;
  }
  CHECK(intact);
  for (unsigned char* block : blocks) free_block(block, 3);
}

TEST_CASE("a block may be given back by another thread than the one that took it", "[base]") {
  void* block = allocate_block(5);
  int freed = 0;
  std::thread([&] {
    free_block(block, 5);
    void* own = allocate_block(5);
    free_block(own, 5);
    ++freed;
  }).join();
  CHECK(freed == 1);
}

TEST_CASE("blocks can be taken and given back while a thread exits", "[base]") {
  static int ended;
  ended = 0;
  struct AtExit {
    void* held = nullptr;
    ~AtExit() {
      free_block(held, 7);
      void* block = allocate_block(7);
      std::memset(block, 1, 7 * kBlockGranularity);
      free_block(block, 7);
      ++ended;
    }
  };
  std::thread([] {
    static thread_local AtExit guard;  // made before the pool is, so it is destroyed after it
    guard.held = allocate_block(7);
    free_block(allocate_block(7), 7);
  }).join();
  CHECK(ended == 1);
}

#if defined(EDDY_FRAME_POOL)

TEST_CASE("a block that was given back is the next one of its size, and of no other", "[base]") {
  void* block = allocate_block(11);
  free_block(block, 11);
  void* other = allocate_block(12);
  CHECK(other != block);
  void* again = allocate_block(11);
  CHECK(again == block);
  free_block(again, 11);
  free_block(other, 12);
}

TEST_CASE("a thread keeps a bounded number of free blocks of each size", "[base]") {
  std::thread([] {
    using eddy::detail::frame_pool;
    std::vector<void*> blocks;
    for (std::uint32_t i = 0; i < eddy::detail::kKeptBlocks + 500; ++i) blocks.push_back(allocate_block(2));
    for (void* block : blocks) free_block(block, 2);
    CHECK(frame_pool.kept[2] == eddy::detail::kKeptBlocks);
    blocks.clear();
    const std::size_t large = 100;
    for (int i = 0; i < 2000; ++i) blocks.push_back(allocate_block(large));
    for (void* block : blocks) free_block(block, large);
    CHECK(frame_pool.kept[large] * large * kBlockGranularity <= eddy::detail::kKeptBytes + large * kBlockGranularity);
  }).join();
}

#endif
