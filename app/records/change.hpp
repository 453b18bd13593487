#pragma once
// Changes of jobs that producers, front ends and operators make. Each is one
// step in Redis.
#include "app/records/redis.hpp"
#include "messages/job.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace render::records {

/// A random UUID.
std::string new_job_id();

/// So that a request that is sent again makes no second job.
struct idempotency {
  /// Of one client: keys of others must differ. Any text.
  std::string key;
  /// The same for the same request, such as a digest of its body.
  std::string request;
  std::chrono::seconds keep{86'400};
};

struct enqueued {
  enum class how : uint8_t {
    queued,
    /// The same request was here before: `id` is its job.
    repeated,
    /// The key was used with another request. Nothing was written.
    key_reused,
    /// There is a job `id` already. Nothing was written.
    id_taken,
  };
  how outcome = how::queued;
  std::string id;
};

/// The record and its place at the end of the queue. Of `x` are written: `id`,
/// `type`, `created_at_s`, `complete_by_s` and `max_time_s` (where they are
/// above 0, whole), `data` and `trace` (where there is one); and `more` fields.
result<enqueued>
enqueue(redis& db, const job& x,
        const std::vector<std::pair<std::string, std::string>>& more = {},
        const std::optional<idempotency>& once = std::nullopt);

struct cancelled {
  /// There is a record.
  bool found = false;
  /// The status before; the job is cancelled unless that is final.
  std::string was;
};

/// `status`: one of cancelled, timed_out, failed.
result<cancelled> cancel(redis& db, const std::string& id,
                         const std::string& status, const std::string& reason);

struct retried {
  enum class how : uint8_t {
    queued,
    missing,
    /// It waits or runs.
    not_ended,
  };
  how outcome = how::queued;
  /// Of the new job.
  std::string id;
  /// Why not: "has not ended: running".
  std::string why;
};

/// Runs an ended job again, as a new one. The time that it had until its
/// deadline counts from now on.
result<retried> retry(redis& db, const std::string& id);

/// The same for many, in few round trips.
std::vector<result<cancelled>>
cancel_all(redis& db, const std::vector<std::string>& ids,
           const std::string& status, const std::string& reason);
std::vector<result<retried>> retry_all(redis& db,
                                       const std::vector<std::string>& ids);

} // namespace render::records
