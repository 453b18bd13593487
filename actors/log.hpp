#pragma once
// Logging for actor shells: handed in at spawn, never looked up. Lines are
// sentences that begin with their subject ("job 4f.. (csm): ..."). They hold no
// secret and no presigned URL (see redacted_url). A line may say which event it
// tells; machines read that, and /metrics counts it.
#include "actors/event.hpp"

#include <spdlog/logger.h>
#include <spdlog/sinks/null_sink.h>

#include <memory>
#include <string_view>

namespace render {

using logger = std::shared_ptr<spdlog::logger>;

/// Swallows everything; for tests.
inline logger null_logger() {
  return std::make_shared<spdlog::logger>(
    "null", std::make_shared<spdlog::sinks::null_sink_mt>());
}

/// A sink of a log that is told of events, those too whose lines are not shown.
class event_listener {
public:
  virtual ~event_listener() = default;
  /// In the thread of whoever tells; must return soon.
  virtual void on_event(const event& x) = 0;

protected:
  event_listener() = default;
  event_listener(const event_listener&) = default;
  event_listener& operator=(const event_listener&) = default;
};

/// Its address marks lines that have an event.
inline constexpr char event_mark[] = "event";

/// spdlog has no fields. The place in the source, which nobody shows here,
/// carries the event to sinks that format at once; text of others cannot forge
/// it.
inline spdlog::source_loc event_place(const event& x) {
  return {event_mark, 1, reinterpret_cast<const char*>(&x)};
}

/// The event of a line, while the line is written; null: it has none.
inline const event* event_of(const spdlog::details::log_msg& x) {
  return x.source.filename == event_mark
           ? reinterpret_cast<const event*>(x.source.funcname)
           : nullptr;
}

/// Tells the listeners alone.
inline void note_event(const logger& to, const event& x) {
  for (auto& sink : to->sinks())
    if (auto* listener = dynamic_cast<event_listener*>(sink.get()))
      listener->on_event(x);
}

/// `text` may be empty: then no line is written.
inline void write_event(const logger& to, spdlog::level::level_enum level,
                        const event& x, std::string_view text) {
  if (!x.name.empty())
    note_event(to, x);
  if (!text.empty())
    to->log(event_place(x), level, "{}", text);
}

} // namespace render
