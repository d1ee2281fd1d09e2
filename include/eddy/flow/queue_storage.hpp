// Where a queue keeps its items: RingBuffer (first in, first out), Stack (last in, first out), PriorityHeap (best first).
//
// All three have size, push, take and keep, and with `reserve` make the space that a push needs. They keep the memory
// that they once needed, so nothing is allocated in steady state, and an operation that throws leaves everything as it
// was: no item is lost.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/flow/stored_item.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace eddy::inline EDDY_ABI::detail {

// A circular buffer whose capacity is a power of two and doubles when it is full.
template <class T>
class RingBuffer {
 public:
  using Item = StoredItem<T>;

  RingBuffer() noexcept = default;
  RingBuffer(const RingBuffer&) = delete;
  RingBuffer& operator=(const RingBuffer&) = delete;
  ~RingBuffer() {
    for (; head_ != tail_; ++head_) std::destroy_at(slot(head_));
    if (capacity_ != 0) std::allocator<Item>().deallocate(items_, capacity_);
  }

  [[nodiscard]] std::size_t size() const noexcept { return tail_ - head_; }

  [[nodiscard]] bool has_space() const noexcept { return size() != capacity_; }
  void reserve() {
    if (!has_space()) grow();
  }
  // Adds an item behind all others; there is space.
  void push(Item&& item) noexcept {
    std::construct_at(slot(tail_), std::move(item));
    ++tail_;
  }
  // Takes the oldest item out, as a Result.
  template <class Result>
  Result take() {
    Result result = result_from<Result>(slot(head_)->get());
    std::destroy_at(slot(head_++));
    return result;
  }
  // Destroys all but the `count` oldest items. A destructor finds the buffer whole.
  void keep(std::size_t count) noexcept {
    while (size() > count) {
      const Item dropped(std::move(*slot(tail_ - 1)));
      std::destroy_at(slot(--tail_));
    }
  }

 private:
  static constexpr std::size_t kFirstCapacity = 8;

  [[nodiscard]] Item* slot(std::size_t index) const noexcept { return items_ + (index & mask_); }

  EDDY_NOINLINE void grow() {
    const std::size_t larger = capacity_ == 0 ? kFirstCapacity : capacity_ * 2;
    Item* items = std::allocator<Item>().allocate(larger);
    const std::size_t count = size();
    for (std::size_t i = 0; i < count; ++i) {
      Item* old = slot(head_ + i);
      std::construct_at(items + i, std::move(*old));
      std::destroy_at(old);
    }
    if (capacity_ != 0) std::allocator<Item>().deallocate(items_, capacity_);
    items_ = items;
    capacity_ = larger;
    mask_ = larger - 1;
    head_ = 0;
    tail_ = count;
  }

  Item* items_ = nullptr;
  std::size_t capacity_ = 0;
  std::size_t mask_ = 0;  // capacity_ - 1, once there is a capacity
  std::size_t head_ = 0;  // both only count up; the slot is the index modulo the capacity
  std::size_t tail_ = 0;
};

template <class T>
class Stack {
 public:
  using Item = StoredItem<T>;

  [[nodiscard]] std::size_t size() const noexcept { return items_.size(); }
  [[nodiscard]] bool has_space() const noexcept { return items_.size() != items_.capacity(); }
  void reserve() noexcept {}  // `push` does
  void push(Item&& item) { items_.push_back(std::move(item)); }
  template <class Result>
  Result take() {
    Result result = result_from<Result>(items_.back().get());
    items_.pop_back();
    return result;
  }
  void keep(std::size_t count) {
    std::vector<Item> kept;
    kept.reserve(count);
    for (std::size_t i = size() - count; i < size(); ++i) kept.push_back(std::move(items_[i]));
    items_.swap(kept);
  }

 private:
  std::vector<Item> items_;
};

// A binary heap of items and the order of their arrival, which decides between equals. Every comparison of an
// operation is made before anything moves, so a comparison may throw.
template <class T, class Compare>
class PriorityHeap {
 public:
  using Item = StoredItem<T>;

  explicit PriorityHeap(Compare compare = Compare()) : compare_(std::move(compare)) {}

  [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }
  [[nodiscard]] bool has_space() const noexcept { return entries_.size() != entries_.capacity(); }
  void reserve() noexcept {}  // `push` does

  void push(Item&& item) {
    std::size_t place = size();
    while (place > 0 && compare_(std::as_const(item.get()), std::as_const(entries_[parent(place)].item.get())))
      place = parent(place);
    entries_.emplace_back(std::move(item), arrivals_);
    ++arrivals_;
    raise_last(place);
  }
  template <class Result>
  Result take() {
    const std::size_t place = place_of_last();
    Result result = result_from<Result>(entries_.front().item.get());
    (void)remove_first(place);
    return result;
  }
  // Destroys all but the `count` best items.
  void keep(std::size_t count) {
    std::vector<Entry> kept;
    kept.reserve(count);
    try {
      while (kept.size() < count) kept.push_back(remove_first(place_of_last()));
    } catch (...) {
      for (; !kept.empty(); kept.pop_back()) {  // the best are put back, which takes no comparison
        entries_.push_back(std::move(kept.back()));
        raise_last(0);
      }
      throw;
    }
    entries_.swap(kept);  // in ascending order, which is a heap
  }

 private:
  struct Entry {
    Entry(Item&& from, std::uint64_t number) noexcept : item(std::move(from)), arrival(number) {}
    Item item;
    std::uint64_t arrival;
  };

  static std::size_t parent(std::size_t index) noexcept { return (index - 1) / 2; }
  [[nodiscard]] bool before(Entry& a, Entry& b) {
    if (compare_(std::as_const(a.item.get()), std::as_const(b.item.get()))) return true;
    return a.arrival < b.arrival && !compare_(std::as_const(b.item.get()), std::as_const(a.item.get()));
  }
  // Where the last entry goes once the first is out: down along the smaller children.
  [[nodiscard]] std::size_t place_of_last() {
    const std::size_t last = size() - 1;
    std::size_t place = 0;
    for (std::size_t child = 1; child < last; child = 2 * place + 1) {
      if (child + 1 < last && before(entries_[child + 1], entries_[child])) ++child;
      if (!before(entries_[child], entries_[last])) break;
      place = child;
    }
    return place;
  }
  // Moves the last entry up to `place`, one of its ancestors, and those on the way down.
  void raise_last(std::size_t place) noexcept {
    std::size_t hole = size() - 1;
    if (hole == place) return;
    Entry entry = std::move(entries_[hole]);
    for (; hole != place; hole = parent(hole)) entries_[hole] = std::move(entries_[parent(hole)]);
    entries_[place] = std::move(entry);
  }
  // Puts the last entry into `place`; everything on the way there moves up, and the first one out.
  Entry remove_first(std::size_t place) noexcept {
    Entry moving = std::move(entries_.back());
    entries_.pop_back();
    if (entries_.empty()) return moving;
    for (;; place = parent(place)) {
      std::swap(moving, entries_[place]);
      if (place == 0) return moving;
    }
  }

  std::vector<Entry> entries_;
  std::uint64_t arrivals_ = 0;
  [[no_unique_address]] Compare compare_;
};

}  // namespace eddy::inline EDDY_ABI::detail
