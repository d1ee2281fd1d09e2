// Tests of eddy/base/frame_allocator.hpp. What concerns the pool is seen in builds without sanitizers only.
// SPDX-License-Identifier: MIT
#include <eddy/base/frame_allocator.hpp>

#include "support/catch.hpp"

#include <cstdint>
#include <cstring>
#include <thread>
#include <vector>

using eddy::detail::allocate_block;
using eddy::detail::bytes_of;
using eddy::detail::kBlockGranularity;

namespace {

void free_block(void* block, std::size_t granules) {
  eddy::detail::free_block(block, eddy::detail::size_class_of(granules));
}

}  // namespace

TEST_CASE("a block is aligned and has the whole size that was asked for, pooled or not", "[base]") {
  for (const std::size_t granules : {1UL, 2UL, 13UL, 127UL, 128UL, 129UL, 1000UL, 100'000UL}) {
    for (int round = 0; round < 3; ++round) {
      void* block = allocate_block(granules);
      CHECK(reinterpret_cast<std::uintptr_t>(block) % kBlockGranularity == 0);
      std::memset(block, 0x65, bytes_of(granules));
      free_block(block, granules);
    }
  }
}

TEST_CASE("a number of bytes fits into its granules, and no granule is left over", "[base]") {
  bool fits = true;
  for (std::size_t bytes = 1; bytes < 5000; ++bytes) {
    const std::size_t granules = eddy::detail::granules_of(bytes);
    fits = fits && bytes <= bytes_of(granules) && (granules == 1 || bytes > bytes_of(granules - 1));
  }
  CHECK(fits);
}

TEST_CASE("blocks that are in use at the same time do not overlap", "[base]") {
  std::vector<unsigned char*> blocks;
  for (unsigned char i = 0; i < 200; ++i) {
    auto* block = static_cast<unsigned char*>(allocate_block(3));
    std::memset(block, i, bytes_of(3));
    blocks.push_back(block);
    if (i % 3 == 0) {  // some are given back and taken again
      free_block(block, 3);
      blocks.back() = static_cast<unsigned char*>(allocate_block(3));
      std::memset(blocks.back(), i, bytes_of(3));
    }
  }
  bool intact = true;
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    for (std::size_t k = 0; k < bytes_of(3); ++k) intact = intact && blocks[i][k] == i;
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
      std::memset(block, 1, bytes_of(7));
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

namespace {

std::size_t kept(std::size_t granules) {
  const auto& pool = eddy::detail::frame_pool;
  return pool.quota[granules] - pool.room[granules];
}
void use(std::size_t granules, std::size_t count) {  // at the same time
  std::vector<void*> blocks;
  for (std::size_t i = 0; i < count; ++i) blocks.push_back(allocate_block(granules));
  for (void* block : blocks) free_block(block, granules);
}

}  // namespace

TEST_CASE("a thread keeps as many free blocks of a size as it ever had in use", "[base]") {
  std::thread([] {
    use(2, 20'000);
    CHECK(kept(2) == 20'000);
    use(2, 10);
    CHECK(kept(2) == 20'000);
    const auto made = eddy::detail::blocks_in_use;
    use(2, 20'000);
    CHECK(eddy::detail::blocks_in_use == made);
    CHECK(kept(3) == 0);
  }).join();
}

TEST_CASE("all that a thread keeps has a limit, and a size that is used takes room from one that was", "[base]") {
  std::thread([] {
    constexpr std::size_t kLimit = eddy::detail::kKeptBytes / kBlockGranularity;
    use(100, kLimit / 100 + 10'000);
    CHECK(kept(100) == kLimit / 100);
    use(50, 5000);
    CHECK(kept(50) > 1000);
    CHECK(kept(100) * 100 + kept(50) * 50 <= kLimit);
    CHECK(eddy::detail::frame_pool.granted <= kLimit);
    CHECK(static_cast<std::size_t>(eddy::detail::blocks_in_use) == kept(100) + kept(50));
    eddy::detail::close_frame_pool();
    CHECK(eddy::detail::blocks_in_use == 0);
  }).join();
}

TEST_CASE("a million blocks that one thread makes and another destroys are kept by neither", "[base]") {
  const auto before = eddy::detail::blocks_in_use;
  std::ptrdiff_t elsewhere = 0;
  bool kept_some = false;
  for (int round = 0; round < 10; ++round) {
    std::vector<void*> blocks;
    for (int i = 0; i < 100'000; ++i) blocks.push_back(allocate_block(9));
    std::thread([&] {
      for (void* block : blocks) free_block(block, 9);
      kept_some = kept_some || kept(9) != 0;
      elsewhere += eddy::detail::blocks_in_use;
    }).join();
    kept_some = kept_some || kept(9) != 0;
  }
  CHECK_FALSE(kept_some);
  CHECK(eddy::detail::blocks_in_use - before == 1'000'000);
  CHECK(elsewhere == -1'000'000);  // all that were made have gone back
}

#endif
