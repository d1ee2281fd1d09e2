// Traces: what is in the file, and that it is whole however the program ends.
//
// SPDX-License-Identifier: MIT
#include "support/child.hpp"
#include "support/run.hpp"
#include "support/work.hpp"
#include "support/temporary_folder.hpp"

#include <eddy/debug/trace.hpp>
#include <eddy/sync/event.hpp>
#include <eddy/threads.hpp>

#include <algorithm>
#include <atomic>
#include <cctype>
#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <map>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

using namespace test;
using eddy::debug::Trace;

namespace {

std::string at(int line) { return std::string(__FILE__) + ':' + std::to_string(line); }

// Reads JSON to see whether it is any.
class JsonReader {
 public:
  static bool accepts(std::string_view text) {
    JsonReader reader(text);
    return reader.value() && (reader.skip(), reader.at_ == text.size());
  }

 private:
  explicit JsonReader(std::string_view text) : text_(text) {}
  void skip() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n')) ++at_;
  }
  bool take(char c) {
    skip();
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  bool string() {
    if (!take('"')) return false;
    for (; at_ < text_.size(); ++at_) {
      if (text_[at_] == '"') return ++at_, true;
      if (static_cast<unsigned char>(text_[at_]) < 0x20) return false;
      if (text_[at_] == '\\') ++at_;
    }
    return false;
  }
  bool number() {
    const std::size_t from = at_;
    while (at_ < text_.size() && (std::isdigit(static_cast<unsigned char>(text_[at_])) != 0 || text_[at_] == '.')) ++at_;
    return at_ > from && text_[from] != '.' && text_[at_ - 1] != '.';
  }
  template <class Item>
  bool list(char end, Item item) {
    if (take(end)) return true;
    do {
      if (!item()) return false;
    } while (take(','));
    return take(end);
  }
  bool value() {
    if (take('[')) return list(']', [this] { return value(); });
    if (take('{')) return list('}', [this] { return string() && take(':') && value(); });
    skip();
    return at_ < text_.size() && (text_[at_] == '"' ? string() : number());
  }
  std::string_view text_;
  std::size_t at_ = 0;
};

// A folder for a test's traces; or, while chrome_trace.py looks at all of them, what stands for one in its folder.
class TraceFolder {
 public:
  [[nodiscard]] std::string operator/(const std::string& name) const {
    const char* const all = std::getenv("EDDY_TEST_TRACES");
    return all == nullptr ? (folder_ / name).native() : all + ('/' + std::to_string(number_) + '_') + name;
  }

 private:
  static int next() {
    static int made = 0;
    return ++made;
  }
  TemporaryFolder folder_;
  int number_ = next();
};

struct Event {
  std::string phase, name, category, line;
  double time = 0;      // in milliseconds
  double duration = 0;  // the same
  int lane = 0;
};

// Slices are a few nanoseconds shorter than what they stand for.
double begin(const Event& event) { return std::round(event.time * 1000) / 1000; }
double length(const Event& event) { return std::round(event.duration * 1000) / 1000; }

// The text or number behind `"key":`.
std::string field(const std::string& line, const std::string& key) {
  const std::size_t found = line.find('"' + key + "\":");
  if (found == std::string::npos) return {};
  std::size_t from = found + key.size() + 3;
  if (line[from] == '"') return line.substr(from + 1, line.find('"', from + 1) - from - 1);
  return line.substr(from, line.find_first_of(",}", from) - from);
}

class Events {
 public:
  explicit Events(const std::string& text) {
    CHECK(JsonReader::accepts(text));
    for (std::size_t from = 0; from < text.size();) {
      const std::size_t end = text.find('\n', from);
      const std::string line = text.substr(from, end - from);
      from = end == std::string::npos ? text.size() : end + 1;
      if (line.size() < 3) continue;
      Event event{field(line, "ph"), field(line, "name"), field(line, "cat"), line};
      event.time = std::atof(field(line, "ts").c_str()) / 1000;
      event.duration = std::atof(field(line, "dur").c_str()) / 1000;
      event.lane = std::atoi(field(line, "tid").c_str());
      if (event.phase == "M" && event.name == "thread_name") {
        names_.push_back({event.lane, field(line.substr(line.find("args")), "name")});
      } else if (event.phase != "M") {
        all_.push_back(event);
      }
    }
  }
  [[nodiscard]] int lane(const std::string& task) const {
    const auto found = std::find_if(names_.begin(), names_.end(), [&](const auto& name) { return name.second == task; });
    return found == names_.end() ? -1 : found->first;
  }
  [[nodiscard]] std::ptrdiff_t lanes(const std::string& task) const {
    return std::count_if(names_.begin(), names_.end(), [&](const auto& name) { return name.second == task; });
  }
  // Those of a task's lane with this name.
  [[nodiscard]] std::vector<Event> of(const std::string& task, const std::string& name) const {
    std::vector<Event> found;
    for (const Event& event : all_) {
      if (event.lane == lane(task) && event.name == name) found.push_back(event);
    }
    return found;
  }
  [[nodiscard]] const std::vector<Event>& all() const { return all_; }

 private:
  std::vector<Event> all_;
  std::vector<std::pair<int, std::string>> names_;
};

constexpr int kDozeLine = __LINE__ + 1;
eddy::Task<> doze(std::chrono::milliseconds time) { co_await eddy::sleep(time); }

// What `body(trace)` leaves in the file.
template <class F>
Events traced(F body, eddy::debug::TraceOptions options = {}) {
  const TraceFolder folder;
  const std::string path = folder / "trace.json";
  run_virtual([&]() -> eddy::Task<> {
    Trace trace(path, options);
    co_await body(trace);
  });
  return Events(content_of(path));
}

// What `body(path)` leaves in the file, on a loop on which nobody looks but what the body starts.
template <class F>
Events traced_alone(F body) {
  const TraceFolder folder;
  const std::string path = folder / "trace.json";
  eddy::testing::VirtualClock clock;
  eddy::RunOptions options;
  options.clock = &clock;
  eddy::run(body(path), options);
  return Events(content_of(path));
}

// Slices that take time lie beside or inside of each other, and begin and end apart from those around them.
void check_nesting(const Events& events) {
  const auto nanoseconds = [](const Event& event, const char* key) {
    std::string digits = field(event.line, key);
    digits.erase(digits.size() - 4, 1);  // the point
    return std::stoll(digits);
  };
  struct Span {
    long long begin;
    long long end;
    const Event* event;
  };
  std::map<int, std::vector<Span>> lanes;
  for (const Event& event : events.all()) {
    if (event.phase != "X" || event.duration == 0) continue;
    const long long begin = nanoseconds(event, "ts");
    lanes[event.lane].push_back({begin, begin + nanoseconds(event, "dur"), &event});
  }
  for (const auto& [lane, spans] : lanes) {
    for (const Span& one : spans) {
      for (const Span& other : spans) {
        const bool apart = other.end <= one.begin || one.end <= other.begin;
        const bool inside = one.begin < other.begin && other.end < one.end;
        const bool around = other.begin < one.begin && one.end < other.end;
        if (&one != &other && !apart && !inside && !around) FAIL_CHECK(one.event->line + " and " + other.event->line);
      }
    }
  }
}

// What tasks share that do whatever comes to their minds.
struct Wanderers {
  Wanderers(unsigned seed, std::optional<Trace>& shown, eddy::ThreadPool* threads) : random(seed), trace(shown), pool(threads) {}
  int any(int below) { return static_cast<int>(random() % static_cast<unsigned>(below)); }
  std::chrono::microseconds moment() { return std::chrono::microseconds(any(4) * 100); }

  std::mt19937 random;
  std::optional<Trace>& trace;
  eddy::ThreadPool* pool;  // null on a clock that stands still
  eddy::Lock lock;
};

eddy::Task<> wander(Wanderers& all, int levels) {
  if (levels == 0) {
    co_await eddy::sleep(all.moment());
    co_return;
  }
  for (int turn = 0; turn < 2; ++turn) {
    const std::chrono::microseconds limit = all.moment();
    auto work = wander(all, levels - 1);
    switch (all.any(all.pool == nullptr ? 7 : 8)) {
      case 0: (void)co_await eddy::move_on_after(limit, std::move(work)); break;
      case 1: co_await eddy::timeout(1h, std::move(work)); break;
      case 2: {
        auto other = wander(all, levels - 1);
        co_await eddy::gather(std::move(work), std::move(other));
        break;
      }
      case 3: {
        const auto guard = co_await all.lock.scoped();
        co_await eddy::sleep(limit);
        break;
      }
      case 4: {
        std::vector<eddy::TaskHandle<>> tasks;
        tasks.push_back(eddy::create_task(std::move(work)));
        co_await eddy::sleep(limit);
        tasks[0].cancel("changed its mind");
        (void)co_await eddy::wait(tasks);
        break;
      }
      case 5: {
        const eddy::Handle callback = eddy::get_running_loop().call_soon([&all] { all.trace->mark("called"); });
        all.trace->mark("calls");
        co_await std::move(work);
        break;
      }
      case 6: co_await eddy::uncancellable(std::move(work)); break;
      default: {
        const auto job = [limit] { std::this_thread::sleep_for(limit); };
        co_await eddy::run_in_executor(*all.pool, job);
      }
    }
  }
}

}  // namespace

EDDY_LOOP_TEST_CASE("a trace has a lane for each task, with its life, its steps and its waits", "[trace]") {
  const Events events = traced([](Trace&) -> eddy::Task<> {
    co_await eddy::sleep(1s);
    auto worker = eddy::create_task(doze(2s), {.name = "worker"});
    co_await worker;
  });
  CHECK(events.lanes("event loop") == 1);
  CHECK(events.lanes("worker") == 1);
  CHECK(events.lane("event loop") == 1);  // as the process
  CHECK(events.lane("main") == 2);
  const std::vector<Event> waits = events.of("worker", "sleep");
  REQUIRE(waits.size() == 1);
  CHECK(waits[0].phase == "X");
  CHECK(waits[0].category == "timer");
  CHECK(begin(waits[0]) == 1000);
  CHECK(length(waits[0]) == 2000);
  CHECK(field(waits[0].line, "at") == at(kDozeLine));
  const std::vector<Event> lives = events.of("worker", "worker");
  REQUIRE(lives.size() == 1);
  CHECK(lives[0].category == "task");
  CHECK(begin(lives[0]) == 1000);
  CHECK(length(lives[0]) == 2000);
  CHECK(field(lives[0].line, "ended") == "value");
  CHECK(events.of("worker", "runs").size() == 2);
  REQUIRE(events.of("main", "a task").size() == 1);
  CHECK(length(events.of("main", "a task")[0]) == 2000);
}

EDDY_LOOP_TEST_CASE("a trace that begins in the middle shows the waits that are there already, from its beginning on", "[trace]") {
  const TraceFolder folder;
  const std::string path = folder / "trace.json";
  run_virtual([&]() -> eddy::Task<> {
    auto worker = eddy::create_task(doze(10s), {.name = "worker"});
    co_await eddy::sleep(4s);
    const Trace trace(path);
    co_await eddy::gather(worker, doze(1s));
  });
  const Events events(content_of(path));
  REQUIRE(events.of("worker", "sleep").size() == 1);
  CHECK(begin(events.of("worker", "sleep")[0]) == 0);
  CHECK(length(events.of("worker", "sleep")[0]) == 6000);
  REQUIRE(events.of("main", "gather").size() == 1);
  CHECK(length(events.of("main", "gather")[0]) == 6000);
}

EDDY_LOOP_TEST_CASE("a trace tells how each task ended", "[trace]") {
  const Events events = traced([](Trace&) -> eddy::Task<> {
    co_await eddy::yield();
    const auto fail = []() -> eddy::Task<> {
      co_await eddy::sleep(1s);
      throw std::runtime_error("no \"disk\"");
    };
    auto failing = eddy::create_task(fail(), {.name = "failing"});
    auto stopped = eddy::create_task(doze(1h), {.name = "stopped"});
    auto left = eddy::create_task(doze(1h), {.name = "left"});
    co_await eddy::sleep(2s);
    stopped.cancel("not needed");
    CHECK(failing.exception() != nullptr);
    co_await settle(2);
  });
  CHECK(events.of("failing", "failing").at(0).line.find(R"("ended":"exception","error":"no \"disk\"")") != std::string::npos);
  CHECK(events.of("stopped", "stopped").at(0).line.find(R"("ended":"cancelled","error":"not needed")") != std::string::npos);
  CHECK(field(events.of("left", "left").at(0).line, "ended") == "still running");
  CHECK(events.of("left", "sleep").size() == 1);
}

EDDY_LOOP_TEST_CASE("the work of a timeout is in the lane of its task, inside of the wait for it", "[trace]") {
  int line = 0;
  const Events events = traced([&](Trace&) -> eddy::Task<> {
    co_await eddy::yield();
    line = __LINE__ + 1;
    auto task = eddy::create_task([]() -> eddy::Task<> { co_await eddy::timeout(1h, doze(3s)); });
    task.set_name("limited");
    co_await task;
  });
  const std::vector<Event> outer = events.of("limited", "work with a deadline");
  const std::vector<Event> inner = events.of("limited", "sleep");
  REQUIRE(outer.size() == 1);
  REQUIRE(inner.size() == 1);
  CHECK(outer[0].time <= inner[0].time);
  CHECK(length(outer[0]) == 3000);
  CHECK(length(inner[0]) == 3000);
  CHECK(field(inner[0].line, "at").find(at(kDozeLine) + " < " + at(line)) == 0);
}

TEST_CASE("slices of a lane lie beside or well inside of each other, on a clock that stands still and on one that runs", "[trace][real]") {
  const bool runs = GENERATE(false, true);
  for (unsigned seed = 1; seed <= 5; ++seed) {
    CAPTURE(runs, seed);
    const TraceFolder folder;
    const std::string path = folder / "trace.json";
    std::optional<Trace> trace;
    std::optional<eddy::ThreadPool> pool;
    if (runs) pool.emplace(2);
    Wanderers all(seed, trace, pool ? &*pool : nullptr);
    const auto main = [&]() -> eddy::Task<> {
      trace.emplace(path);
      std::vector<eddy::TaskHandle<>> tasks;
      for (const char* name : {"plain", "\"quoted\" \\", "line\nend\x01\x7f", "no \xff UTF-8 \xc3", "sch\xc3\xb6n \xf0\x9f\x98\x80"}) {
        tasks.push_back(eddy::create_task(wander(all, 4), {.name = name}));
      }
      co_await eddy::wait(tasks);
      auto left = eddy::create_task(nap_in_timeouts(3, 1h), {.name = "left behind"});
      co_await eddy::sleep(1us);
      throw std::runtime_error("half-way");
    };
    eddy::testing::VirtualClock clock;
    eddy::RunOptions options;
    if (!runs) options.clock = &clock;
    CHECK_THROWS_WITH(eddy::run(main(), options), "half-way");
    const Events events(content_of(path));
    CHECK(events.all().size() > 100);
    CHECK(events.of("left behind", "sleep").size() == 1);
    check_nesting(events);
  }
}

TEST_CASE("a trace goes on when a debug mode that was there before it is switched off", "[trace]") {
  const Events events = traced_alone([](std::string path) -> eddy::Task<> {
    eddy::get_running_loop().set_debug(true);
    co_await eddy::sleep(1s);
    Trace trace(path);
    co_await eddy::sleep(1s);
    eddy::get_running_loop().set_debug(false);
    auto worker = eddy::create_task(doze(2s), {.name = "worker"});
    co_await worker;
  });
  CHECK(events.of("worker", "sleep").size() == 1);
}

TEST_CASE("a trace takes no wait that was over before it was told of anything for one that lasts", "[trace]") {
  const Events events = traced_alone([](std::string path) -> eddy::Task<> {
    const auto quick = []() -> eddy::Task<int> { co_return 1; };
    Trace trace(path);
    co_await eddy::gather(quick(), quick());
    co_await eddy::yield();
    co_await eddy::sleep(1s);
  });
  CHECK(events.of("main", "gather").empty());
  CHECK(events.of("main", "sleep").size() == 1);
}

EDDY_LOOP_TEST_CASE("a trace shows waits for locks and, in debug mode, their holders", "[trace]") {
  eddy::Lock lock;
  const auto hold = [&](std::chrono::milliseconds time) -> eddy::Task<> {
    const auto guard = co_await lock.scoped();
    co_await eddy::sleep(time);
  };
  const Events events = traced([&](Trace&) -> eddy::Task<> {
    eddy::get_running_loop().set_debug(true);
    eddy::get_running_loop().set_slow_callback_duration(1h);
    co_await eddy::yield();
    auto first = eddy::create_task(hold(2s), {.name = "first"});
    auto second = eddy::create_task(hold(1s), {.name = "second"});
    co_await first;
    co_await second;
    eddy::get_running_loop().set_debug(false);
    co_await eddy::sleep(1s);
  });
  const bool in_order = events.of("first", "a lock").empty();
  const std::vector<Event> waits = events.of(in_order ? "second" : "first", "a lock");
  REQUIRE(waits.size() == 1);
  CHECK(waits[0].category == "lock");
  CHECK(length(waits[0]) == (in_order ? 2000 : 1000));
  CHECK(field(waits[0].line, "held by") == (in_order ? "first" : "second"));
  CHECK(events.of("main", "sleep").size() == 1);  // the trace goes on when debug mode ends
}

EDDY_LOOP_TEST_CASE("a trace names nobody as the holder of a lock whose owner has ended", "[trace]") {
  eddy::Lock lock;
  const auto take = [&]() -> eddy::Task<> { co_await lock.acquire(); };
  const Events events = traced([&](Trace&) -> eddy::Task<> {
    eddy::get_running_loop().set_debug(true);
    eddy::get_running_loop().set_slow_callback_duration(1h);
    co_await eddy::yield();
    co_await eddy::create_task(take(), {.name = "forgetful"});
    auto other = eddy::create_task(take(), {.name = "stranger"});  // it gets the memory
    co_await eddy::sleep(1s);
    other.cancel();
    co_await eddy::sleep(1s);
    eddy::get_running_loop().set_debug(false);
  });
  const std::vector<Event> waits = events.of("stranger", "a lock");
  REQUIRE(waits.size() == 1);
  CHECK(waits[0].line.find("held by") == std::string::npos);
}

EDDY_LOOP_TEST_CASE("a trace shows jobs of threads, callbacks with their lines, and marks", "[trace][real]") {
  const TraceFolder folder;
  const std::string path = folder / "trace.json";
  int line = 0;
  run_real([&]() -> eddy::Task<> {
    Trace trace(path);
    co_await eddy::to_thread([] { std::this_thread::sleep_for(5ms); });
    trace.mark("half-way");
    eddy::Event called;
    line = __LINE__ + 1;
    eddy::Handle callback = eddy::get_running_loop().call_soon([&trace, &called] {
      trace.mark("from a callback");
      called.set();
    });
    const eddy::detail::ScopeExit forget([&]() noexcept { callback.cancel(); });  // what it refers to ends here
    co_await called.wait();
    co_await eddy::sleep(1ms);
    CHECK(trace.events() > 5);
    CHECK(trace.dropped() == 0);
  });
  const Events events(content_of(path));
  const std::vector<Event> jobs = events.of("main", "a thread pool's job");
  REQUIRE(jobs.size() == 1);
  CHECK(jobs[0].category == "pool job");
  CHECK(length(jobs[0]) >= 5);
  const std::vector<Event> runs = events.of("pool thread 1", "main");
  REQUIRE(runs.size() == 1);
  CHECK(runs[0].category == "pool job");
  CHECK(length(runs[0]) >= 5);
  CHECK(runs[0].time >= jobs[0].time);
  CHECK(runs[0].time + runs[0].duration <= jobs[0].time + jobs[0].duration + 0.001);
  CHECK(events.of("main", "half-way").at(0).phase == "i");
  CHECK(events.of("event loop", "from a callback").size() == 1);
  const std::vector<Event> callbacks = events.of("event loop", "callback");
  CHECK(std::any_of(callbacks.begin(), callbacks.end(), [&](const Event& event) { return field(event.line, "scheduled at") == at(line); }));
}

EDDY_LOOP_TEST_CASE("a trace shows the line of a pool, and each of its threads", "[trace][real]") {
  const TraceFolder folder;
  const std::string path = folder / "trace.json";
  run_real([&]() -> eddy::Task<> {
    const Trace trace(path);
    std::atomic<int> asked = 0;
    eddy::ThreadPool pool(2);
    const auto work = [&](std::string name) -> eddy::Task<> {
      eddy::current_task().set_name(std::move(name));
      ++asked;
      co_await eddy::run_in_executor(pool, [&asked] {
        while (asked < 4) std::this_thread::yield();  // so that two stand in line while these two run
        std::this_thread::sleep_for(50ms);
      });
    };
    co_await eddy::gather(work("one"), work("two"), work("three"), work("four"));
  });
  const Events events(content_of(path));
  CHECK(events.lanes("pool thread 1") == 1);
  CHECK(events.lanes("pool thread 2") == 1);
  CHECK(events.lane("pool thread 3") == -1);
  std::size_t ran = 0;
  std::size_t stood_in_line = 0;
  for (const Event& event : events.all()) {
    if (event.category != "pool job") continue;
    if (event.name == "in line" && event.duration >= 5) ++stood_in_line;
    if (event.name != "in line" && event.name != "a thread pool's job") ++ran;
  }
  CHECK(ran == 4);
  CHECK(stood_in_line >= 2);
}

TEST_CASE("two loops that share a pool are traced apart", "[trace][real]") {
  const TraceFolder folder;
  eddy::ThreadPool pool(2);
  const auto run_loop = [&](const std::string& name) {
    const auto main = [&]() -> eddy::Task<> {
      eddy::current_task().set_name(name);
      const Trace trace(folder / (name + ".json"));
      for (int i = 0; i < 20; ++i) co_await eddy::run_in_executor(pool, [] { std::this_thread::yield(); });
    };
    eddy::run(main());
  };
  std::thread other([&] { run_loop("other"); });
  run_loop("one");
  other.join();
  for (const char* name : {"one", "other"}) {
    CAPTURE(name);
    const Events events(content_of(folder / (std::string(name) + ".json")));
    CHECK(events.of("pool thread 1", name).size() + events.of("pool thread 2", name).size() == 20);
    CHECK(events.lane("pool thread 3") == -1);
  }
}

EDDY_LOOP_TEST_CASE("a job that was taken back from a pool's line ran in no thread", "[trace][real]") {
  const TraceFolder folder;
  const std::string path = folder / "trace.json";
  run_real([&]() -> eddy::Task<> {
    const Trace trace(path);
    eddy::ThreadPool pool(1);
    const auto work = [&](std::chrono::milliseconds time) -> eddy::Task<> {
      co_await eddy::run_in_executor(pool, [time] { std::this_thread::sleep_for(time); });
    };
    auto first = eddy::create_task(work(200ms), {.name = "first"});
    co_await eddy::sleep(1ms);
    auto second = eddy::create_task(work(20ms), {.name = "second"});
    co_await eddy::sleep(5ms);
    second.cancel();
    co_await first;
  });
  const Events events(content_of(path));
  CHECK(events.of("pool thread 1", "first").size() == 1);
  CHECK(events.of("pool thread 1", "second").empty());
  CHECK(events.of("second", "a thread pool's job").size() == 1);
}

EDDY_LOOP_TEST_CASE("on a virtual clock the job of a thread takes no time", "[trace][real]") {
  const Events events = traced([](Trace&) -> eddy::Task<> {
    co_await eddy::sleep(1s);
    co_await eddy::to_thread([] { std::this_thread::sleep_for(5ms); });
  });
  const std::vector<Event> runs = events.of("pool thread 1", "main");
  REQUIRE(runs.size() == 1);
  CHECK(begin(runs[0]) == 1000);
  CHECK(runs[0].duration == 0);
}

EDDY_LOOP_TEST_CASE("pools read no clock once the last trace has ended", "[trace]") {
  const TraceFolder folder;
  run_virtual([&]() -> eddy::Task<> {
    const auto& waker = eddy::EventLoop::Internals::waker(eddy::get_running_loop());
    CHECK_FALSE(waker->times_jobs());
    {
      const Trace outer(folder / "outer.json");
      { const Trace inner(folder / "inner.json"); }
      CHECK(waker->times_jobs());
      co_await eddy::yield();
    }
    CHECK_FALSE(waker->times_jobs());
  });
}

EDDY_LOOP_TEST_CASE("a trace counts the loop's lag, and who waits for timers", "[trace][real]") {
  const TraceFolder folder;
  const std::string path = folder / "trace.json";
  run_real([&]() -> eddy::Task<> {
    const Trace trace(path);
    co_await eddy::sleep(1ms);
    std::this_thread::sleep_for(20ms);  // blocks the loop
    co_await eddy::sleep(1ms);
    co_await eddy::sleep(1ms);
  });
  const Events events(content_of(path));
  const std::vector<Event> lags = events.of("event loop", "loop lag");
  CHECK(std::any_of(lags.begin(), lags.end(), [](const Event& lag) { return std::atof(field(lag.line, "milliseconds").c_str()) >= 20; }));
  CHECK_FALSE(events.of("event loop", "waited for").empty());
}

EDDY_LOOP_TEST_CASE("a trace is whole when its task is cancelled, and when the program fails", "[trace]") {
  const TraceFolder folder;
  const std::string cut = folder / "cut.json";
  const auto main = [&]() -> eddy::Task<> {
    const Trace trace(cut);
    co_await eddy::gather(doze(1h), doze(2h));
  };
  run_virtual([&]() -> eddy::Task<> {
    auto task = eddy::create_task(main());
    co_await eddy::sleep(1s);
    task.cancel();
    co_await settle(3);
    CHECK(task.cancelled());
  });
  const Events events(content_of(cut));
  CHECK(events.all().size() > 4);

  const std::string failed = folder / "failed.json";
  const auto fail = [&]() -> eddy::Task<> {
    const Trace trace(failed);
    co_await doze(1s);
    throw std::runtime_error("no");
  };
  CHECK_THROWS_AS(run_virtual(fail), std::runtime_error);
  CHECK(Events(content_of(failed)).all().size() > 2);
}

EDDY_LOOP_TEST_CASE("a trace ends when it is told to, and two look on at a time", "[trace]") {
  const TraceFolder folder;
  const std::string whole = folder / "whole.json";
  const std::string part = folder / "part.json";
  run_virtual([&]() -> eddy::Task<> {
    const auto& step_watch = eddy::EventLoop::Internals::scheduler(eddy::get_running_loop()).step_watch;
    const auto* before = step_watch;
    std::optional<Trace> outer(std::in_place, whole);
    {
      Trace inner(part);
      co_await doze(1s);
      inner.close();
      inner.close();
      inner.mark("too late");
      co_await doze(1s);
    }
    co_await doze(1s);
    outer.reset();
    co_await doze(1s);
    CHECK(step_watch == before);
  });
  CHECK(Events(content_of(whole)).of("main", "sleep").size() == 3);
  CHECK(Events(content_of(part)).of("main", "sleep").size() == 1);
  CHECK(content_of(part).find("too late") == std::string::npos);
}

EDDY_LOOP_TEST_CASE("a trace keeps to its limit and says how much it left out", "[trace]") {
  std::uint64_t dropped = 0;
  eddy::debug::TraceOptions options;
  options.max_bytes = 5'000;
  const Events events = traced(
      [&](Trace& trace) -> eddy::Task<> {
        for (int i = 0; i < 1000; ++i) co_await doze(1ms);
        dropped = trace.dropped();
      },
      options);
  CHECK(dropped > 1000);
  CHECK(events.all().size() < 100);
  CHECK(events.all().back().name.find(" events were left out") != std::string::npos);
}

EDDY_LOOP_TEST_CASE("a trace that cannot be written tells the exception handler, one that cannot be made the caller", "[trace]") {
  run_virtual([]() -> eddy::Task<> {
    const auto make = [] { const Trace trace("/nowhere/trace.json"); };
    CHECK_THROWS_AS(make(), std::system_error);
    {
      Trace trace("/dev/full");
      co_await doze(1s);
    }
    const std::vector<std::string> reports = take_reports();
    REQUIRE(reports.size() == 1);
    CHECK(reports[0].find("a trace could not be written to its end: /dev/full") == 0);
  });
}

EDDY_LOOP_TEST_CASE("a trace that outlives its loop ends with it", "[trace]") {
  const TraceFolder folder;
  const std::string path = folder / "trace.json";
  std::optional<Trace> trace;
  const auto main = [&]() -> eddy::Task<> {
    trace.emplace(path);
    co_await doze(1s);
  };
  run_virtual(main);
  const Events events(content_of(path));
  CHECK(events.of("main", "sleep").size() == 1);
  trace->mark("too late");
  trace->close();
  CHECK(content_of(path).find("too late") == std::string::npos);
}

EDDY_LOOP_TEST_CASE("marks of destructors stand in the lane of their task, also when it is stopped", "[trace]") {
  const Events events = traced([](Trace& trace) -> eddy::Task<> {
    const auto work = [&trace](const char* text) -> eddy::Task<> {
      const eddy::detail::ScopeExit mark([&trace, text]() noexcept { trace.mark(text); });
      co_await eddy::sleep(1s);
    };
    const auto body = [&work](eddy::TaskGroup& group) -> eddy::Task<> {  // waits for both, also when it is cancelled
      auto stopped = group.create_task(work("stopped"), {.name = "first"});
      auto ended = group.create_task(work("ended"), {.name = "second"});
      co_await settle();
      stopped.cancel();
      co_await ended;
    };
    co_await eddy::task_group(body);
  });
  CHECK(events.of("first", "stopped").size() == 1);
  CHECK(events.of("second", "ended").size() == 1);
  for (const Event& event : events.all()) {
    if (event.category == "task" && event.name != "main") CHECK(field(event.line, "ended") != "still running");
  }
  CHECK(events.lane("Task-1") == -1);
}

EDDY_LOOP_TEST_CASE("a mark in the first step of an eager task leaves no task behind", "[trace]") {
  const Events events = traced([](Trace& trace) -> eddy::Task<> {
    const auto work = [&trace]() -> eddy::Task<> {
      trace.mark("eager");
      co_return;
    };
    auto eager = eddy::create_task(work(), {.name = "eager task", .eager_start = true});
    co_await eager;
  });
  CHECK(events.of("event loop", "eager").size() == 1);
  CHECK(events.lane("eager task") == -1);
}

EDDY_LOOP_TEST_CASE("a trace that begins in the work of a timeout knows whose that is", "[trace]") {
  const TraceFolder folder;
  const std::string path = folder / "trace.json";
  run_virtual([&]() -> eddy::Task<> {
    const auto work = [&]() -> eddy::Task<> {
      Trace trace(path);
      trace.mark("begun");
      co_await doze(1s);
      co_await doze(2s);
      trace.mark("ends");
    };
    co_await eddy::timeout(1h, work());
  });
  const Events events(content_of(path));
  CHECK(events.of("main", "begun").size() == 1);
  CHECK(events.of("main", "ends").size() == 1);
  CHECK_FALSE(events.of("main", "sleep").empty());
  CHECK(length(events.of("main", "sleep").back()) == 2000);
}

EDDY_LOOP_TEST_CASE("a trace cuts the awaits of deep recursion", "[trace]") {
  struct Deep {
    static eddy::Task<> call(int levels) {
      if (levels > 0) {
        co_await call(levels - 1);
      } else {
        co_await eddy::sleep(1s);
      }
    }
  };
  const Events events = traced([](Trace&) -> eddy::Task<> { co_await Deep::call(100'000); });
  const std::vector<Event> waits = events.of("main", "sleep");
  REQUIRE(waits.size() == 1);
  const std::string places = field(waits[0].line, "at");
  CHECK(places.size() > 6);
  CHECK(places.substr(places.size() - 6) == " < ...");
  CHECK(places.size() < 64 * (std::string(__FILE__).size() + 10));
}

EDDY_LOOP_TEST_CASE("a trace of a thousand nested timeouts has their waits in one lane", "[trace][deep]") {
  const Events events = traced([](Trace&) -> eddy::Task<> { co_await test::nap_in_timeouts(1'000, 1s); });
  CHECK(events.of("main", "work with a deadline").size() == 1'000);
  CHECK(events.of("main", "sleep").size() == 1);
}

EDDY_LOOP_TEST_CASE("a trace can stand at both ends of a clock's range", "[trace]") {
  struct Ends final : eddy::Clock {
    eddy::TimePoint time = eddy::TimePoint::min();
    eddy::TimePoint now() noexcept override { return time; }
    bool jump_to(eddy::TimePoint deadline) noexcept override { return time = deadline, true; }
  };
  const TemporaryFolder folder;  // such times are beyond what viewers count in
  const std::string path = folder / "trace.json";
  Ends clock;
  const auto main = [&]() -> eddy::Task<> {
    const Trace trace(path);
    co_await eddy::sleep(std::chrono::nanoseconds::max());
    co_await eddy::sleep(std::chrono::nanoseconds::max());
    clock.time = eddy::TimePoint::max();
    co_await eddy::yield();
  };
  eddy::RunOptions options;
  options.clock = &clock;
  eddy::run(main(), options);
  const Events events(content_of(path));
  CHECK(events.of("main", "sleep").size() == 2);
  CHECK(events.of("main", "main").at(0).line.find("\"dur\":9223372036854775.807") != std::string::npos);
}

TEST_CASE("a trace in a forked child writes nothing, and does no harm to its parent's", "[trace][real]") {
  const TraceFolder folder;
  const std::string path = folder / "trace.json";
  pid_t child = 0;
  const Ended ended = in_child([&] {
    std::optional<Trace> trace;
    const auto main = [&]() -> eddy::Task<> {
      trace.emplace(path);
      co_await eddy::sleep(1ms);
      child = ::fork();
      if (child == 0) {
        ::alarm(10);
        trace->mark("child");
        co_return;
      }
      ::waitpid(child, nullptr, 0);
      trace->mark("parent");
      co_await eddy::sleep(1ms);
    };
    eddy::run(main());
    trace.reset();
  });
  CHECK(ended.exited());
  const std::string text = content_of(path);
  const Events events(text);
  CHECK(events.of("main", "parent").size() == 1);
  CHECK(text.find("child") == std::string::npos);
  CHECK(events.of("main", "sleep").size() == 2);
}

TEST_CASE("a trace needs a running loop", "[trace][misuse]") {
  const auto make = [] { const Trace trace("trace.json"); };
  CHECK_THROWS_AS(make(), eddy::NoRunningLoop);
}
