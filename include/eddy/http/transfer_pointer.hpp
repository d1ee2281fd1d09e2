// HttpTransferPointer: what a request or a response holds its transfer by. When it goes, a transfer that runs is ended.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/config.hpp>

#include <utility>

namespace eddy::inline EDDY_ABI::detail {

class HttpTransfer;

class HttpTransferPointer {
 public:
  HttpTransferPointer() noexcept = default;
  explicit HttpTransferPointer(HttpTransfer* transfer) noexcept : transfer_(transfer) {}
  HttpTransferPointer(HttpTransferPointer&& other) noexcept : transfer_(std::exchange(other.transfer_, nullptr)) {}
  HttpTransferPointer& operator=(HttpTransferPointer other) noexcept {
    std::swap(transfer_, other.transfer_);
    return *this;
  }
  ~HttpTransferPointer();  // in session_core.hpp
  [[nodiscard]] HttpTransfer* operator->() const noexcept { return transfer_; }
  [[nodiscard]] HttpTransfer& operator*() const noexcept { return *transfer_; }
  [[nodiscard]] explicit operator bool() const noexcept { return transfer_ != nullptr; }

 private:
  HttpTransfer* transfer_ = nullptr;
};

}  // namespace eddy::inline EDDY_ABI::detail
