#pragma once
// The worker's log: one line for each event on standard error, in UTC, as text
// or as one JSON object.
#include "actors/io/redis/worker_card.hpp"
#include "actors/log.hpp"
#include "messages/text/foreign_text.hpp"

#include <spdlog/formatter.h>
#include <spdlog/sinks/sink.h>

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace render {

/// `format`: "text" or "json". Text from others is escaped (see printable.hpp),
/// so that a message is always one line. Secrets are masked here once more, for
/// all lines. A JSON line has `worker`, and the fields of its event that are
/// set, under the names that docs/operations.md lists.
std::unique_ptr<spdlog::formatter> make_formatter(std::string_view format,
                                                  secret_mask mask = {},
                                                  std::string worker = {});

struct log_output {
  logger log;
  /// Lines that the reader of `handle` did not take in time.
  std::function<uint64_t()> lines_dropped;
};

/// A log that never waits for the reader of `handle` (see line_queue.hpp), and
/// writes the last lines when it ends. `format` as above; `level`: "debug",
/// "info", "warning", "error".
log_output make_logger(std::string_view format, const std::string& level,
                       const secret_mask& mask, const std::string& worker = {},
                       int handle = 2);

/// Remembers the latest error of a log whose sink it is, as a line has it.
class error_note : public spdlog::sinks::sink {
public:
  explicit error_note(secret_mask mask) : mask_(std::move(mask)) {
    // nop
  }

  /// From any thread.
  job_store::noted_error latest() const;

  void log(const spdlog::details::log_msg& x) override;
  void flush() override {
    // nop
  }
  // It has no lines.
  void set_pattern(const std::string&) override {
    // nop
  }
  void set_formatter(std::unique_ptr<spdlog::formatter>) override {
    // nop
  }

private:
  secret_mask mask_;
  mutable std::mutex mutex_;
  job_store::noted_error latest_;
};

} // namespace render
