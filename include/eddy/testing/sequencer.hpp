// Sequencer: makes parts of several tasks run in a given order.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/error.hpp>
#include <eddy/sync/event.hpp>
#include <eddy/task/task.hpp>

#include <cstddef>
#include <limits>
#include <map>
#include <string>
#include <utility>

namespace eddy::inline EDDY_ABI::testing {

class Sequencer;

/// A task's turn in a Sequencer. When it is destroyed the next number may go on.
class [[nodiscard("the turn ends at once: keep it in a variable")]] SequencerTurn {
 public:
  SequencerTurn(Sequencer& sequencer, std::size_t number) noexcept : sequencer_(&sequencer), number_(number) {}
  SequencerTurn(SequencerTurn&& other) noexcept : sequencer_(std::exchange(other.sequencer_, nullptr)), number_(other.number_) {}
  SequencerTurn& operator=(SequencerTurn&&) = delete;
  ~SequencerTurn();

 private:
  Sequencer* sequencer_;
  std::size_t number_;
};

/// Numbers 0, 1, 2 … are passed in this order: `const auto turn = co_await sequencer(2);` waits until the turns 0 and 1 have
/// ended. Each number is used once.
///
/// Errors: InvalidStateError for a number that was used before; RuntimeError for whoever stands behind a turn that was
/// cancelled while it waited, since that one can never come. Threads: one loop's. Source: trio.testing.Sequencer.
class Sequencer {
 public:
  Sequencer() = default;
  Sequencer(const Sequencer&) = delete;
  Sequencer& operator=(const Sequencer&) = delete;

  /// Completes when it is this number's turn.
  Task<SequencerTurn> operator()(std::size_t number) {
    Waiting waiting{*this, number};
    Place& place = places_[number];
    if (place.used) {
      waiting.sequencer = nullptr;
      throw InvalidStateError("eddy: number " + std::to_string(number) + " of a Sequencer was used a second time");
    }
    place.used = true;
    if (number > 0) co_await places_[number - 1].ended.wait();
    if (number > lost_)
      throw RuntimeError("eddy: turn " + std::to_string(lost_) + " of the Sequencer was cancelled, so those behind it can never come");
    waiting.sequencer = nullptr;
    co_return SequencerTurn(*this, number);
  }

 private:
  friend class SequencerTurn;
  struct Place {
    bool used = false;
    Event ended;
  };
  // A turn that is cancelled, or fails, before it came breaks the sequence.
  struct Waiting {
    Waiting(Sequencer& of, std::size_t at) noexcept : sequencer(&of), number(at) {}
    Waiting(const Waiting&) = delete;
    Waiting& operator=(const Waiting&) = delete;
    ~Waiting() {
      if (sequencer != nullptr) sequencer->lose(number);
    }
    Sequencer* sequencer;
    std::size_t number;
  };
  void lose(std::size_t turn) noexcept {
    if (turn < lost_) lost_ = turn;
    for (auto at = places_.lower_bound(turn); at != places_.end(); ++at) at->second.ended.set();
  }

  std::map<std::size_t, Place> places_;
  std::size_t lost_ = std::numeric_limits<std::size_t>::max();  // the first turn that never comes
};

inline SequencerTurn::~SequencerTurn() {
  if (sequencer_ != nullptr) sequencer_->places_[number_].ended.set();
}

}  // namespace eddy::inline EDDY_ABI::testing
