// ReadBuffer: bytes that have come and that nobody has asked for yet.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/config.hpp>

#include <cstddef>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace eddy::inline EDDY_ABI::detail {

class ReadBuffer {
 public:
  ReadBuffer() noexcept = default;
  ReadBuffer(ReadBuffer&& other) noexcept
      : data_(std::move(other.data_)), begin_(std::exchange(other.begin_, 0)), end_(std::exchange(other.end_, 0)) {}
  ReadBuffer& operator=(ReadBuffer&& other) noexcept {
    data_ = std::move(other.data_);
    begin_ = std::exchange(other.begin_, 0);
    end_ = std::exchange(other.end_, 0);
    return *this;
  }

  [[nodiscard]] bool empty() const noexcept { return begin_ == end_; }
  [[nodiscard]] std::size_t size() const noexcept { return end_ - begin_; }
  [[nodiscard]] std::string_view view() const noexcept { return std::string_view(data_).substr(begin_, size()); }

  // Room for as much as is likely to come, valid until the next call; what was put there counts after `commit`. It begins
  // small, since most connections are idle, and grows while what comes fills it.
  [[nodiscard]] std::span<char> space() { return space(chunk_); }
  // The same for `least` bytes at least.
  [[nodiscard]] std::span<char> space(std::size_t least) {
    if (data_.size() - end_ < least) {
      if (begin_ != 0) {
        std::memmove(data_.data(), data_.data() + begin_, size());
        end_ -= begin_;
        begin_ = 0;
      }
      if (data_.size() - end_ < least) data_.resize(end_ + least > 2 * data_.size() ? end_ + least : 2 * data_.size());
    }
    return {data_.data() + end_, data_.size() - end_};
  }
  void commit(std::size_t size) noexcept {
    end_ += size;
    if (end_ == data_.size() && chunk_ < kKept) chunk_ *= 2;
  }
  void append(std::string_view bytes) {
    if (bytes.empty()) return;
    std::memcpy(space(bytes.size()).data(), bytes.data(), bytes.size());
    end_ += bytes.size();
  }

  void consume(std::size_t size) noexcept {
    begin_ += size;
    if (begin_ != end_) return;
    begin_ = end_ = 0;
    if (data_.size() <= kKept) return;
    data_.clear();
    data_.shrink_to_fit();
  }
  // Copies as much as there is and as fits.
  std::size_t copy_to(std::span<char> space) noexcept {
    const std::size_t count = size() < space.size() ? size() : space.size();
    if (count == 0) return 0;
    std::memcpy(space.data(), data_.data() + begin_, count);
    consume(count);
    return count;
  }
  [[nodiscard]] std::string take(std::size_t size) {
    std::string taken(view().substr(0, size));
    consume(size);
    return taken;
  }

 private:
  static constexpr std::size_t kKept = std::size_t{64} << 10;  // larger ones are given back when they are empty

  std::string data_;
  std::size_t chunk_ = 4096;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace eddy::inline EDDY_ABI::detail
