// A pipeline over real files: counts the lines, words and bytes of every file below a directory.
//
//     20_file_pipeline DIR --out FILE [--limit N] [--quiet]
//
// The stages are those of 08_fetch_process_save. Fetch reads the files, at most N at once; process makes a line of JSON
// for each; save appends the lines to FILE, in the order of the paths. What may block runs in the loop's thread pool
// (`eddy::to_thread`, as `asyncio.to_thread`). Files go through in batches and are read in pieces, so neither a large
// tree nor a large file needs more memory than the list of the paths.
//
// A file that cannot be read has an `error` in its line and does not disturb the others. Ctrl-C cancels the pipeline;
// a save that is under way is waited for, so every line of FILE is whole. Exit status: 0 done, 1 failed (DIR cannot be
// listed, FILE cannot be written), 2 wrong usage, 3 done, but some files could not be read, 130 Ctrl-C.
//
// SPDX-License-Identifier: MIT

#include <eddy/eddy.hpp>
#include <eddy/threads.hpp>

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <functional>
#include <memory>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace fs = std::filesystem;

struct Options {
  std::string dir;
  std::string out;
  std::size_t limit = 64;
  bool quiet = false;
};

struct Counts {
  std::uint64_t lines = 0;
  std::uint64_t words = 0;
  std::uint64_t bytes = 0;
};

struct Totals {
  std::size_t files = 0;
  std::size_t errors = 0;
  Counts counts;
};

using Paths = std::vector<std::string>;              // relative to DIR
using Fetched = std::vector<eddy::Outcome<Counts>>;  // in the order of the paths

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, CloseFile>;

/// The file that the lines go to.
struct Output {
  std::string path;
  File file;
  std::size_t size = 0;
};

// What runs in the thread pool. A cancel reaches it through the stop token.

/// Lists the regular files below `dir` but `out`, sorted. Links to files are followed, links to directories are not.
/// What cannot be examined is listed too: reading it will tell why.
Paths find_files(const std::stop_token& stop, const std::string& dir, const std::string& out) {
  Paths found;
  std::vector<fs::path> directories{""};
  while (!directories.empty()) {
    const fs::path directory = std::move(directories.back());
    directories.pop_back();

    std::error_code error;
    std::error_code ignored;
    fs::directory_iterator entry{dir / directory, error};
    for (; !error && entry != fs::directory_iterator{}; entry.increment(error)) {
      if (stop.stop_requested()) throw eddy::CancelledError{};
      const fs::path path = directory / entry->path().filename();
      const fs::file_status status = entry->status(ignored);
      if (fs::is_directory(status)) {
        if (!entry->is_symlink(ignored)) directories.push_back(path);
      } else if (!fs::is_other(status) && !fs::equivalent(entry->path(), out, ignored)) {
        found.push_back(path.native());
      }
    }
    if (error && directory.empty()) throw std::system_error(error, dir);
    if (error) found.push_back(directory.native());
  }
  std::sort(found.begin(), found.end());
  return found;
}

/// Counts a file as `LC_ALL=C wc` does: white space ends a word, a printable character begins one or continues it, and
/// any other byte does neither.
Counts count_file(const std::stop_token& stop, const fs::path& path) {
  const File file{std::fopen(path.c_str(), "rb")};
  if (!file) throw std::system_error(errno, std::generic_category());

  Counts counts;
  bool in_word = false;
  std::array<char, 65536> buffer;
  while (const std::size_t size = std::fread(buffer.data(), 1, buffer.size(), file.get())) {
    if (stop.stop_requested()) throw eddy::CancelledError{};
    counts.bytes += size;
    for (const char c : std::string_view{buffer.data(), size}) {
      if (c == '\n') ++counts.lines;
      if (c == ' ' || (c >= '\t' && c <= '\r')) {
        in_word = false;
      } else if (c > ' ' && c <= '~' && !in_word) {
        in_word = true;
        ++counts.words;
      }
    }
  }
  if (std::ferror(file.get())) throw std::system_error(errno, std::generic_category());
  return counts;
}

Output open_output(const std::string& path) {
  File file{std::fopen(path.c_str(), "wb")};
  if (!file) throw std::system_error(errno, std::generic_category(), path);
  std::setvbuf(file.get(), nullptr, _IONBF, 0);
  return Output{path, std::move(file)};
}

/// Appends all of `lines` or, if that fails, none: the output always ends with a whole line.
void append(Output& output, const std::string& lines) {
  if (std::fwrite(lines.data(), 1, lines.size(), output.file.get()) != lines.size()) {
    const int reason = errno;
    std::error_code ignored;
    fs::resize_file(output.path, output.size, ignored);
    throw std::system_error(reason, std::generic_category(), output.path);
  }
  output.size += lines.size();
}

// What is computed on the loop's thread.

/// The length of the UTF-8 character that `text` begins with, 0 if it begins with none. Overlong forms and surrogates
/// are none.
std::size_t utf8_length(std::string_view text) {
  const auto at = [text](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  const unsigned c = at(0);
  const std::size_t length = c < 0x80 ? 1 : c < 0xc2 ? 0 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : c < 0xf5 ? 4 : 0;
  const unsigned low = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : 0x80;
  const unsigned high = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : 0xbf;
  if (length > 1 && (at(1) < low || at(1) > high)) return 0;
  for (std::size_t i = 2; i < length; ++i) {
    if (at(i) < 0x80 || at(i) > 0xbf) return 0;
  }
  return length;
}

/// A JSON string. A byte that is no UTF-8 becomes the lone surrogate that Python's `os.fsencode` turns back into that
/// byte, so every file name can be recovered.
std::string json_string(std::string_view text) {
  std::string json = "\"";
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    const auto first = static_cast<unsigned char>(text.front());
    if (length == 0) {
      json += fmt::format("\\udc{:02x}", first);
    } else if (first < ' ' || first == 0x7f) {
      json += fmt::format("\\u{:04x}", first);
    } else {
      if (first == '"' || first == '\\') json += '\\';
      json += text.substr(0, length);
    }
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return json + '"';
}

// The pipeline.

eddy::Task<Counts> fetch_one(fs::path path, eddy::Semaphore& open_files) {
  const auto permit = co_await open_files.scoped();
  co_return co_await eddy::to_thread(count_file, std::move(path));
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
    lines += fmt::format("{{\"path\": {}, ", json_string(paths[i]));
    if (fetched[i].has_value()) {
      const Counts& counts = fetched[i].value();
      lines += fmt::format("\"lines\": {}, \"words\": {}, \"bytes\": {}}}\n", counts.lines, counts.words, counts.bytes);
      totals.counts.lines += counts.lines;
      totals.counts.words += counts.words;
      totals.counts.bytes += counts.bytes;
      ++totals.files;
    } else {
      lines += fmt::format("\"error\": {}}}\n", json_string(fetched[i].what()));
      ++totals.errors;
    }
  }
  return lines;
}

/// Stage 3: appends the lines to the output.
eddy::Task<> save(Output& output, std::string lines) {
  co_await eddy::to_thread(append, std::ref(output), std::move(lines));
}

eddy::Task<Totals> pipeline(Options options) {
  constexpr std::ptrdiff_t batch_size = 256;
  const bool show_progress = !options.quiet && ::isatty(STDERR_FILENO) == 1;

  const Paths files = co_await eddy::to_thread(find_files, options.dir, options.out);
  Output output = co_await eddy::to_thread(open_output, options.out);
  Totals totals;
  for (auto first = files.begin(); first != files.end();) {
    const auto last = first + std::min(batch_size, files.end() - first);
    const Paths batch(first, last);
    first = last;

    const Fetched fetched = co_await fetch(options.dir, batch, options.limit);
    std::string lines = process(batch, fetched, totals);
    co_await save(output, std::move(lines));

    if (show_progress) fmt::print(stderr, "\r{} of {} files", first - files.begin(), files.size());
  }
  if (show_progress) fmt::print(stderr, "\r\033[K");
  co_return totals;
}

struct UsageError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

std::size_t parse_limit(const std::string& text) {
  std::size_t limit = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, limit);
  if (error != std::errc{} || stop != end || limit == 0) {
    throw UsageError("--limit needs a positive number, not '" + text + "'");
  }
  return limit;
}

Options parse(const std::vector<std::string>& arguments) {
  Options options;
  for (auto argument = arguments.begin(); argument != arguments.end(); ++argument) {
    const std::string& name = *argument;
    if (name == "--quiet") {
      options.quiet = true;
    } else if (name == "--out" || name == "--limit") {
      if (++argument == arguments.end()) throw UsageError(name + " needs a value");
      if (name == "--out") options.out = *argument;
      if (name == "--limit") options.limit = parse_limit(*argument);
    } else if (name.starts_with('-') || !options.dir.empty()) {
      throw UsageError("unexpected argument '" + name + "'");
    } else {
      options.dir = name;
    }
  }
  if (options.dir.empty()) throw UsageError("DIR is missing");
  if (options.out.empty()) throw UsageError("--out FILE is missing");
  return options;
}

int main(int argc, char** argv) {
  try {
    const auto start = std::chrono::steady_clock::now();
    const Options options = parse({argv + 1, argv + argc});
    const auto [files, errors, counts] = eddy::run(pipeline(options));
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
    fmt::print("{} files, {} lines, {} words, {} bytes, {} errors, {:.2f} s\n", files, counts.lines, counts.words,
               counts.bytes, errors, elapsed.count());
    return errors == 0 ? 0 : 3;
  } catch (const UsageError& error) {
    fmt::print(stderr, "20_file_pipeline: {}\n", error.what());
    fmt::print(stderr, "usage: 20_file_pipeline DIR --out FILE [--limit N] [--quiet]\n");
    return 2;
  } catch (const eddy::KeyboardInterrupt&) {
    fmt::print(stderr, "\n20_file_pipeline: interrupted\n");
    return 130;
  } catch (const std::exception& error) {
    fmt::print(stderr, "20_file_pipeline: {}\n", error.what());
    return 1;
  }
}
