#pragma once
// One run of a Gradio function, read from its session's event stream.
#include "actors/renderer/gradio/sse.hpp"
#include "messages/failure.hpp"
#include "messages/text/json.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace render::gradio {

class run_reader {
public:
  /// `who` begins error texts. `event` may be empty: then the first event of
  /// the stream names the run, since the session has only this run.
  explicit run_reader(std::string who = {}, std::string event = {})
    : who_(std::move(who)), event_(std::move(event)) {
    // nop
  }

  /// A piece of the stream, cut at any byte.
  void add(std::string_view bytes);

  /// The run has ended, or the stream is not worth reading on.
  bool ended() const noexcept {
    return ended_;
  }

  /// Meaningful once ended.
  bool failed() const noexcept {
    return !error_.message.empty();
  }

  const failure& error() const noexcept {
    return error_;
  }

  /// The run's outputs, an array; updates are unwrapped.
  const json::document& outputs() const noexcept {
    return outputs_;
  }

  /// "queued, position 2", "render"; empty: nothing new.
  std::string take_stage();

  /// 0 to 1; negative: unknown.
  double progress() const noexcept {
    return progress_;
  }

  /// The run's id, once it is known.
  const std::string& event() const noexcept {
    return event_;
  }

private:
  void read(std::string_view data);
  bool is_ours(const json::value& x);
  void read_heartbeat();
  void read_progress(const json::value& x);
  void read_completed(json::document& x);
  void read_outputs(json::document& x);
  void fail_with(failure_kind kind, const std::string& text);

  std::string who_;
  std::string event_;
  event_parser parser_;
  std::string stage_;
  double progress_ = -1;
  /// Heartbeats before any other event.
  uint32_t heartbeats_ = 0;
  bool alive_ = false;
  bool started_ = false;
  bool ended_ = false;
  json::document outputs_;
  failure error_{failure_kind::internal, {}};
};

} // namespace render::gradio
