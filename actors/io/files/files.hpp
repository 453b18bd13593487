#pragma once
// Folders and files below a root. Each step goes from an open folder to a name
// in it and follows no symbolic link, so that neither a planted link nor a name
// that is a path leads the worker elsewhere. New files and folders are
// accessible to their owner only.
#include "actors/io/descriptor.hpp"
#include "messages/failure.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace render::files {

/// Opens a folder that an operator has named, and makes it with its parents
/// when it is missing. Links on the way to it are the operator's own, and are
/// followed. Fails as `unavailable`.
result<descriptor> open_root(const std::string& path);

enum class missing : uint8_t { is_an_error, is_made };

/// Opens the folder `name` in `parent`. Fails as `invalid_input` when `name`
/// is no file name, as `unavailable` when it is no folder (a symbolic link to
/// one is none) or cannot be opened.
result<descriptor> open_folder(const descriptor& parent,
                               const std::string& name, missing policy);

/// Opens the file `name` in `parent` for reading and writing; a missing file is
/// made empty. Fails as `open_folder` does.
result<descriptor> open_file(const descriptor& parent, const std::string& name);

/// The names in a folder, except `.` and `..`.
std::vector<std::string> names_in(const descriptor& folder);

/// Removes the file or the folder `name` in `parent`, with all that is in it,
/// as far as possible.
void remove_tree(const descriptor& parent, const std::string& name);

/// Gives the file or the folder `name` in `parent` a new name there; a file or
/// an empty folder of that name is replaced. False when that cannot be done.
bool rename(const descriptor& parent, const std::string& name,
            const std::string& to);

/// Unix time at which `name` in `parent` was last written; negative when there
/// is no such file or folder.
double changed_s(const descriptor& parent, const std::string& name);

} // namespace render::files
