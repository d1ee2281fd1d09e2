// What can be an item of a queue or a channel, and that none is lost, leaked or destroyed twice.
//
// SPDX-License-Identifier: MIT
#include <eddy/flow/channel.hpp>
#include <eddy/flow/queue.hpp>

#include "support/run.hpp"

#include <memory>
#include <optional>

using namespace test;

namespace {

using Ints = std::vector<int>;

// Cannot be made without a number, copied or assigned.
struct Ticket {
  explicit Ticket(int from) : number(from) {}
  Ticket(Ticket&&) noexcept = default;
  Ticket(const Ticket&) = delete;
  Ticket& operator=(Ticket&&) = delete;
  ~Ticket() = default;
  const int number;
  Tracked tracked;
};

// Throws when it is moved for the n-th time from now; 0: never.
struct Fragile {
  static inline int moves_left = 0;
  explicit Fragile(int from) : number(from) {}
  Fragile(Fragile&& other) : number(other.number) {
    if (moves_left > 0 && --moves_left == 0) throw std::runtime_error("moved once too often");
    other.number = -1;
  }
  Fragile(const Fragile&) = delete;
  Fragile& operator=(Fragile&&) = delete;
  ~Fragile() = default;
  bool operator<(const Fragile& other) const { return number < other.number; }
  int number;
  Tracked tracked;
};

struct Request {  // an aggregate
  int id;
  std::string url;
};

template <class Q>
eddy::Task<int> number_from(Q& queue) {
  const auto item = co_await queue.get();
  co_return item.number;
}

template <class Q>
void check_tickets() {
  run_virtual([]() -> eddy::Task<> {
    Q queue(2);
    co_await queue.put(Ticket(1));
    co_await queue.put(std::in_place, 2);
    auto putter = eddy::create_task([](Q& q) -> eddy::Task<> { co_await q.put(3); }, std::ref(queue));
    co_await eddy::yield();
    CHECK(Tracked::alive == 3);
    int sum = 0;
    for (int i = 0; i < 3; ++i) sum += co_await number_from(queue);
    CHECK(sum == 6);
    co_await putter;
    CHECK(Tracked::alive == 0);
    queue.put_nowait(Ticket(4));
    queue.put_nowait(5);
  });
  CHECK(Tracked::alive == 0);
}

// Lets each single move of this story fail in turn. Whatever fails, every item is got once or its putter was told.
template <class Q>
void check_fragile() {
  bool failed = true;
  for (int n = 1; failed; ++n) {
    failed = false;
    run_virtual([n, &failed]() -> eddy::Task<> {
      Q queue(2);
      int accepted = 0;
      Ints got;
      auto put = [](Q& q, int number, int& count, bool& told) -> eddy::Task<> {
        try {
          co_await q.put(std::in_place, number);
          ++count;
        } catch (const std::runtime_error&) {
          told = true;
        }
      };
      auto get = [](Q& q, Ints& numbers, bool& told) -> eddy::Task<> {
        for (bool done = false; !done;) {
          try {
            const Fragile item = co_await q.get();
            numbers.push_back(item.number);
            done = true;
          } catch (const std::runtime_error&) {
            told = true;
          }
        }
      };
      Fragile::moves_left = n;
      std::vector<eddy::TaskHandle<>> tasks;
      for (int i = 0; i < 2; ++i) tasks.push_back(eddy::create_task(get(queue, got, failed)));
      co_await eddy::yield();
      for (int i = 0; i < 12; ++i) tasks.push_back(eddy::create_task(put(queue, i, accepted, failed)));
      co_await eddy::yield();
      for (int i = 0; i < 6; ++i) tasks.push_back(eddy::create_task(get(queue, got, failed)));
      for (int i = 0; i < 10; ++i) co_await eddy::yield();
      Fragile::moves_left = 0;
      while (!queue.empty()) {
        co_await get(queue, got, failed);
        co_await eddy::yield();
      }
      for (auto& task : tasks) CHECK(task.done());
      CHECK(static_cast<int>(got.size()) == accepted);
      long mask = 0;
      for (const int number : got) {
        REQUIRE(number >= 0);  // not the shell of one that was moved
        CHECK((mask & (1L << number)) == 0);
        mask |= 1L << number;
      }
    });
    CHECK(Tracked::alive == 0);
  }
}

}  // namespace

TEST_CASE("queues take items that can be neither copied, assigned nor made without arguments", "[c287][c289]") {
  check_tickets<eddy::Queue<Ticket>>();
  check_tickets<eddy::LifoQueue<Ticket>>();
  struct ByNumber {
    bool operator()(const Ticket& a, const Ticket& b) const { return a.number < b.number; }
  };
  check_tickets<eddy::PriorityQueue<Ticket, ByNumber>>();
}

EDDY_LOOP_TEST_CASE("a channel takes items that can be neither copied, assigned nor made without arguments",
                    "[c287][c289]") {
  for (const std::size_t capacity : {0U, 1U, 4U}) {
    run_virtual([capacity]() -> eddy::Task<> {
      eddy::Channel<Ticket> ends(capacity);
      auto sender = eddy::create_task(
          [](eddy::Sender<Ticket> to) -> eddy::Task<> {
            co_await to.send(Ticket(1));
            co_await to.send(std::in_place, 2);
            co_await to.send(3);
          },
          std::move(ends.sender));
      Ints got;
      while (auto item = co_await ends.receiver.next()) got.push_back(item->number);
      CHECK(got == Ints{1, 2, 3});
      co_await sender;
    });
    CHECK(Tracked::alive == 0);
  }
}

TEST_CASE("a move that throws loses no item of a queue", "[c287]") {
  check_fragile<eddy::Queue<Fragile>>();
  check_fragile<eddy::LifoQueue<Fragile>>();
  check_fragile<eddy::PriorityQueue<Fragile>>();
}

EDDY_TEST_CASE("a move that throws when an item is got leaves it in the queue", "[c287]") {
  eddy::Queue<Fragile> queue;
  queue.put_nowait(1);
  Fragile::moves_left = 1;
  CHECK_THROWS_WITH(queue.get_nowait(), "moved once too often");
  CHECK(queue.qsize() == 1);
  const int number = co_await number_from(queue);
  CHECK(number == 1);
}

EDDY_LOOP_TEST_CASE("a move that throws when an item is received leaves it in the channel", "[c287]") {
  for (const std::size_t capacity : {0U, 1U}) {
    run_virtual([capacity]() -> eddy::Task<> {
      eddy::Channel<Fragile> ends(capacity);
      auto sender = eddy::create_task([](eddy::Sender<Fragile> to) -> eddy::Task<> { co_await to.send(1); },
                                      std::move(ends.sender));
      co_await eddy::yield();
      Fragile::moves_left = 1;
      bool told = false;
      try {
        (void)co_await ends.receiver.next();
      } catch (const std::runtime_error&) {
        told = true;
      }
      CHECK(told);
      const auto item = co_await ends.receiver.next();
      REQUIRE(item.has_value());
      CHECK(item->number == 1);
      const auto end = co_await ends.receiver.next();
      CHECK_FALSE(end.has_value());
      co_await sender;
    });
    CHECK(Tracked::alive == 0);
  }
}

EDDY_LOOP_TEST_CASE("an item that cannot be made for put leaves the queue as it was", "[c287]") {
  struct Picky {
    explicit Picky(int from) {
      if (from < 0) throw std::invalid_argument("negative");
    }
  };
  run_virtual([]() -> eddy::Task<> {
    eddy::Queue<Picky> queue;
    CHECK_THROWS_AS(queue.put_nowait(-1), std::invalid_argument);
    bool told = false;
    try {
      co_await queue.put(-1);
    } catch (const std::invalid_argument&) {
      told = true;
    }
    CHECK(told);
    CHECK(queue.qsize() == 0);
    co_await queue.join();
  });
}

TEST_CASE("put_nowait and try_send that are refused do not move from the item", "[c287]") {
  eddy::Queue<std::unique_ptr<int>> queue(1);
  queue.put_nowait(nullptr);
  auto item = std::make_unique<int>(1);
  CHECK_THROWS_AS(queue.put_nowait(std::move(item)), eddy::QueueFull);
  CHECK(item != nullptr);
  const eddy::Channel<std::unique_ptr<int>> ends(0);
  const bool sent = ends.sender.try_send(std::move(item));
  CHECK_FALSE(sent);
  CHECK(item != nullptr);
}

EDDY_TEST_CASE("aggregates are put by their members, or when they have a name") {
  const std::string url = "https://example.org/a/path/that/is/too/long/for/the/small/buffer";
  eddy::Queue<Request> queue;
  co_await queue.put(std::in_place, 1, url);
  Request named{2, url};
  co_await queue.put(named);
  co_await queue.put(std::in_place, std::move(named));
  queue.put_nowait({3, url});
  queue.put_nowait(Request{4, url});
  int sum = 0;
  while (!queue.empty()) {
    const Request request = co_await queue.get();
    CHECK(request.url == url);
    sum += request.id;
  }
  CHECK(sum == 12);
  const auto [sender, receiver] = eddy::channel<Request>(1);
  co_await sender.send(std::in_place, 5, url);
  const auto request = co_await receiver.next();
  CHECK(request->url == url);
}

EDDY_TEST_CASE("items are made from whatever the item's type is made from, once") {
  eddy::Queue<std::string> words;
  co_await words.put("one");
  co_await words.put(std::in_place, std::size_t{3}, '2');
  const char* three = "three";
  co_await words.put(three);
  words.put_nowait("four");
  std::string all;
  while (!words.empty()) all += co_await words.get() + " ";
  CHECK(all == "one 222 three four ");
  eddy::Queue<std::optional<int>> maybes;
  co_await maybes.put(std::nullopt);
  co_await maybes.put(1);
  const auto none = co_await maybes.get();
  CHECK_FALSE(none.has_value());
  const auto one = co_await maybes.get();
  CHECK(one == 1);
}

EDDY_TEST_CASE("a channel of optionals tells an empty item from its end") {
  eddy::Channel<std::optional<int>> ends(2);
  co_await ends.sender.send(std::nullopt);
  ends.sender.close();
  const auto item = co_await ends.receiver.next();
  REQUIRE(item.has_value());
  CHECK_FALSE(item->has_value());
  const auto end = co_await ends.receiver.next();
  CHECK_FALSE(end.has_value());
}

TEST_CASE("a queue that is destroyed destroys its items once", "[c284]") {
  {
    eddy::Queue<Ticket> queue;
    eddy::LifoQueue<Ticket> lifo;
    for (int i = 0; i < 20; ++i) {
      queue.put_nowait(i);
      lifo.put_nowait(i);
      if (i % 3 == 0) (void)queue.get_nowait();
    }
    CHECK(Tracked::alive == 33);
  }
  CHECK(Tracked::alive == 0);
}

EDDY_TEST_CASE("a cancelled putter's item is destroyed with its frame", "[c272][c284]") {
  eddy::Queue<Ticket> queue(1);
  queue.put_nowait(1);
  auto putter = eddy::create_task([](eddy::Queue<Ticket>& q) -> eddy::Task<> { co_await q.put(2); }, std::ref(queue));
  co_await test::settle();
  CHECK(Tracked::alive == 2);
  putter.cancel();
  co_await test::settle();
  CHECK(Tracked::alive == 1);
  CHECK(queue.get_nowait().number == 1);
  CHECK(queue.empty());
}

TEST_CASE("over-aligned items stand where they must") {
  struct alignas(64) Wide {
    explicit Wide(int from) : number(from) {}
    int number;
  };
  eddy::Queue<Wide> queue;
  eddy::LifoQueue<Wide> lifo;
  int sum = 0;
  for (int i = 0; i < 40; ++i) {
    queue.put_nowait(i);
    lifo.put_nowait(i);
  }
  while (!queue.empty()) sum += queue.get_nowait().number + lifo.get_nowait().number;
  CHECK(sum == 2 * 780);
}

EDDY_TEST_CASE("a move that throws when a woken getter takes its item leaves the item to the next one", "[c287][order]") {
  eddy::Queue<Fragile> queue;
  Ints got;
  const auto gets = [](eddy::Queue<Fragile>& from, Ints& to) -> eddy::Task<> {
    int number = -1;
    try {
      const auto item = co_await from.get();
      number = item.number;
    } catch (const std::runtime_error&) {
    }
    to.push_back(number);
  };
  auto first = eddy::create_task(gets(queue, got));
  auto second = eddy::create_task(gets(queue, got));
  co_await test::settle();
  queue.put_nowait(1);
  Fragile::moves_left = 1;
  co_await first;
  co_await eddy::timeout(1s, second);
  CHECK(got == Ints{-1, 1});
}

EDDY_TEST_CASE("the error of an item that could not be let in is thrown by its put, and goes with it", "[c287]") {
  struct Complaint {
    Tracked tracked;
  };
  struct Complains {
    bool operator()(int a, int b) const {
      if (a == 3 || b == 3) throw Complaint();
      return a < b;
    }
  };
  using Items = eddy::PriorityQueue<int, Complains>;
  const int before = Tracked::alive;
  bool told = false;
  {
    Items queue(2);
    queue.put_nowait(1);
    queue.put_nowait(2);
    const auto puts = [](Items& to, bool& thrown) -> eddy::Task<> {
      try {
        co_await to.put(3);
      } catch (const Complaint&) {
        thrown = true;
      }
    };
    auto putter = eddy::create_task(puts(queue, told));
    co_await test::settle();
    CHECK(queue.get_nowait() == 1);
    co_await putter;
    CHECK(queue.qsize() == 1);
  }
  CHECK(told);
  CHECK(Tracked::alive == before);
}
