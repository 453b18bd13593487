#pragma once
// Lines on their way to a file handle. A thread of its own writes them, so that
// a reader who does not read (a full pipe, a stopped terminal) blocks nobody:
// beyond a limit the oldest lines are dropped, counted, and said to be missing
// once the handle takes lines again.
//
// spdlog's own asynchronous logger joins its thread at the end, which a full
// pipe makes wait for ever, and tells nobody what it drops.
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace render {

class line_queue {
public:
  struct options {
    /// Lines kept while the handle takes none.
    size_t lines_max = 8'192;
    /// How long the destructor waits for the rest to be written, ms.
    int last_wait_ms = 1'000;
    /// A line that says how many are missing.
    std::function<std::string(uint64_t missing)> lost_line = {};
  };

  /// `handle` stays the caller's, and open.
  line_queue(int handle, options how);
  line_queue(const line_queue&) = delete;
  line_queue& operator=(const line_queue&) = delete;
  ~line_queue();

  /// From any thread; never waits for the handle. `line` has its line break.
  void push(std::string line);

  /// Lines that were dropped since the start.
  uint64_t dropped() const;

private:
  struct shared;
  std::shared_ptr<shared> shared_;
};

} // namespace render
