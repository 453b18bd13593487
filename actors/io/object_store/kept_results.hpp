#pragma once
// Results in OUTPUT_DIR. The worker leaves a mark for each of its results (an
// empty file of the same name in `.kept`), so that its sweep never removes
// another's file.
#include "messages/failure.hpp"
#include "messages/object_store.hpp"

#include <cstddef>
#include <cstdint>
#include <string>

namespace render::kept_results {

/// Moves the file (copies it between file systems) to `output_dir`/`name`,
/// replaces a file of that name, and returns the absolute path. Fails as
/// `internal` when the name is a path, as `unavailable` when the disk refuses.
result<std::string> keep(const std::string& output_dir,
                         const msg::store_file& x);

/// Of the file that is to be stored, bytes; 0: not known.
uint64_t size_of(const msg::store_file& x);

/// Removes the results that were kept more than `ttl_s` seconds before `now_s`
/// (Unix time), `limit` at most, and returns their number. Marks of results
/// that are gone count, too.
size_t sweep(const std::string& output_dir, double ttl_s, double now_s,
             size_t limit);

} // namespace render::kept_results
