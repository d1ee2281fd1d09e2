// A pipeline over real files: counts the lines, words and bytes of every file below a directory.
//
//     20_file_pipeline DIR --out FILE [--stream] [--limit N] [--quiet]
//
// Files are read, at most N at once, a line of JSON is made for each, and the lines are appended to FILE. What may
// block runs in the loop's thread pool: `eddy::walk` finds the files, `eddy::to_thread` counts them, an `eddy::File` takes the
// lines. That work, the form of the lines and the command line are in file_pipeline/.
//
// The stages are those of 08_fetch_process_save: each takes a batch of files and gives it on. The lines are in the order
// of the paths, so all paths are in memory. With --stream the stages are generators, as in 09_streaming_pipeline: the
// lines come in the order in which the directories are read, and however many files there are, only those that are at
// work are in memory. A file that cannot be read for a reason that may pass (too many open files, an interruption, a
// device error) is then read again, at most twice, after 10 ms and after 20 ms more.
//
// A file that cannot be read has an `error` in its line and does not disturb the others. Ctrl-C cancels the pipeline;
// a save that is under way is waited for, so every line of FILE is whole. Exit status: 0 done, 1 failed (DIR cannot be
// listed, FILE cannot be written), 2 wrong usage, 3 done, but some files could not be read, 130 Ctrl-C.
//
// SPDX-License-Identifier: MIT

#include <eddy/eddy.hpp>
#include <eddy/io.hpp>

#include "file_pipeline/files.hpp"
#include "file_pipeline/options.hpp"
#include "file_pipeline/records.hpp"
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <exception>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

using namespace std::chrono_literals;

/// Shows how many files are done, on a terminal only.
class Progress {
 public:
  explicit Progress(bool quiet) : shown_(!quiet && ::isatty(STDERR_FILENO) == 1) {}
  void show(std::size_t done, const std::string& what) const {
    if (shown_) fmt::print(stderr, "\r{} {}", done, what);
  }
  void clear() const {
    if (shown_) fmt::print(stderr, "\r\033[K");
  }

 private:
  bool shown_;
};

/// Reads and counts a file in a thread.
eddy::Task<Counts> count_in_thread(fs::path path) { co_return co_await eddy::to_thread(count_file, std::move(path)); }

// In batches.

/// All files, sorted.
eddy::Task<Paths> find_all(Options options) {
  auto found = find(options.dir, options.out);
  Paths paths;
  while (auto path = co_await found.next()) {
    paths.push_back(std::move(*path));
  }
  std::sort(paths.begin(), paths.end());
  co_return paths;
}

using Fetched = std::vector<eddy::Outcome<Counts>>;  // in the order of the paths

eddy::Task<Counts> fetch_one(fs::path path, eddy::Semaphore& open_files) {
  const auto permit = co_await open_files.scoped();
  co_return co_await count_in_thread(std::move(path));
}

/// Stage 1: reads and counts files, at most `limit` at once. One that fails gives a failed outcome.
eddy::Task<Fetched> fetch(fs::path dir, Paths paths, std::size_t limit) {
  eddy::Semaphore open_files{limit};
  std::vector<eddy::Task<Counts>> tasks;
  for (const std::string& path : paths) {
    tasks.push_back(fetch_one(dir / path, open_files));
  }
  co_return co_await eddy::gather(eddy::return_exceptions, std::move(tasks));
}

/// Stage 2: makes the lines and adds up the totals. Too little work to need a thread.
std::string process(const Paths& paths, const Fetched& fetched, Totals& totals) {
  std::string lines;
  for (std::size_t i = 0; i < paths.size(); ++i) {
    lines += make_record(paths[i], fetched[i], totals);
  }
  return lines;
}

eddy::Task<Totals> pipeline(Options options) {
  constexpr std::ptrdiff_t batch_size = 256;
  const Progress progress{options.quiet};

  const Paths files = co_await find_all(options);
  Output output = co_await open_output(options.out);
  Totals totals;
  for (auto first = files.begin(); first != files.end();) {
    const auto last = first + std::min(batch_size, files.end() - first);
    const Paths batch(first, last);
    first = last;

    const Fetched fetched = co_await fetch(options.dir, batch, options.limit);
    std::string lines = process(batch, fetched, totals);
    co_await output.append(std::move(lines));  // stage 3

    progress.show(totals.files + totals.errors, fmt::format("of {} files", files.size()));
  }
  progress.clear();
  co_return totals;
}

// As a stream. Each stage asks the one before it for the next item; the first is `find`.

struct Read {
  std::string path;
  eddy::Outcome<Counts> counted;
};

/// Reads and counts a file, more than once if need be.
eddy::Task<Read> read_one(fs::path dir, std::string path) {
  const eddy::RetryPolicy policy{.max_attempts = 3, .delay = 10ms, .retry_on = may_pass};
  auto counted = co_await eddy::gather(eddy::return_exceptions, eddy::retry(policy, count_in_thread, dir / path));
  co_return Read{std::move(path), std::get<0>(std::move(counted))};
}

/// Stage 2: reads the files, at most `limit` at once, and goes on with it while the later stages are at work. What it
/// yields has the order of the paths.
eddy::AsyncGenerator<Read> read(fs::path dir, eddy::AsyncGenerator<std::string> paths, std::size_t limit) {
  const auto read_path = [dir = std::move(dir)](std::string path) { return read_one(dir, std::move(path)); };
  return std::move(paths) | eddy::transform_concurrent(read_path, limit);
}

/// Stage 3: makes the lines and adds up the totals.
eddy::AsyncGenerator<std::string> process(eddy::AsyncGenerator<Read> files, Totals& totals) {
  while (const auto file = co_await files.next()) {
    co_yield make_record(file->path, file->counted, totals);
  }
}

/// Stage 4: appends the lines to the output, a few at a time. Yields how many they were. Where DIR cannot be listed, no
/// output is made.
eddy::AsyncGenerator<std::size_t> save(eddy::AsyncGenerator<std::string> lines, std::string out) {
  constexpr std::size_t batch_size = 64;
  auto batches = std::move(lines) | eddy::chunk(batch_size);
  auto batch = co_await batches.next();
  Output output = co_await open_output(std::move(out));
  for (; batch; batch = co_await batches.next()) {
    co_await output.append(fmt::format("{}", fmt::join(*batch, "")));
    co_yield batch->size();
  }
}

eddy::Task<Totals> stream_pipeline(Options options) {
  const Progress progress{options.quiet};
  Totals totals;
  auto paths = find(options.dir, options.out);
  auto files = read(options.dir, std::move(paths), options.limit);
  auto lines = process(std::move(files), totals);
  auto saved = save(std::move(lines), options.out);
  std::size_t done = 0;
  while (const auto more = co_await saved.next()) {
    done += *more;
    progress.show(done, "files");
  }
  progress.clear();
  co_return totals;
}

int main(int argc, char** argv) {
  try {
    const auto start = std::chrono::steady_clock::now();
    const Options options = parse({argv + 1, argv + argc});
    const auto [files, errors, counts] = eddy::run(options.stream ? stream_pipeline(options) : pipeline(options));
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
    fmt::print("{} files, {} lines, {} words, {} bytes, {} errors, {:.2f} s\n", files, counts.lines, counts.words,
               counts.bytes, errors, elapsed.count());
    return errors == 0 ? 0 : 3;
  } catch (const UsageError& error) {
    fmt::print(stderr, "20_file_pipeline: {}\n", error.what());
    fmt::print(stderr, "usage: 20_file_pipeline DIR --out FILE [--stream] [--limit N] [--quiet]\n");
    return 2;
  } catch (const eddy::KeyboardInterrupt&) {
    fmt::print(stderr, "\n20_file_pipeline: interrupted\n");
    return 130;
  } catch (const std::exception& error) {
    fmt::print(stderr, "20_file_pipeline: {}\n", error.what());
    return 1;
  }
}
