// Channel: each item is received once, in order, and both sides learn when nobody is left at the other.
//
// SPDX-License-Identifier: MIT
#include "items.hpp"

#include <optional>

namespace interleavings {

namespace {

enum Kind : unsigned char {
  kSend,
  kNext,
  kReceive,
  kTrySend,
  kTryReceive,
  kCloseSender,
  kCloseReceiver,
};

constexpr int kNone = -1;

// Which sender and which receiver an actor uses. Several may use the same one.
struct Ends {
  int sender = kNone;
  int receiver = kNone;
};

class ChannelSystem final : public ItemSystem {
 public:
  ChannelSystem(std::size_t capacity, std::vector<Ends> ends, Settings settings)
      : ItemSystem(capacity, true, std::move(settings)), capacity_(capacity), ends_(std::move(ends)) {}

 private:
  void make() override {
    make_items();
    senders_.clear();
    receivers_.clear();
    senders_.resize(count());
    receivers_.resize(count());
    eddy::Channel<Item> channel(capacity_);
    for (const Ends& ends : ends_) {
      if (ends.sender != kNone && !sender_at(ends.sender)) sender_at(ends.sender).emplace(channel.sender);
      if (ends.receiver != kNone && !receiver_at(ends.receiver)) receiver_at(ends.receiver).emplace(channel.receiver);
    }
  }
  void destroy() override {
    if (Item::alive != 0) fail("%d items outlive it, or were destroyed twice", Item::alive);
  }
  std::optional<eddy::Sender<Item>>& sender_at(int place) { return senders_[static_cast<std::size_t>(place)]; }
  std::optional<eddy::Receiver<Item>>& receiver_at(int place) { return receivers_[static_cast<std::size_t>(place)]; }
  [[nodiscard]] bool has_sender(std::size_t actor) const {
    return ends_[actor].sender != kNone && senders_[static_cast<std::size_t>(ends_[actor].sender)].has_value();
  }
  [[nodiscard]] bool has_receiver(std::size_t actor) const {
    return ends_[actor].receiver != kNone && receivers_[static_cast<std::size_t>(ends_[actor].receiver)].has_value();
  }
  template <class T>
  static bool any_of(const std::vector<std::optional<T>>& ends) {
    return std::any_of(ends.begin(), ends.end(), [](const auto& end) { return end.has_value(); });
  }

  eddy::Task<int> perform(std::size_t actor, Op op) override {
    try {
      switch (op.kind) {
        case kSend: {
          Item item(number(actor));
          count_item(actor);
          co_await sender_at(ends_[actor].sender)->send(std::move(item));
          break;
        }
        case kNext: {
          const std::optional<Item> item = co_await receiver_at(ends_[actor].receiver)->next();
          co_return item ? item->number() : kRefused;
        }
        case kReceive: {
          const Item item = co_await receiver_at(ends_[actor].receiver)->receive();
          co_return item.number();
        }
        case kTrySend: {
          Item item(number(actor));
          count_item(actor);
          co_return sender_at(ends_[actor].sender)->try_send(std::move(item)) ? kDone : kNo;
        }
        case kTryReceive: {
          const std::optional<Item> item = receiver_at(ends_[actor].receiver)->try_receive();
          co_return item ? item->number() : kNo;
        }
        case kCloseSender:
          close_sender(actor);
          break;
        default:
          close_receiver(actor);
          break;
      }
    } catch (const eddy::ChannelClosed&) {
      co_return kRefused;
    }
    co_return kDone;
  }
  void close_sender(std::size_t actor) {
    sender_at(ends_[actor].sender).reset();
    if (!any_of(senders_)) close_items();
  }
  void close_receiver(std::size_t actor) {
    receiver_at(ends_[actor].receiver).reset();
    if (any_of(receivers_)) return;
    close_items();
    drop_items();
  }
  [[nodiscard]] bool applies(std::size_t actor, Op op) const override {
    const bool sends = op.kind == kSend || op.kind == kTrySend || op.kind == kCloseSender;
    return sends ? has_sender(actor) : has_receiver(actor);
  }
  [[nodiscard]] bool may_wait(Op op) const override { return op.kind <= kReceive; }
  [[nodiscard]] bool holds(std::size_t actor) const override {
    return (has_sender(actor) && is_own(actor, &Ends::sender)) ||
           (has_receiver(actor) && is_own(actor, &Ends::receiver));
  }
  [[nodiscard]] bool is_own(std::size_t actor, int Ends::*end) const {
    return std::count_if(ends_.begin(), ends_.end(),
                         [&](const Ends& other) { return other.*end == ends_[actor].*end; }) == 1;
  }
  [[nodiscard]] const char* name(Op op) const override {
    constexpr const char* kNames[] = {
        "send", "next", "receive", "try_send", "try_receive", "close of the sender", "close of the receiver"};
    return kNames[op.kind];
  }

  void start(std::size_t actor, Op op) override {
    switch (op.kind) {
      case kSend:
        return start_put(actor);
      case kNext:
      case kReceive:
        return start_get(actor);
      case kTrySend:
        return start_put_nowait(actor);
      case kTryReceive:
        return start_get_nowait(actor, kNo);
      default:
        return now(actor, kDone);
    }
  }
  // Its own ends go with it.
  void drop(std::size_t actor) override {
    if (has_sender(actor) && is_own(actor, &Ends::sender)) close_sender(actor);
    if (has_receiver(actor) && is_own(actor, &Ends::receiver)) close_receiver(actor);
  }
  void compare(bool idle) override {
    if (idle) compare_items();
    for (const auto& sender : senders_) {
      if (sender && sender->closed() == any_of(receivers_)) fail("a sender's closed() is wrong");
    }
    for (const auto& receiver : receivers_) {
      if (receiver && receiver->closed() != (closed() && !has_item())) fail("a receiver's closed() is wrong");
    }
  }
  // What is left is received by the last one, if one that several actors use is open still.
  void audit() override {
    for (auto& receiver : receivers_) {
      while (receiver && has_item()) {
        const int expected = next_item();
        const std::optional<Item> item = receiver->try_receive();
        if (!item || item->number() != expected)
          fail("item %d is left in the place of %d", item ? item->number() : 0, expected);
      }
    }
    senders_.clear();
    receivers_.clear();
  }

  std::size_t capacity_;
  std::vector<Ends> ends_;
  std::vector<std::optional<eddy::Sender<Item>>> senders_;
  std::vector<std::optional<eddy::Receiver<Item>>> receivers_;
};

}  // namespace

void add_channels(std::vector<Plan>& plans) {
  const auto add = [&plans](const char* name, std::size_t capacity, std::vector<Ends> ends,
                            ActorSystem::Settings settings, unsigned depth, unsigned full_depth) {
    plans.push_back({std::string("channel/") + name,
                     std::make_unique<ChannelSystem>(capacity, std::move(ends), std::move(settings)), depth,
                     full_depth});
  };
  const Op send{kSend};
  const Op next{kNext};
  const Op limited_send{kSend, 1, Limit::some};
  const Op limited_next{kNext, 1, Limit::some};
  const std::vector<Ends> two_and_two{{0, kNone}, {1, kNone}, {kNone, 0}, {kNone, 1}};
  const std::vector<Ends> shared{{0, kNone}, {0, kNone}, {kNone, 0}, {kNone, 0}, {0, kNone}};
  add("rendezvous", 0, two_and_two, {{{send, send}, {send}, {next, next}, {next}}, 2}, 5, 8);
  add("one", 1, two_and_two, {{{send, send}, {send}, {next, next}, {{kReceive}}}, 2}, 6, 9);
  add("tries", 0, two_and_two,
      {{{send, {kTrySend}}, {{kTrySend}, send}, {next, {kTryReceive}}, {{kTryReceive}, next}}, 1}, 5, 8);
  add("limits", 0, two_and_two,
      {{{limited_send, send}, {limited_send}, {limited_next, next}, {{kNext, 1, Limit::zero}, limited_next}}, 1, 2}, 5,
      7);
  add("closes", 1, shared,
      {{{send, send, send}, {send, {kCloseSender}}, {next, next}, {next, {kCloseReceiver}}, {{kTrySend}}}, 1}, 5, 7);
  add("closed_rendezvous", 0, shared,
      {{{send, send}, {{kCloseSender}}, {{kReceive}, next}, {{kCloseReceiver}}, {limited_send}}, 2, 1}, 5, 8);
}

}  // namespace interleavings
