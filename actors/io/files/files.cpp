#include "actors/io/files/files.hpp"

#include "messages/text/path_below.hpp"
#include "messages/text/printable.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <memory>
#include <system_error>

namespace render::files {

namespace {

constexpr mode_t folder_mode = 0700;
constexpr mode_t file_mode = 0600;
constexpr int as_folder = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
// The worker makes no folders that are nested deeper.
constexpr int depth_max = 64;

std::string reason(int error) {
  return std::generic_category().message(error);
}

tl::unexpected<failure> cannot_open(const std::string& name, int error) {
  return fail(failure_kind::unfit,
              printable(name, 200) + " cannot be opened: " + reason(error));
}

result<void> check(const std::string& name) {
  return path_below("", name).map([](const std::string&) {});
}

struct closer {
  void operator()(DIR* x) const {
    closedir(x);
  }
};

void remove_in(int parent, const char* name, int depth) {
  if (unlinkat(parent, name, 0) == 0 || errno == ENOENT || depth > depth_max)
    return;
  {
    descriptor folder{openat(parent, name, as_folder | O_NOFOLLOW)};
    if (!folder)
      return;
    for (auto& x : names_in(folder))
      remove_in(folder.get(), x.c_str(), depth + 1);
  }
  unlinkat(parent, name, AT_REMOVEDIR);
}

} // namespace

result<descriptor> open_root(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  descriptor out{open(path.c_str(), as_folder)};
  if (!out)
    return cannot_open(path, errno);
  return out;
}

result<descriptor> open_folder(const descriptor& parent,
                               const std::string& name, missing policy) {
  if (auto ok = check(name); !ok)
    return fail(ok.error());
  if (policy == missing::is_made
      && mkdirat(parent.get(), name.c_str(), folder_mode) != 0
      && errno != EEXIST)
    return cannot_open(name, errno);
  descriptor out{openat(parent.get(), name.c_str(), as_folder | O_NOFOLLOW)};
  if (!out)
    return cannot_open(name, errno);
  return out;
}

result<descriptor> open_file(const descriptor& parent,
                             const std::string& name) {
  if (auto ok = check(name); !ok)
    return fail(ok.error());
  descriptor out{openat(parent.get(), name.c_str(),
                        O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK,
                        file_mode)};
  if (!out)
    return cannot_open(name, errno);
  return out;
}

std::vector<std::string> names_in(const descriptor& folder) {
  std::vector<std::string> out;
  // A new descriptor reads from the start, wherever the given one stands.
  auto fd = openat(folder.get(), ".", as_folder);
  std::unique_ptr<DIR, closer> open{fd >= 0 ? fdopendir(fd) : nullptr};
  if (!open)
    return out;
  while (auto* entry = readdir(open.get())) {
    std::string name = entry->d_name;
    if (name != "." && name != "..")
      out.push_back(std::move(name));
  }
  return out;
}

void remove_tree(const descriptor& parent, const std::string& name) {
  if (is_file_name(name))
    remove_in(parent.get(), name.c_str(), 0);
}

bool rename(const descriptor& parent, const std::string& name,
            const std::string& to) {
  return is_file_name(name) && is_file_name(to)
         && renameat(parent.get(), name.c_str(), parent.get(), to.c_str()) == 0;
}

double changed_s(const descriptor& parent, const std::string& name) {
  struct stat found {};
  if (!is_file_name(name)
      || fstatat(parent.get(), name.c_str(), &found, AT_SYMLINK_NOFOLLOW) != 0)
    return -1;
  return static_cast<double>(found.st_mtim.tv_sec)
         + static_cast<double>(found.st_mtim.tv_nsec) / 1e9;
}

} // namespace render::files
