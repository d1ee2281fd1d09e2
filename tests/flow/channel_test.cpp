// Channel: order, capacity, rendezvous, closing of either end, clones, cancellation.
//
// What can be an item is in queue_items_test.cpp.
//
// SPDX-License-Identifier: MIT
#include <eddy/flow/channel.hpp>

#include "support/run.hpp"

#include <memory>
#include <random>

using namespace test;

namespace {

using Ints = std::vector<int>;
using Log = std::vector<std::string>;
using IntChannel = eddy::Channel<int>;

eddy::Task<> send_one(eddy::Sender<int> to, int item, Log& log) {
  try {
    co_await to.send(item);
    log.push_back("sent " + std::to_string(item));
  } catch (const eddy::ChannelClosed&) {
    log.push_back("refused " + std::to_string(item));
  }
}

eddy::Task<> receive_one(eddy::Receiver<int> from, Log& log, std::string name) {
  const auto item = co_await from.next();
  log.push_back(name + (item ? std::to_string(*item) : " end"));
}

eddy::Task<> receive_all(eddy::Receiver<int> from, Ints& got) {
  while (auto item = co_await from.next()) got.push_back(*item);
}

eddy::Task<> turns(int count) {
  for (int i = 0; i < count; ++i) co_await eddy::yield();
}

struct Item {
  explicit Item(int from) : number(from) {}
  int number;
  Tracked tracked;
};

}  // namespace

EDDY_TEST_CASE("a channel gives its items in the order of sending, then its end, again and again") {
  auto [sender, receiver] = eddy::channel<int>(8);
  for (int i = 0; i < 5; ++i) co_await sender.send(i);
  sender.close();
  Ints got;
  while (auto item = co_await receiver.next()) got.push_back(*item);
  CHECK(got == Ints{0, 1, 2, 3, 4});
  const auto again = co_await receiver.next();
  CHECK_FALSE(again.has_value());
  CHECK(receiver.closed());
}

EDDY_TEST_CASE("send waits while the channel is full, and receivers while it is empty", "[order]") {
  IntChannel ends(2);
  Log log;
  for (int i = 1; i <= 3; ++i) (void)eddy::create_task(send_one(ends.sender, i, log));
  co_await eddy::sleep(1h);
  CHECK(log == Log{"sent 1", "sent 2"});
  const auto first = co_await ends.receiver.next();
  CHECK(first == 1);
  CHECK(log.size() == 2);  // nothing ran inside next
  co_await test::settle();
  CHECK(log.back() == "sent 3");
  (void)ends.receiver.try_receive();
  (void)ends.receiver.try_receive();
  auto waiting = eddy::create_task(receive_one(ends.receiver, log, "got "));
  co_await eddy::sleep(1h);
  CHECK_FALSE(waiting.done());
  co_await ends.sender.send(4);
  co_await waiting;
  CHECK(log.back() == "got 4");
}

EDDY_TEST_CASE("with capacity zero send waits for a receiver, and hands over to one that waits", "[c281][c290]") {
  IntChannel ends(0);
  Log log;
  auto sender = eddy::create_task(send_one(ends.sender, 1, log));
  co_await eddy::sleep(1h);
  CHECK(log.empty());
  const auto item = co_await ends.receiver.next();
  CHECK(item == 1);
  CHECK(log.empty());
  co_await sender;
  CHECK(log == Log{"sent 1"});

  auto receiver = eddy::create_task(receive_one(ends.receiver, log, "got "));
  co_await eddy::sleep(1h);
  CHECK_FALSE(receiver.done());
  co_await ends.sender.send(2);  // does not wait: a receiver does
  CHECK(log.size() == 1);
  co_await receiver;
  CHECK(log == Log{"sent 1", "got 2"});
}

EDDY_TEST_CASE("with capacity zero try_send and try_receive need the other side to wait", "[c281][order]") {
  IntChannel ends(0);
  Log log;
  CHECK_FALSE(ends.sender.try_send(1));
  CHECK_FALSE(ends.receiver.try_receive().has_value());
  auto sender = eddy::create_task(send_one(ends.sender, 2, log));
  co_await test::settle();
  CHECK_FALSE(ends.sender.try_send(1));
  CHECK(ends.receiver.try_receive() == 2);
  CHECK_FALSE(ends.receiver.try_receive().has_value());
  co_await sender;
  auto a = eddy::create_task(receive_one(ends.receiver, log, "a"));
  auto b = eddy::create_task(receive_one(ends.receiver, log, "b"));
  co_await test::settle();
  CHECK(ends.sender.try_send(3));
  CHECK(ends.sender.try_send(4));
  CHECK_FALSE(ends.sender.try_send(5));
  co_await a;
  co_await b;
  CHECK(log == Log{"sent 2", "a3", "b4"});
}

EDDY_LOOP_TEST_CASE("each receiver that waits is handed an item, whatever the capacity", "[c281][order]") {
  for (const std::size_t capacity : {0U, 1U, 2U}) {
    run_virtual([capacity]() -> eddy::Task<> {
      IntChannel ends(capacity);
      Log log;
      std::vector<eddy::TaskHandle<>> tasks;
      for (int i = 0; i < 3; ++i) tasks.push_back(eddy::create_task(receive_one(ends.receiver, log, "")));
      co_await eddy::yield();
      int sent = 0;
      while (ends.sender.try_send(sent)) ++sent;
      CHECK(sent == 3 + static_cast<int>(capacity));
      co_await eddy::yield();
      CHECK(log == Log{"0", "1", "2"});
      ends.sender.close();
    });
  }
}

EDDY_TEST_CASE("several senders and receivers meet in the order of their arrival", "[c281][order]") {
  for (const std::size_t capacity : {0U, 1U}) {
    IntChannel ends(capacity);
    Log log;
    std::vector<eddy::TaskHandle<>> tasks;
    for (const char* name : {"a", "b", "c"}) tasks.push_back(eddy::create_task(receive_one(ends.receiver, log, name)));
    for (int i = 1; i <= 3; ++i) tasks.push_back(eddy::create_task(send_one(ends.sender, i, log)));
    for (auto& task : tasks) co_await task;
    Log received;
    for (const auto& line : log) {
      if (line.rfind("sent", 0) != 0) received.push_back(line);
    }
    CHECK(received == Log{"a1", "b2", "c3"});
  }
}

EDDY_TEST_CASE("an item sent to a waiting receiver cannot be stolen", "[c280]") {
  IntChannel ends(1);
  Log log;
  // What was just sent can be taken back, if nobody waits for it.
  CHECK(ends.sender.try_send(1));
  CHECK(ends.receiver.try_receive() == 1);
  auto waiting = eddy::create_task(receive_one(ends.receiver, log, "got "));
  co_await test::settle();
  CHECK(ends.sender.try_send(2));
  CHECK_FALSE(ends.receiver.try_receive().has_value());
  co_await waiting;
  CHECK(log == Log{"got 2"});
  // The same with a slot that was freed for a waiting sender.
  CHECK(ends.sender.try_send(3));
  auto sending = eddy::create_task(send_one(ends.sender, 4, log));
  co_await test::settle();
  CHECK(ends.receiver.try_receive() == 3);
  CHECK_FALSE(ends.sender.try_send(5));
  co_await sending;
  CHECK(ends.receiver.try_receive() == 4);
}

EDDY_LOOP_TEST_CASE("a receiver cancelled while it waits leaves, one cancelled after the hand-over gets its item",
                    "[c269][c270][order]") {
  for (const std::size_t capacity : {0U, 1U, 3U}) {
    run_virtual([capacity]() -> eddy::Task<> {
      IntChannel ends(capacity);
      Log log;
      auto a = eddy::create_task(receive_one(ends.receiver, log, "a"));
      auto b = eddy::create_task(receive_one(ends.receiver, log, "b"));
      co_await eddy::yield();
      a.cancel();
      CHECK(ends.sender.try_send(1));
      b.cancel();
      co_await eddy::yield();
      CHECK(a.cancelled());
      CHECK(log == Log{"b1"});
      CHECK_FALSE(ends.receiver.try_receive().has_value());
    });
  }
}

EDDY_LOOP_TEST_CASE("a sender cancelled while it waits lets the next one have the slot", "[c272][c285][order]") {
  for (const std::size_t capacity : {0U, 1U}) {
    run_virtual([capacity]() -> eddy::Task<> {
      IntChannel ends(capacity);
      Log log;
      if (capacity == 1) CHECK(ends.sender.try_send(0));
      auto a = eddy::create_task(send_one(ends.sender, 1, log));
      auto b = eddy::create_task(send_one(ends.sender, 2, log));
      co_await eddy::yield();
      a.cancel();
      if (capacity == 1) CHECK(ends.receiver.try_receive() == 0);
      CHECK(ends.receiver.try_receive() == 2);
      co_await turns(2);
      CHECK(a.cancelled());
      CHECK(log == Log{"sent 2"});
    });
  }
}

EDDY_LOOP_TEST_CASE("a sender cancelled in the turn in which its item was taken completes", "[c272][order]") {
  for (const std::size_t capacity : {0U, 1U}) {
    run_virtual([capacity]() -> eddy::Task<> {
      IntChannel ends(capacity);
      Log log;
      if (capacity == 1) CHECK(ends.sender.try_send(0));
      auto a = eddy::create_task(send_one(ends.sender, 1, log));
      co_await eddy::yield();
      CHECK(ends.receiver.try_receive() == (capacity == 1 ? 0 : 1));
      a.cancel();
      co_await turns(2);
      CHECK(log == Log{"sent 1"});
      CHECK(ends.receiver.try_receive().has_value() == (capacity == 1));
    });
  }
}

EDDY_TEST_CASE("a cancelled sender that was the last one lets the receivers see the end", "[c286]") {
  IntChannel ends(1);
  Log log;
  auto sender = eddy::create_task(
      [](eddy::Sender<int> to) -> eddy::Task<> {
        co_await to.send(1);
        co_await to.send(2);
      },
      std::move(ends.sender));
  co_await test::settle();
  sender.cancel();
  co_await test::settle();
  CHECK(sender.cancelled());
  Ints got;
  co_await receive_all(ends.receiver, got);
  CHECK(got == Ints{1});
}

EDDY_TEST_CASE("receivers that wait are woken with the end when the last sender goes", "[c282][c286][order]") {
  IntChannel ends(1);
  Log log;
  auto a = eddy::create_task(receive_one(ends.receiver, log, "a"));
  auto b = eddy::create_task(receive_one(ends.receiver, log, "b"));
  auto holder = eddy::create_task(
      [](eddy::Sender<int> held) -> eddy::Task<> {
        const auto kept = std::move(held);
        co_await eddy::sleep(24h);
      },
      std::move(ends.sender));
  co_await eddy::sleep(1h);
  CHECK(log.empty());
  holder.cancel();
  co_await test::settle(2);
  CHECK(log == Log{"a end", "b end"});
}

EDDY_TEST_CASE("a channel ends only when the last clone of its sender is closed", "[c282]") {
  IntChannel ends(4);
  eddy::Sender<int> second = ends.sender;
  auto third = std::make_unique<eddy::Sender<int>>(second);
  ends.sender.close();
  ends.sender.close();  // counts once
  co_await second.send(1);
  second.close();
  co_await third->send(2);
  CHECK(ends.receiver.try_receive() == 1);
  CHECK_FALSE(ends.receiver.closed());
  third.reset();
  CHECK_FALSE(ends.receiver.closed());  // an item is left
  Ints got;
  co_await receive_all(ends.receiver, got);
  CHECK(got == Ints{2});
  CHECK(ends.receiver.closed());
}

TEST_CASE("assigning and moving ends counts them rightly", "[c282]") {
  IntChannel one(1);
  IntChannel other(1);
  eddy::Sender<int> sender = one.sender;
  sender = other.sender;
  sender = std::move(other.sender);
  const eddy::Sender<int>& itself = sender;
  sender = itself;
  CHECK(other.sender.closed());  // NOLINT: moved from
  one.sender.close();
  CHECK(one.receiver.closed());
  CHECK_FALSE(other.receiver.closed());
  CHECK(sender.try_send(1));
  CHECK(other.receiver.try_receive() == 1);
  eddy::Receiver<int> receiver = other.receiver;
  receiver = one.receiver;
  CHECK_FALSE(sender.closed());
  other.receiver = std::move(receiver);
  CHECK(sender.closed());
}

EDDY_TEST_CASE("each item goes to one of the receiver's clones, and the channel lives until the last is closed",
               "[c282]") {
  IntChannel ends(2);
  Ints a, b;
  auto first = eddy::create_task(receive_all(ends.receiver, a));
  auto second = eddy::create_task(receive_all(ends.receiver, b));
  ends.receiver.close();
  for (int i = 0; i < 10; ++i) co_await ends.sender.send(i);
  first.cancel();
  co_await test::settle(2);
  CHECK(first.cancelled());
  for (int i = 10; i < 20; ++i) co_await ends.sender.send(i);
  ends.sender.close();
  co_await second;
  Ints all = a;
  all.insert(all.end(), b.begin(), b.end());
  CHECK(all.size() == 20);
  CHECK(b.size() >= 10);
}

EDDY_LOOP_TEST_CASE("when the last receiver goes, send throws ChannelClosed, also for those who wait", "[order]") {
  for (const std::size_t capacity : {0U, 1U}) {
    run_virtual([capacity]() -> eddy::Task<> {
      IntChannel ends(capacity);
      Log log;
      auto other = std::make_unique<eddy::Receiver<int>>(ends.receiver);
      if (capacity == 1) CHECK(ends.sender.try_send(0));
      (void)eddy::create_task(send_one(ends.sender, 1, log));
      (void)eddy::create_task(send_one(ends.sender, 2, log));
      co_await eddy::yield();
      ends.receiver.close();
      CHECK_FALSE(ends.sender.closed());
      co_await turns(2);
      CHECK(log.empty());
      other.reset();
      CHECK(ends.sender.closed());
      co_await eddy::yield();
      CHECK(log == Log{"refused 1", "refused 2"});
      co_await send_one(ends.sender, 3, log);
      CHECK(log.back() == "refused 3");
      CHECK_THROWS_AS(ends.sender.try_send(4), eddy::ChannelClosed);
      CHECK_THROWS_WITH(ends.sender.try_send(4), "eddy: the other end of the channel is closed");
    });
  }
}

EDDY_TEST_CASE("items that nobody received are destroyed with the last receiver", "[c284]") {
  auto ends = std::make_unique<eddy::Channel<Item>>(3);
  for (int i = 0; i < 3; ++i) CHECK(ends->sender.try_send(i));
  auto waiting = eddy::create_task(
      [](eddy::Sender<Item> to) -> eddy::Task<> {
        try {
          co_await to.send(3);
        } catch (const eddy::ChannelClosed&) {
        }
      },
      ends->sender);
  co_await test::settle();
  CHECK(Tracked::alive == 4);
  ends->receiver.close();
  CHECK(Tracked::alive == 1);
  co_await waiting;
  CHECK(Tracked::alive == 0);
}

TEST_CASE("items that nobody received are destroyed with both ends, whichever goes first", "[c284]") {
  for (const bool sender_first : {true, false}) {
    eddy::Channel<Item> ends(8);
    for (int i = 0; i < 5; ++i) CHECK(ends.sender.try_send(i));
    CHECK(Tracked::alive == 5);
    if (sender_first) ends.sender.close();
    CHECK(Tracked::alive == 5);
    ends.receiver.close();
    CHECK(Tracked::alive == 0);
  }
}

EDDY_TEST_CASE("an item that a receiver was promised reaches it although its end was closed", "[c270]") {
  IntChannel ends(4);
  Log log;
  auto waiting = eddy::create_task(
      [](const eddy::Receiver<int>& from, Log& lines) -> eddy::Task<> {
        const auto item = co_await from.next();
        lines.push_back(item ? std::to_string(*item) : "end");
      },
      std::cref(ends.receiver), std::ref(log));
  co_await test::settle();
  CHECK(ends.sender.try_send(1));
  CHECK(ends.sender.try_send(2));
  ends.receiver.close();
  ends.sender.close();
  co_await waiting;
  CHECK(log == Log{"1"});
}

EDDY_TEST_CASE("an end that is closed while it waits ends the wait, and the channel outlives it") {
  auto ends = std::make_unique<IntChannel>(0);
  Log log;
  auto receiving = eddy::create_task(
      [](const eddy::Receiver<int>& from, Log& lines) -> eddy::Task<> {
        const auto item = co_await from.next();
        lines.push_back(item ? "item" : "end");
      },
      std::cref(ends->receiver), std::ref(log));
  co_await test::settle();
  ends.reset();
  co_await receiving;

  ends = std::make_unique<IntChannel>(0);
  auto sending = eddy::create_task(
      [](const eddy::Sender<int>& to, Log& lines) -> eddy::Task<> {
        try {
          co_await to.send(1);
        } catch (const eddy::ChannelClosed&) {
          lines.push_back("refused");
        }
      },
      std::cref(ends->sender), std::ref(log));
  co_await test::settle();
  ends.reset();
  co_await sending;
  CHECK(log == Log{"end", "refused"});
}

TEST_CASE("an end that was closed or moved from refuses to be used") {
  IntChannel ends(1);
  const eddy::Sender<int> moved = std::move(ends.sender);
  CHECK(ends.sender.closed());  // NOLINT: moved from
  CHECK_THROWS_AS(ends.sender.try_send(1), eddy::InvalidStateError);
  CHECK_THROWS_AS((void)ends.sender.send(1), eddy::InvalidStateError);
  CHECK(moved.try_send(1));
  ends.receiver.close();
  CHECK(ends.receiver.closed());
  CHECK_THROWS_AS((void)ends.receiver.try_receive(), eddy::InvalidStateError);
  CHECK_THROWS_AS((void)ends.receiver.next(), eddy::InvalidStateError);
}

EDDY_TEST_CASE("receive gives an item, and throws ChannelClosed at the end") {
  IntChannel ends(1);
  co_await ends.sender.send(1);
  ends.sender.close();
  const int item = co_await ends.receiver.receive();
  CHECK(item == 1);
  bool ended = false;
  try {
    (void)co_await ends.receiver.receive();
  } catch (const eddy::ChannelClosed&) {
    ended = true;
  }
  CHECK(ended);
}

TEST_CASE("an unbounded channel never makes a sender wait") {
  IntChannel ends(IntChannel::unbounded);
  for (int i = 0; i < 10'000; ++i) CHECK(ends.sender.try_send(i));
  CHECK(ends.receiver.try_receive() == 0);
}

EDDY_LOOP_TEST_CASE("an item may hold the ends of channels, its own one's included") {
  struct Message {
    explicit Message(eddy::Sender<int> to) : reply(std::move(to)) {}
    eddy::Sender<int> reply;
  };
  run_virtual([]() -> eddy::Task<> {
    eddy::Channel<Message> requests(2);
    IntChannel replies(2);
    auto server = eddy::create_task(
        [](eddy::Receiver<Message> from) -> eddy::Task<> {
          while (auto message = co_await from.next()) co_await message->reply.send(42);
        },
        std::move(requests.receiver));
    co_await requests.sender.send(replies.sender);
    const auto reply = co_await replies.receiver.next();
    CHECK(reply == 42);
    requests.sender.close();
    replies.sender.close();
    co_await server;
    const auto end = co_await replies.receiver.next();
    CHECK_FALSE(end.has_value());
  });
  struct Own {
    explicit Own(eddy::Sender<Own> to) : back(std::move(to)) {}
    eddy::Sender<Own> back;
  };
  eddy::Channel<Own> ends(4);
  for (int i = 0; i < 3; ++i) CHECK(ends.sender.try_send(ends.sender));
  ends.sender.close();
  ends.receiver.close();  // destroys the items, and with them the last senders
}

EDDY_LOOP_TEST_CASE("random programs of send, receive, cancel and close lose and double no item of a channel", "[large]") {
  for (unsigned seed = 0; seed < 100; ++seed) {
    INFO("seed " << seed);
    run_virtual([seed]() -> eddy::Task<> {
      std::mt19937 random(seed);
      auto below = [&random](unsigned limit) { return static_cast<unsigned>(random() % limit); };
      IntChannel ends(seed % 4);
      Ints got;
      Log log;
      std::vector<eddy::TaskHandle<>> tasks;
      int next = 0;
      auto receive = [](eddy::Receiver<int> from, Ints& items) -> eddy::Task<> {
        if (auto item = co_await from.next()) items.push_back(*item);
      };
      for (int step = 0; step < 300; ++step) {
        switch (below(7)) {
          case 0:
          case 1:
            tasks.push_back(eddy::create_task(send_one(ends.sender, next++, log)));
            break;
          case 2:
          case 3:
            tasks.push_back(eddy::create_task(receive(ends.receiver, got)));
            break;
          case 4:
            if (ends.sender.try_send(next)) log.push_back("sent " + std::to_string(next));
            ++next;
            break;
          case 5:
            if (!tasks.empty()) tasks[below(static_cast<unsigned>(tasks.size()))].cancel();
            break;
          default:
            co_await eddy::yield();
            break;
        }
      }
      co_await eddy::testing::wait_all_tasks_blocked();
      while (auto item = ends.receiver.try_receive()) got.push_back(*item);
      co_await eddy::testing::wait_all_tasks_blocked();
      ends.sender.close();
      co_await eddy::testing::wait_all_tasks_blocked();
      for (auto& task : tasks) CHECK(task.done());
      CHECK(got.size() == log.size());
      std::vector<int> seen(static_cast<std::size_t>(next), 0);
      for (const int item : got) ++seen[static_cast<std::size_t>(item)];
      for (const auto& line : log) ++seen[static_cast<std::size_t>(std::stoi(line.substr(5)))];
      for (const int times : seen) REQUIRE((times == 0 || times == 2));
    });
  }
}

EDDY_TEST_CASE("send and receive of a channel can be given a time limit as they are") {
  IntChannel ends(0);
  int timed_out = 0;
  try {
    co_await eddy::wait_for(ends.sender.send(1), 1s);
  } catch (const eddy::TimeoutError&) {
    ++timed_out;
  }
  try {
    (void)co_await eddy::wait_for(ends.receiver.next(), 1s);
  } catch (const eddy::TimeoutError&) {
    ++timed_out;
  }
  try {
    (void)co_await eddy::wait_for(ends.receiver.receive(), 1s);
  } catch (const eddy::TimeoutError&) {
    ++timed_out;
  }
  CHECK(timed_out == 3);
  const auto [item, sent] = co_await eddy::gather(ends.receiver.receive(), ends.sender.send(2));
  CHECK(item == 2);
  (void)sent;
}

EDDY_TEST_CASE("a send and a receive that wait to be awaited keep a channel whose ends are gone") {
  std::optional<IntChannel> ends(1);
  auto send = eddy::wait_for(ends->sender.send(1), 1s);
  auto next = eddy::wait_for(ends->receiver.next(), 1s);
  ends.reset();
  bool refused = false;
  try {
    co_await std::move(send);
  } catch (const eddy::ChannelClosed&) {
    refused = true;
  }
  CHECK(refused);
  const auto item = co_await std::move(next);
  CHECK_FALSE(item);
}

EDDY_TEST_CASE("a copy of an end that was closed is closed, and closing an end twice does nothing") {
  IntChannel ends(1);
  const auto& [sender, receiver] = ends;
  eddy::Sender<int> second = sender;
  second.close();
  second.close();
  const eddy::Sender<int> closed_sender = second;
  CHECK(closed_sender.closed());
  CHECK(sender.try_send(3));
  eddy::Receiver<int> other = receiver;
  other.close();
  other.close();
  const eddy::Receiver<int> closed_receiver = other;
  CHECK(closed_receiver.closed());
  CHECK(receiver.try_receive() == 3);
  co_return;
}
