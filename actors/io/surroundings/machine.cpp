#include "actors/io/surroundings/machine.hpp"

#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <utility>

namespace render::surroundings {

namespace {

constexpr size_t probe_bytes = 4'096;

/// 0, or the errno of the step that failed.
int write_and_sync(int file) {
  const std::string bytes(probe_bytes, 'x');
  size_t written = 0;
  while (written < bytes.size()) {
    auto n = ::write(file, bytes.data() + written, bytes.size() - written);
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      return n < 0 ? errno : EIO;
    written += static_cast<size_t>(n);
  }
  return ::fsync(file) == 0 ? 0 : errno;
}

bool is_there(const std::string& program) {
  if (program.find('/') != std::string::npos)
    return ::access(program.c_str(), X_OK) == 0;
  const char* path = std::getenv("PATH");
  std::string_view folders{path ? path : "/bin:/usr/bin"};
  while (!folders.empty()) {
    auto folder = folders.substr(0, folders.find(':'));
    folders.remove_prefix(std::min(folders.size(), folder.size() + 1));
    auto candidate = std::string{folder} + "/" + program;
    if (::access(candidate.c_str(), X_OK) == 0)
      return true;
  }
  return false;
}

class real_machine : public machine {
public:
  explicit real_machine(config cfg) : cfg_(std::move(cfg)) {
    // nop
  }

  msg::surroundings_seen look(bool thorough) override {
    msg::surroundings_seen out;
    struct statvfs disk {};
    if (::statvfs(cfg_.output_dir.c_str(), &disk) != 0)
      return unfit(out, "disk",
                   std::string{"OUTPUT_DIR cannot be used: "}
                     + std::strerror(errno));
    out.disk_free_bytes = uint64_t{disk.f_bavail} * disk.f_frsize;
    if (out.disk_free_bytes < cfg_.min_free_bytes)
      return unfit(out, "disk",
                   std::to_string(out.disk_free_bytes)
                     + " bytes are free below OUTPUT_DIR, MIN_FREE_BYTES is "
                     + std::to_string(cfg_.min_free_bytes));
    if (!thorough)
      return out;
    if (auto code = try_to_write(cfg_.output_dir); code != 0)
      return unfit(out, "disk",
                   std::string{"OUTPUT_DIR cannot be written: "}
                     + std::strerror(code));
    if (auto missing = missing_program(cfg_.programs); !missing.empty())
      return unfit(out, "tools", missing + " is not installed");
    return out;
  }

private:
  static msg::surroundings_seen unfit(msg::surroundings_seen x,
                                      std::string what, std::string text) {
    x.unfit = std::move(what);
    x.text = std::move(text);
    return x;
  }

  config cfg_;
};

} // namespace

int try_to_write(const std::string& folder) {
  auto path = folder + "/.c3-probe-" + std::to_string(::getpid());
  ::unlink(path.c_str()); // Of a former process that was killed.
  auto file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
                     0600);
  if (file < 0)
    return errno;
  auto code = write_and_sync(file);
  if (::close(file) != 0 && code == 0)
    code = errno;
  ::unlink(path.c_str());
  return code;
}

std::string missing_program(const std::vector<std::string>& programs) {
  auto missing = std::find_if_not(programs.begin(), programs.end(), is_there);
  return missing == programs.end() ? "" : *missing;
}

std::shared_ptr<machine> this_machine(config cfg) {
  return std::make_shared<real_machine>(std::move(cfg));
}

} // namespace render::surroundings
