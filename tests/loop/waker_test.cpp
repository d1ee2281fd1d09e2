// Tests of eddy/loop/waker.hpp.
// SPDX-License-Identifier: MIT
#include <eddy/loop/waker.hpp>

#include "support/catch.hpp"
#include <poll.h>
#include <unistd.h>

#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

namespace {

using eddy::detail::PostNode;
using eddy::detail::WakerPointer;

struct Post final : PostNode {
  explicit Post(int n) : number(n) {}
  int number;
};

std::vector<int> numbers(PostNode* post) {
  std::vector<int> list;
  for (; post != nullptr; post = post->next) list.push_back(static_cast<Post*>(post)->number);
  return list;
}

bool is_readable(int fd) {
  pollfd entry{fd, POLLIN, 0};
  return ::poll(&entry, 1, 0) == 1;
}

}  // namespace

TEST_CASE("posts are taken in the order in which they came", "[loop][c320]") {
  WakerPointer waker;
  Post a(1), b(2), c(3);
  CHECK_FALSE(waker->has_news());
  for (Post* post : {&a, &b, &c}) CHECK(waker->post(post));
  CHECK(waker->has_news());
  CHECK(numbers(waker->take_posts()) == std::vector<int>{1, 2, 3});
  CHECK(waker->take_posts() == nullptr);
  CHECK_FALSE(waker->has_news());
}

TEST_CASE("a post writes to the descriptor only when the loop sleeps, and once", "[loop][c317]") {
  WakerPointer waker;
  Post a(1), b(2);
  REQUIRE(waker->post(&a));
  CHECK_FALSE(is_readable(waker->descriptor()));
  CHECK_FALSE(waker->fall_asleep());  // there is news: the loop must not sleep
  waker->take_posts();
  CHECK(waker->fall_asleep());
  REQUIRE(waker->post(&b));
  CHECK(is_readable(waker->descriptor()));
  waker->drain_event();
  waker->wake_up();
  CHECK_FALSE(is_readable(waker->descriptor()));
  waker->interrupt();  // nobody sleeps
  CHECK_FALSE(is_readable(waker->descriptor()));
}

TEST_CASE("after the close posts are refused, and those accepted before are handed out", "[loop][c319][c321]") {
  WakerPointer waker;
  Post a(1), b(2), late(3);
  REQUIRE(waker->post(&a));
  REQUIRE(waker->post(&b));
  CHECK(numbers(waker->close()) == std::vector<int>{1, 2});
  CHECK_FALSE(waker->post(&late));
  CHECK(waker->close() == nullptr);
}

TEST_CASE("a waker whose descriptor is full still wakes", "[loop][c352]") {
  WakerPointer waker;
  const std::uint64_t full = 0xffff'ffff'ffff'fffe;
  REQUIRE(::write(waker->descriptor(), &full, sizeof full) == sizeof full);
  CHECK(waker->fall_asleep());
  Post a(1);
  CHECK(waker->post(&a));  // its write gives EAGAIN
  CHECK(is_readable(waker->descriptor()));
  waker->drain_event();
  CHECK_FALSE(is_readable(waker->descriptor()));
  CHECK(numbers(waker->take_posts()) == std::vector<int>{1});
}

TEST_CASE("a signal is news until it is taken", "[loop]") {
  WakerPointer waker;
  CHECK_FALSE(waker->take_signal());
  waker->signal();
  CHECK(waker->has_news());
  CHECK_FALSE(waker->fall_asleep());
  CHECK(waker->take_signal());
  CHECK_FALSE(waker->take_signal());
  CHECK_FALSE(waker->has_news());
}

TEST_CASE("posts from several threads keep the order of each thread, and none is lost", "[loop][c320]") {
  constexpr int kThreads = 4;
  constexpr int kPosts = 5'000;
  WakerPointer waker;
  std::vector<std::unique_ptr<Post>> posts;
  for (int i = 0; i < kThreads * kPosts; ++i) posts.push_back(std::make_unique<Post>(i));
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kPosts; ++i) waker->post(posts[static_cast<std::size_t>(t * kPosts + i)].get());
    });
  }
  std::vector<int> last(kThreads, -1);
  int seen = 0;
  bool in_order = true;
  while (seen < kThreads * kPosts) {
    const std::vector<int> taken = numbers(waker->take_posts());
    if (taken.empty()) std::this_thread::yield();
    for (const int number : taken) {
      int& before = last[static_cast<std::size_t>(number / kPosts)];
      in_order = in_order && number % kPosts == before + 1;
      before = number % kPosts;
      ++seen;
    }
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(in_order);
}

TEST_CASE("a waker lives as long as somebody may post", "[loop][c319]") {
  auto loops_own = std::make_unique<WakerPointer>();
  WakerPointer copy(*loops_own);
  (*loops_own)->close();
  loops_own.reset();
  Post a(1);
  CHECK_FALSE(copy->post(&a));
}
