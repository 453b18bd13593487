#pragma once
// Records and commands ↔ Redis replies. Pure: knows no connection and no
// clock. What stands in Redis was written by others, so nothing is trusted:
// a number may be a float or garbage, a field may be missing, a reply may have
// another shape than its script promises.
#include "actors/io/redis/link/reply.hpp"
#include "actors/io/redis/queue_walk.hpp"
#include "messages/queue.hpp"

#include <array>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace render::job_store {

/// A finite decimal number, blanks around it allowed; nothing else.
std::optional<double> parse_number(std::string_view text);

/// Shortest text that reads back as the same number, never an exponent.
std::string number_text(double x);

struct decoded_job {
  job subject;
  /// What counts as absent since it cannot be read, for the log.
  std::vector<std::string> unread;
};

/// A job entry {id, attempt, type, created_at, complete_by, max_time, data,
/// fence, history, remote, …} of the scripts; missing elements count as absent
/// fields. Of the history no more than the last 20 lines.
decoded_job decode_job(reply x);

struct decoded_unfit {
  job subject;
  failure reason;
};

/// What a claim script answered.
struct decoded_claim {
  uint64_t queue_length = 0;
  std::vector<job> jobs;
  std::vector<decoded_unfit> unfit;
  /// Job id and text, for the log.
  std::vector<std::pair<std::string, std::string>> remarks;
  /// Ids removed from the queue because their record is not a hash.
  std::vector<std::string> dropped;
  /// None from a claim of one job.
  std::optional<ended_walk> walk;
  /// Ids without a record that were failed on the spot, beyond the unfit.
  uint64_t removed = 0;
};

result<decoded_claim> decode_claim(reply x);

/// The error of an id without a record; the id follows it.
inline constexpr std::string_view missing_record_text
  = "job record missing: the id was in the queue, but there is no hash job:";

/// What a look counts, in this order.
inline constexpr std::array<std::string_view, 4> job_types{
  "csm", "whisper", "portrait", "analyze"};

/// With commas between.
std::string job_types_text();

/// `data` is empty where it is too long to come along, and "null", which no job
/// accepts, where the record has none or more than a job may have.
result<msg::queue_snapshot> decode_peek(reply x);

struct decoded_ownership {
  bool ours = false;
  std::string status;
};

result<decoded_ownership> decode_ownership(reply x);

struct decoded_settle {
  bool written = false;
  /// A webhook waits in the outbox: tries made, and when its entry was made.
  struct waiting {
    uint32_t attempts = 0;
    int64_t created_ms = 0;
  };
  std::optional<waiting> webhook;
};

result<decoded_settle> decode_settle(reply x);

/// `redis_version` of an INFO reply.
result<std::string> decode_version(const reply& x);

/// The history field of a record: one line an attempt that ended.
std::vector<std::string> split_history(std::string_view text);
/// Line breaks in an entry become spaces; the oldest entries go when there are
/// many.
std::string join_history(const std::vector<std::string>& entries);

/// A job that was taken from a dead worker.
struct recovered_job {
  std::string id;
  std::string former_owner;
  uint32_t attempt = 0;
};

struct decoded_recover {
  std::vector<recovered_job> jobs;
  /// As `until_next_look` takes it.
  int64_t next_due_ms = -1;
  uint32_t workers = 1;
};

/// When to look again for what dead workers have left. `due_ms`: until the
/// first lease runs out, negative when there is none. A lease that begins after
/// a look lasts until the next one at least.
std::chrono::milliseconds until_next_look(int64_t due_ms,
                                          std::chrono::milliseconds least,
                                          std::chrono::milliseconds lease);

result<decoded_recover> decode_recover(reply x);

/// The error reply of Redis as a failure: LOADING, OOM, READONLY, BUSY and the
/// like are an outage, wrong credentials too; anything else a bug.
failure failure_of(std::string_view error);

/// Was this job claimed without a record, so that settling it has to make one?
bool is_recordless(const job& x);

/// The body of the webhook of an ended job. Always valid UTF-8.
std::string webhook_body(const job& subject, const job_outcome& outcome);

} // namespace render::job_store
