#pragma once
// A job record as one line of a trace. Pure.
#include "messages/failure.hpp"

#include <string>

namespace render::ctl {

/// The fields of a job record that make a trace, as in Redis; empty when
/// absent.
struct trace_fields {
  std::string type;
  std::string created_at;
  std::string started_at;
  std::string finished_at;
  std::string complete_by;
};

struct trace_line {
  /// Unix seconds.
  double created_s = 0;
  /// One JSON object with a line feed.
  std::string text;
};

/// Fails with why the job is left out: "not finished", "unknown type" or
/// "unreadable times".
result<trace_line> make_trace_line(const trace_fields& x);

} // namespace render::ctl
