#pragma once
// A job as its record in Redis has it (hash `job:{id}`), and its outcome.
#include "messages/ids.hpp"
#include "messages/spans.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace render {

enum class job_kind : uint8_t { csm, whisper, portrait, analyze };

inline constexpr job_kind all_job_kinds[]
  = {job_kind::csm, job_kind::whisper, job_kind::portrait, job_kind::analyze};

/// The `type` of the job record: `csm`, `whisper`, `portrait`, `analyze`.
std::string_view to_string(job_kind kind) noexcept;
std::optional<job_kind> job_kind_from(std::string_view type) noexcept;

/// The producer's record, fields as found. Numbers may have been written as
/// floats. Nothing here is validated: see job_params.hpp.
struct job {
  job_id id;
  /// As written; not necessarily one of the four kinds.
  std::string type;
  /// Unix seconds; 0 when absent.
  double created_at_s = 0;
  /// Unix seconds, absolute; 0 when absent (no deadline).
  double complete_by_s = 0;
  /// Seconds of processing; 0 when absent.
  double max_time_s = 0;
  /// JSON object, as text.
  std::string data;
  /// How many times a GPU has begun this job, this time included. 0 while it
  /// still waits.
  uint32_t attempt = 0;
  /// Fencing token: grows with every claim by any worker. A former owner's
  /// write carries an older fence and is refused.
  uint64_t fence = 0;
  /// How the attempts before this one ended, oldest first.
  std::vector<std::string> history;
  /// Where a former owner's render may still run (see render_handle); empty:
  /// nowhere.
  std::string remote;
  /// The producer's span, of `traceparent` and `tracestate`; none: it has none.
  span_context trace{};

  friend bool operator==(const job&, const job&) = default;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, job& x) {
  return f(x.id, x.type, x.created_at_s, x.complete_by_s, x.max_time_s, x.data,
           x.attempt, x.fence, x.history, x.remote, x.trace);
}

/// How a job ended. A failure is made by `failed_outcome`.
struct job_outcome {
  enum class end : uint8_t { success, failed };

  /// `result` of the record (whisper, analyze); empty otherwise.
  std::string text;
  /// `result_url` of the record (csm, portrait); empty otherwise.
  std::string result_url;
  end how = end::success;
  /// Of a failure alone. Once `make_public` has seen it, what the customer is
  /// told (see public_error.hpp); with what the record has beside it.
  failure error{failure_kind::internal, {}};
  /// `receipt` of the record: what it used of GPUs (see money.hpp). Empty:
  /// nobody knows.
  std::string receipt = {};
  std::string error_code{};
  /// For operators alone.
  std::string error_detail{};
  /// The attempt's span, for the webhook; none: nobody traces.
  span_context trace{};

  bool success() const noexcept {
    return how == end::success;
  }

  friend bool operator==(const job_outcome&, const job_outcome&) = default;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, job_outcome& x) {
  return f(x.text, x.result_url, x.how, x.error, x.receipt, x.error_code,
           x.error_detail, x.trace);
}

/// The error's text is never empty: in a record, and in the journal, an empty
/// one stands for a success.
inline job_outcome failed_outcome(failure error) {
  if (error.message.empty())
    error.message = "failed without a reason";
  job_outcome out;
  out.how = job_outcome::end::failed;
  out.error = std::move(error);
  return out;
}

} // namespace render
