// CloseHooks: what has to end with the loop. Thread pools and the like register here; the end of `run` waits for them.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/intrusive_list.hpp>

namespace eddy::inline EDDY_ABI::detail {

// Something that is told when its loop ends. It belongs to whoever registered it.
struct CloseHook : ListHook {
  // Asks it to end, without waiting.
  virtual void begin_close() noexcept = 0;
  // True once it has ended. Asked after begin_close, again whenever the loop was woken.
  [[nodiscard]] virtual bool closed() noexcept = 0;
  // The loop is gone in a moment: last call.
  virtual void detach() noexcept = 0;

 protected:
  CloseHook() = default;
  ~CloseHook() = default;
};

using CloseHooks = IntrusiveList<CloseHook>;

}  // namespace eddy::inline EDDY_ABI::detail
