#pragma once
// What a line of the log is about, apart from its words: fields for machines,
// and what is counted. Pure. Events hold no secret, URL or text of others.
#include "messages/spans.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace render {

struct event {
  /// One of the list in docs/operations.md, a literal; empty: only words.
  std::string_view name{};
  std::string job{};
  /// Of the job's record.
  std::string type{};
  /// Of the job, from 1; 0: none.
  uint32_t attempt = 0;
  /// Instance number of a GPU of this worker; 0: none.
  uint64_t gpu = 0;
  /// Workload type of the GPU.
  std::string workload{};
  /// "success", "failed", "delivered" …
  std::string outcome{};
  /// The kind of a failure, or the `error_code` of a job.
  std::string error_kind{};
  /// A literal of a closed list: the stage of a job, the call of a provider.
  std::string_view part{};
  /// What was moved.
  uint64_t bytes = 0;
  /// What it took; negative: not said.
  double seconds = -1;
  /// Of a job with a deadline that has ended: what was left until then.
  std::optional<double> slack_s{};
  /// The span that it happened in; none: nobody traces.
  span_context trace{};
  /// How many of them, where one line tells several.
  uint64_t count = 1;
};

} // namespace render
