// A callback can take back another one that is in the same pass, and a timer that is due at the same moment.
// SPDX-License-Identifier: MIT
#include "support/oracle.hpp"

#include <map>

using namespace oracle;

namespace {

using Handles = std::map<std::string, eddy::Handle>;

auto cancel(Handles& handles, std::string name, std::string other) {
  return [&handles, name, other] {
    trace(name, "cancels", other);
    handles[other].cancel();
  };
}

eddy::Task<> async_main() {
  eddy::EventLoop& loop = eddy::get_running_loop();
  Handles handles;
  const auto cancelled = [&handles](const char* name) { return handles[name].cancelled(); };

  handles["a"] = loop.call_soon(cancel(handles, "a", "c"));
  handles["b"] = loop.call_soon([] { trace("b runs"); });
  handles["c"] = loop.call_soon([] { trace("c runs"); });
  handles["d"] = loop.call_soon(cancel(handles, "d", "b"));
  co_await eddy::yield();
  trace("cancelled:", cancelled("a"), cancelled("c"), cancelled("d"));
  handles["e"] = loop.call_later(1s, cancel(handles, "e", "f"));
  handles["f"] = loop.call_later(1s, [] { trace("f runs"); });
  handles["g"] = loop.call_later(1s, cancel(handles, "g", "h"));
  handles["h"] = loop.call_later(2s, [] { trace("h runs"); });
  co_await eddy::sleep(3s);
  trace("cancelled:", cancelled("e"), cancelled("f"), cancelled("g"), cancelled("h"));
}

}  // namespace

ORACLE_MAIN(async_main)
