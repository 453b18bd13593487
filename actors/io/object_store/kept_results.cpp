#include "actors/io/object_store/kept_results.hpp"

#include "actors/io/files/files.hpp"
#include "messages/text/path_below.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>

namespace render::kept_results {

namespace {

namespace fs = std::filesystem;

const std::string marks = ".kept";

// A symbolic link in the result's place is replaced, not followed.
std::error_code move(const std::string& from, const descriptor& root,
                     const std::string& name, const std::string& target) {
  if (renameat(AT_FDCWD, from.c_str(), root.get(), name.c_str()) == 0)
    return {};
  std::error_code error{errno, std::generic_category()};
  if (error != std::errc::cross_device_link)
    return error;
  files::remove_tree(root, name);
  fs::copy_file(from, target, fs::copy_options::none, error);
  return error;
}

// A result without a mark stays for ever, so a failure here is harmless.
void mark(const descriptor& root, const std::string& name) {
  auto folder = files::open_folder(root, marks, files::missing::is_made);
  if (!folder)
    return;
  if (auto file = files::open_file(*folder, name))
    futimens(file->get(), nullptr);
}

} // namespace

result<std::string> keep(const std::string& output_dir,
                         const msg::store_file& x) {
  std::error_code error;
  auto path = path_below(fs::absolute(output_dir, error).string(), x.name);
  if (!path)
    return fail(failure_kind::internal, path.error().message);
  auto root = files::open_root(output_dir);
  if (!root)
    return fail(root.error());
  error = move(x.path, *root, x.name, *path);
  if (error)
    return fail(failure_kind::unfit,
                "result " + *path + " cannot be written: " + error.message());
  mark(*root, x.name);
  return path;
}

uint64_t size_of(const msg::store_file& x) {
  std::error_code error;
  auto size = fs::file_size(x.path, error);
  return error ? 0 : size;
}

size_t sweep(const std::string& output_dir, double ttl_s, double now_s,
             size_t limit) {
  auto root = files::open_root(output_dir);
  if (!root)
    return 0;
  auto folder = files::open_folder(*root, marks, files::missing::is_an_error);
  if (!folder)
    return 0;
  size_t swept = 0;
  for (auto& name : files::names_in(*folder)) {
    if (swept == limit)
      break;
    if (files::changed_s(*folder, name) >= now_s - ttl_s)
      continue;
    // A folder of that name is not the worker's: unlinkat does not remove it.
    unlinkat(root->get(), name.c_str(), 0);
    unlinkat(folder->get(), name.c_str(), 0);
    ++swept;
  }
  return swept;
}

} // namespace render::kept_results
