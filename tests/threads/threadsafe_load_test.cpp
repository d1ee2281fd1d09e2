// Tests of eddy/threads/threadsafe.hpp and of call_soon_threadsafe under load, while the loop closes: what was accepted comes
// to its end, what was refused was told so, and the counts add up. Under sanitizers there is less of everything.
//
// SPDX-License-Identifier: MIT
#include <eddy/threads.hpp>

#include "support/gate.hpp"
#include "support/work.hpp"

#include <atomic>
#include <optional>
#include <string>
#include <thread>
#include <vector>

using namespace test;

namespace {

#if defined(EDDY_ASAN) || defined(EDDY_TSAN)
constexpr int kSlower = 20;  // a sanitizer makes each post, and each refusal, that much slower
#else
constexpr int kSlower = 1;
#endif

constexpr int kThreads = 8;

// What became of the posts.
struct Counts {
  std::atomic<int> made{0};
  std::atomic<int> accepted{0};
  std::atomic<int> refused{0};
  std::atomic<int> ran{0};
  std::atomic<int> dropped{0};  // destroyed without having run
  std::atomic<int> alive{0};
};

// A callback that tells how it ends.
class Post {
 public:
  explicit Post(Counts& counts) : counts_(&counts) { ++counts_->alive; }
  Post(Post&& other) noexcept : counts_(std::exchange(other.counts_, nullptr)) {}
  Post& operator=(Post&&) = delete;
  ~Post() {
    if (counts_ == nullptr) return;
    --counts_->alive;
    if (!ran_) ++counts_->dropped;
  }
  void operator()() {
    ran_ = true;
    ++counts_->ran;
  }

 private:
  Counts* counts_;
  bool ran_ = false;
};

// Posts until it was refused a hundred times, with never more than some thousands ahead of the loop.
void post_many(eddy::EventLoop& loop, Counts& counts) {
  int refusals = 0;
  while (refusals < 100) {
    while (counts.alive > 5000) std::this_thread::yield();
    ++counts.made;
    try {
      loop.call_soon_threadsafe(Post(counts));
      ++counts.accepted;
      if (refusals > 0) return;  // accepted after a refusal: the counts will not add up
    } catch (const eddy::LoopClosed&) {
      ++refusals;
      ++counts.refused;
    }
  }
}

void check(const Counts& counts) {
  CHECK(counts.made == counts.accepted + counts.refused);
  CHECK(counts.refused % 100 == 0);  // once refused, always refused
  CHECK(counts.alive == 0);
  CHECK(counts.ran + counts.dropped == counts.accepted + counts.refused);
}

}  // namespace

TEST_CASE("two million posts of eight threads run or end with the loop that closes meanwhile, or are refused",
          "[real][c320][c321][deep]") {
  constexpr int kPosts = 2'000'000 / kSlower;
  Counts counts;
  eddy::EventLoop loop;
  std::vector<std::jthread> threads;
  for (int i = 0; i < kThreads; ++i) threads.emplace_back([&] { post_many(loop, counts); });
  // Runs that many, and closes while all threads go on.
  const auto main = [&]() -> eddy::Task<> {
    while (counts.ran < kPosts) co_await eddy::yield();
  };
  loop.run_until_complete(main());
  loop.close();
  threads.clear();
  CHECK(counts.accepted >= kPosts);
  CHECK(counts.refused == kThreads * 100);
  CHECK(counts.dropped >= counts.refused);
  check(counts);
}

TEST_CASE("posts of eight threads race with the end of run, wherever it has got to", "[real][c321]") {
  for (int round = 0; round < (kSlower > 1 ? 5 : 20); ++round) {
    Counts counts;
    std::vector<std::jthread> threads;
    {
      eddy::Runner runner;
      const auto main = [&]() -> eddy::Task<> {
        eddy::EventLoop& loop = eddy::get_running_loop();
        for (int i = 0; i < kThreads; ++i) threads.emplace_back([&] { post_many(loop, counts); });
        const auto cleanup = []() -> eddy::Task<> { co_await eddy::sleep(100us); };
        const auto waits = []() -> eddy::Task<> { co_await eddy::sleep(1h); };
        const auto leftover = [&]() -> eddy::Task<> { co_await eddy::try_finally(waits(), cleanup); };
        (void)eddy::create_task(leftover());
        co_await eddy::sleep(std::chrono::microseconds(50 * round));
      };
      runner.run(main());
      runner.close();
      threads.clear();  // the loop must outlive the calls
    }
    CHECK(counts.refused == kThreads * 100);
    check(counts);
  }
}

TEST_CASE("every coroutine that eight threads give to a loop which closes meanwhile is refused or ends", "[real][c316][c321]") {
  for (int round = 0; round < (kSlower > 1 ? 4 : 10); ++round) {
    constexpr int kCoroutines = 1000 / (kSlower > 1 ? 5 : 1);
    std::atomic<int> values{0};
    std::atomic<int> cancelled{0};
    std::atomic<int> closed{0};
    std::atomic<int> refused{0};
    std::atomic<int> wrong{0};
    std::atomic<int> alive{0};
    struct Alive {
      explicit Alive(std::atomic<int>& count) : counter(count) { ++counter; }
      Alive(const Alive&) = delete;
      Alive& operator=(const Alive&) = delete;
      ~Alive() { --counter; }
      std::atomic<int>& counter;
    };
    const auto work = [](int value, std::atomic<int>& count) -> eddy::Task<int> {
      const Alive guard(count);
      if (value % 3 == 1) co_await eddy::yield();
      if (value % 3 == 2) co_await eddy::sleep(200us);
      co_return value;
    };
    std::vector<std::jthread> threads;
    {
      eddy::Runner runner;
      const auto main = [&]() -> eddy::Task<> {
        eddy::EventLoop& loop = eddy::get_running_loop();
        for (int thread = 0; thread < kThreads; ++thread) {
          threads.emplace_back([&] {
            std::vector<eddy::ThreadsafeFuture<int>> futures;
            int i = 0;
            for (; i < kCoroutines; ++i) {
              try {
                futures.push_back(eddy::run_coroutine_threadsafe(loop, work, i, std::ref(alive)));
                if (i % 5 == 4) futures.back().cancel();
              } catch (const eddy::LoopClosed&) {
                ++refused;
              }
            }
            for (std::size_t each = 0; each < futures.size(); ++each) {
              try {
                if (futures[each].get() == static_cast<int>(each)) {
                  ++values;
                } else {
                  ++wrong;
                }
              } catch (const eddy::CancelledError&) {
                ++cancelled;
              } catch (const eddy::LoopClosed&) {
                ++closed;
              }
            }
          });
        }
        co_await eddy::sleep(std::chrono::microseconds(500 * round));
      };
      runner.run(main());
      runner.close();
      threads.clear();
    }
    CHECK(values + cancelled + closed + refused == kThreads * kCoroutines);
    CHECK(wrong == 0);
    CHECK(alive == 0);
  }
}
