#pragma once
// Results in OUTPUT_DIR. Of each that the worker has put there it leaves a mark
// (an empty file of the same name in `.kept`), so that its sweep never takes a
// file of somebody else for its own.
#include "messages/failure.hpp"
#include "messages/object_store.hpp"

#include <cstddef>
#include <string>

namespace render::kept_results {

/// Moves the file (copies where the file system differs) to
/// `output_dir`/`name`, over one of that name; its absolute path. Fails as
/// `internal` when the name is a path, as `unavailable` when the disk refuses.
result<std::string> keep(const std::string& output_dir,
                         const msg::store_file& x);

/// Removes the results that were kept more than `ttl_s` seconds before `now_s`
/// (Unix time), `limit` at most; how many. Marks of results that are gone
/// count, too.
size_t sweep(const std::string& output_dir, double ttl_s, double now_s,
             size_t limit);

} // namespace render::kept_results
