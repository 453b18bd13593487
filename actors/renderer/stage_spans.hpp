#pragma once
// The spans of what an attempt does in turn: download, upload, render, store.
// What a step asks of the outside tells which of them it belongs to. Pure.
#include "actors/renderer/plan.hpp"
#include "actors/tracer.hpp"
#include "messages/moment.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace render {

/// "download", "upload", "render" or "store"; empty: what is under way goes on.
std::string_view stage_of(const step& x);

/// Does it fetch an input?
bool is_input(const http_request& x);

/// Is `url`, whatever its scheme, `base` or below it? No without a base.
bool is_below(std::string_view url, std::string_view base);

/// May it see trace headers? Only services of the GPU do: producers and the
/// storage learn nothing of our traces.
bool is_to_node(std::string_view url, const render_environment& env);

class stage_spans {
public:
  /// `attempt`: none, nobody traces.
  stage_spans(span_context attempt, uint64_t seed)
    : attempt_(std::move(attempt)),
      ids_(attempt_ ? std::make_unique<tracer>(sampling{}, seed) : nullptr) {
    // nop
  }

  /// The former span ends where the next one begins.
  void on_step(const step& x, const moment& now);

  /// `error` is empty unless the attempt failed.
  void on_end(std::string error, const moment& now);

  /// For the log.
  const span_context& attempt() const noexcept {
    return attempt_;
  }

  /// For requests: what is under way now.
  const span_context& current() const noexcept {
    return now_.at ? now_.at : attempt_;
  }

  /// Those that have ended since the last time.
  std::vector<span> take();

private:
  struct open_stage {
    std::string_view name;
    span_context at;
    double start_s = 0;
  };

  span_context attempt_;
  /// Large; null without an attempt.
  std::unique_ptr<tracer> ids_;
  open_stage now_;
  std::vector<span> done_;
};

} // namespace render
