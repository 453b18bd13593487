#pragma once
// Finds jobs.
#include "app/records/job_list.hpp"
#include "app/records/redis.hpp"

namespace render::records {

enum class job_place : uint8_t {
  /// By the index of ended jobs, the latest end first.
  ended,
  /// With a lease, the latest begin first.
  running,
  /// In the queue, its head first.
  waiting,
};

/// Of a filter's status: queued and running have places of their own.
job_place place_of(const job_filter& x);

struct find_terms {
  job_place where = job_place::ended;
  job_filter filter{};
  size_t limit = 50;
  std::optional<job_cursor> after{};
  /// A page ends, with a cursor, when so many were looked at.
  size_t looked_at_max = SIZE_MAX;
};

struct job_page {
  /// With the shown fields.
  std::vector<listed_job> jobs;
  /// Nothing: this is the last page.
  std::optional<job_cursor> next;
};

result<job_page> find(redis& db, const find_terms& terms);

/// The whole record; empty: there is none.
result<record> read_job(redis& db, const std::string& id);

/// These jobs in their order, with the shown fields and what the filter looks
/// at.
result<std::vector<listed_job>> read_jobs(redis& db,
                                          const std::vector<std::string>& ids,
                                          const job_filter& filter);

} // namespace render::records
