// A timeout whose deadline is moved ends at the last one that was set; none at all lets the work end in its own time.
// SPDX-License-Identifier: MIT
#include "support/oracle.hpp"

#include <optional>
#include <vector>

using namespace oracle;

namespace {

using Steps = std::vector<std::optional<int>>;

int seconds() {
  static const auto origin = eddy::get_running_loop().time();
  return static_cast<int>((eddy::get_running_loop().time() - origin) / 1s);
}

eddy::Task<> work(eddy::Timeout& timeout, Steps steps, bool& expired) {
  const auto start = eddy::get_running_loop().time();
  const int start_seconds = seconds();
  struct Look {
    const eddy::Timeout& timeout;
    bool& expired;
    ~Look() { expired = timeout.expired(); }
  };
  const Look look{timeout, expired};
  for (const auto& step : steps) {
    co_await eddy::sleep(1s);
    timeout.reschedule(step ? std::optional(start + std::chrono::seconds(*step)) : std::nullopt);
    trace("at", seconds() - start_seconds, "the deadline is", step ? std::to_string(*step) : "never");
  }
  co_await eddy::sleep(5s);
  trace("done at", seconds() - start_seconds);
}

eddy::Task<> async_main() {
  seconds();
  const std::vector<Steps> all{{4, 5, 7}, {9, std::nullopt}, {2}};
  for (const Steps& steps : all) {
    bool expired = false;
    try {
      co_await eddy::timeout(3s, work, steps, std::ref(expired));
    } catch (const eddy::TimeoutError&) {
      trace("timed out");
    }
    trace("expired:", expired, "at", seconds());
  }
}

}  // namespace

ORACLE_MAIN(async_main)
