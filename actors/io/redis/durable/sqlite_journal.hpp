#pragma once
// The journal on disk: one SQLite file for each worker id in a folder that
// workers of one machine may share. A file belongs to the process that holds
// its lock; the rows of files whose process is dead are taken over.
//
// Written through the page cache, without fsync: it survives the death of the
// process, which is what happens. After a power cut it may lack the last
// moments, or be broken: then it is set aside (`.broken`) and begun anew. Redis
// has what it held.
#include "actors/io/redis/durable/journal.hpp"

#include <filesystem>

namespace render::job_store {

/// Version of the tables, in SQLite's `user_version`. Files of a later version
/// are left alone; the one of an earlier version would be converted here.
inline constexpr int journal_version = 1;

/// Makes the folder if need be. Fails as `invalid_input` when it cannot be
/// written to or another process uses the same worker id, as `internal` when
/// the file is none of ours.
result<std::unique_ptr<journal>>
open_sqlite_journal(const std::filesystem::path& folder,
                    const std::string& worker_id);

} // namespace render::job_store
