// A pipeline over HTTP: fetches many URLs, at most N at once, saves their bodies, and tells how it went.
//
//     21_http_pipeline --out DIR [--from FILE] [--limit N] [--attempts N] [--quiet] [URL...]
//
// The URLs are the arguments, and the lines of FILE. Each stage is a generator that asks the one before it for the next
// item, so however many URLs there are, only those under way are in memory, and of each body only a piece: it is written to
// disk as it comes, and a disk that is slow slows the server down.
//
// What may pass is tried again: a server that could not be reached or says 429 or 503 by the session, which waits as long as
// the server asks for; a body that broke off by `eddy::retry`. A body has a temporary name until it is complete. Of each URL
// there is a line of JSON in DIR/index.jsonl, in which URLs have no user and no password. Ctrl-C cancels what is under way, and
// takes unfinished files away.
//
// Exit status: 0 done, 1 failed (DIR or FILE), 2 wrong usage, 3 done, but some URLs could not be fetched, 130 Ctrl-C.
//
// SPDX-License-Identifier: MIT

#include <eddy/eddy.hpp>
#include <eddy/http.hpp>
#include <eddy/io.hpp>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <functional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
namespace fs = std::filesystem;
namespace http = eddy::http;
using Milliseconds = std::chrono::duration<double, std::milli>;

struct UsageError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct Options {
  std::vector<std::string> urls;
  fs::path out;
  std::string from;
  std::size_t limit = 8;
  int attempts = 3;
  bool quiet = false;
};

struct Job {
  std::size_t number = 0;
  std::string url;
};

struct Fetched {
  Job job;
  std::string file;  // its name; empty if there is none
  std::uint64_t bytes = 0;
  Milliseconds time{};
  std::string error;
};

// Fetch.

eddy::AsyncGenerator<Job> jobs(Options options) {
  std::size_t number = 0;
  for (std::string& url : options.urls) {
    Job job{++number, std::move(url)};
    co_yield std::move(job);
  }
  if (options.from.empty()) co_return;
  eddy::File file = co_await eddy::open_file(options.from);
  auto lines = file.lines();
  while (auto line = co_await lines.next()) {
    if (line->empty()) continue;
    Job job{++number, *std::move(line)};
    co_yield std::move(job);
  }
}

/// A file that is taken away unless it was completed.
class PartialFile {
 public:
  explicit PartialFile(fs::path path) : path_(std::move(path)) {}
  PartialFile(const PartialFile&) = delete;
  PartialFile& operator=(const PartialFile&) = delete;
  ~PartialFile() {
    std::error_code ignored;
    fs::remove(name(), ignored);
  }
  fs::path name() const { return path_.string() + ".part"; }
  void complete() const { fs::rename(name(), path_); }

 private:
  fs::path path_;
};

struct BodyBrokeOff : std::runtime_error {
  using std::runtime_error::runtime_error;
};
bool body_broke_off(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const BodyBrokeOff&) {
    return true;
  } catch (...) {
    return false;
  }
}

/// Gets a URL and writes its body to `path`; gives how long it is.
eddy::Task<std::uint64_t> download(http::ClientSession& session, std::string url, fs::path path) {
  auto response = co_await session.get(std::move(url));
  response.raise_for_status();
  const PartialFile partial(std::move(path));
  eddy::File file = co_await eddy::open_file(partial.name(), eddy::FileMode::write);
  std::uint64_t bytes = 0;
  try {
    auto chunks = response.chunks();
    while (const auto chunk = co_await chunks.next()) {
      co_await file.write(*chunk);
      bytes += chunk->size();
    }
  } catch (const http::ClientError& error) {
    throw BodyBrokeOff(error.what());
  }
  co_await file.close();
  partial.complete();
  co_return bytes;
}

eddy::Task<Fetched> fetch(http::ClientSession& session, fs::path out, int attempts, Job job) {
  Fetched fetched;
  const eddy::RetryPolicy policy{.max_attempts = attempts, .delay = 100ms, .jitter = 0.2, .retry_on = body_broke_off};
  const std::string file = fmt::format("{:06}", job.number);
  const auto start = std::chrono::steady_clock::now();
  try {
    fetched.bytes = co_await eddy::retry(policy, download, std::ref(session), job.url, out / file);
    fetched.file = file;
  } catch (const std::exception& error) {
    fetched.error = error.what();
  }
  fetched.time = std::chrono::steady_clock::now() - start;
  fetched.job = std::move(job);
  co_return fetched;
}

// Process.

/// "http://host/path" for "http://user:password@host/path": what is written is read by many.
std::string without_credentials(const std::string& url) {
  const std::size_t colon = url.find_first_of(":/");
  const bool has_scheme = colon != std::string::npos && url[colon] == ':' && url.find_first_of("/\\", colon) == colon + 1;
  const std::size_t begin = has_scheme ? std::min(url.find_first_not_of("/\\", colon + 1), url.size()) : 0;
  const std::string host = url.substr(begin, url.find_first_of("/\\?#", begin) - begin);
  const std::size_t at = host.rfind('@');
  return at == std::string::npos ? url : url.substr(0, begin) + url.substr(begin + at + 1);
}

std::string make_record(const Fetched& fetched) {
  nlohmann::json record{{"url", without_credentials(fetched.job.url)}, {"milliseconds", fetched.time.count()}};
  if (fetched.error.empty()) {
    record["file"] = fetched.file;
    record["bytes"] = fetched.bytes;
  } else {
    record["error"] = fetched.error;
  }
  return record.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

/// What the summary says.
struct Totals {
  std::vector<Milliseconds> times;  // of the URLs that were fetched
  std::size_t errors = 0;
  std::uint64_t bytes = 0;

  void add(const Fetched& fetched) {
    bytes += fetched.bytes;
    fetched.error.empty() ? times.push_back(fetched.time) : void(++errors);
  }
  /// Half of the fetches took no longer than `percentile(50)`.
  Milliseconds percentile(std::size_t percent) {
    if (times.empty()) return {};
    const std::size_t index = (times.size() * percent + 99) / 100 - 1;
    std::nth_element(times.begin(), times.begin() + static_cast<std::ptrdiff_t>(index), times.end());
    return times[index];
  }
};

// Save, and tell.

eddy::Task<Totals> pipeline(Options options) {
  const bool shows_progress = !options.quiet && ::isatty(STDERR_FILENO) == 1;
  fs::create_directories(options.out);
  http::SessionOptions session_options;
  session_options.limit(options.limit).timeouts({.total = std::nullopt, .connect = 10s, .first_byte = 30s, .idle = 30s});
  session_options.retry({.max_attempts = options.attempts, .delay = 100ms});
  http::ClientSession session(std::move(session_options));
  eddy::File index = co_await eddy::open_file(options.out / "index.jsonl", eddy::FileMode::write);

  const auto fetch_job = [&](Job job) { return fetch(session, options.out, options.attempts, std::move(job)); };
  auto fetched = jobs(options) | eddy::transform_concurrent(fetch_job, options.limit);
  Totals totals;
  while (const auto one = co_await fetched.next()) {
    totals.add(*one);
    co_await index.write(make_record(*one));
    if (shows_progress) fmt::print(stderr, "\r{} fetched, {} failed, {} bytes", totals.times.size(), totals.errors, totals.bytes);
  }
  co_await index.close();
  if (shows_progress) fmt::print(stderr, "\r\033[K");
  co_return totals;
}

Options parse(const std::vector<std::string>& arguments) {
  Options options;
  for (auto argument = arguments.begin(); argument != arguments.end(); ++argument) {
    const std::string name = *argument;
    if (!name.starts_with('-')) {
      options.urls.push_back(name);
    } else if (name == "--quiet") {
      options.quiet = true;
    } else if (name == "--out" || name == "--from" || name == "--limit" || name == "--attempts") {
      if (++argument == arguments.end()) throw UsageError(name + " needs a value");
      const int number = std::atoi(argument->c_str());
      if (name == "--out") options.out = *argument;
      if (name == "--from") options.from = *argument;
      if (name == "--limit") options.limit = static_cast<std::size_t>(std::max(number, 0));
      if (name == "--attempts") options.attempts = number;
    } else {
      throw UsageError("unexpected argument '" + name + "'");
    }
  }
  if (options.out.empty()) throw UsageError("--out DIR is missing");
  if (options.limit == 0 || options.attempts < 1) throw UsageError("--limit and --attempts need positive numbers");
  if (options.urls.empty() && options.from.empty()) throw UsageError("there are no URLs: name some, or a file with --from");
  return options;
}

int main(int argc, char** argv) {
  try {
    Totals totals = eddy::run(pipeline(parse({argv + 1, argv + argc})));
    fmt::print("{} fetched, {} failed, {} bytes; half in {:.1f} ms, 90 % in {:.1f} ms, 99 % in {:.1f} ms\n",
               totals.times.size(), totals.errors, totals.bytes, totals.percentile(50).count(), totals.percentile(90).count(),
               totals.percentile(99).count());
    return totals.errors == 0 ? 0 : 3;
  } catch (const UsageError& error) {
    fmt::print(stderr, "21_http_pipeline: {}\n", error.what());
    fmt::print(stderr, "usage: 21_http_pipeline --out DIR [--from FILE] [--limit N] [--attempts N] [--quiet] [URL...]\n");
    return 2;
  } catch (const eddy::KeyboardInterrupt&) {
    fmt::print(stderr, "\n21_http_pipeline: interrupted\n");
    return 130;
  } catch (const std::exception& error) {
    fmt::print(stderr, "21_http_pipeline: {}\n", error.what());
    return 1;
  }
}
