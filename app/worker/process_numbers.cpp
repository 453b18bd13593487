#include "app/worker/process_numbers.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace render {

namespace {

/// Field 22 of /proc/self/stat, in ticks since the machine's start.
double start_ticks() {
  std::ifstream in{"/proc/self/stat"};
  std::string text;
  std::getline(in, text);
  // The second field, a name in brackets, may hold blanks.
  auto at = text.rfind(')');
  if (at == std::string::npos)
    return 0;
  std::stringstream fields{text.substr(at + 1)};
  std::string skipped;
  for (auto i = 3; i < 22; ++i)
    fields >> skipped;
  double out = 0;
  fields >> out;
  return out;
}

double machine_start_s() {
  std::ifstream in{"/proc/stat"};
  for (std::string line; std::getline(in, line);)
    if (line.starts_with("btime "))
      return std::stod(line.substr(6));
  return 0;
}

double in_seconds(const timeval& x) {
  return static_cast<double>(x.tv_sec) + static_cast<double>(x.tv_usec) * 1e-6;
}

} // namespace

process_numbers read_process_numbers() {
  process_numbers out;
  auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
  if (auto machine = machine_start_s(); machine > 0 && ticks > 0)
    out.start_s = machine + start_ticks() / ticks;
  rusage used{};
  if (::getrusage(RUSAGE_SELF, &used) == 0)
    out.cpu_s = in_seconds(used.ru_utime) + in_seconds(used.ru_stime);
  std::ifstream memory{"/proc/self/statm"};
  double pages = 0;
  if (memory >> pages >> pages)
    out.resident_bytes = pages * static_cast<double>(::sysconf(_SC_PAGESIZE));
  std::error_code err;
  for (std::filesystem::directory_iterator at{"/proc/self/fd", err}, end;
       !err && at != end; at.increment(err))
    ++out.open_files;
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0)
    out.max_files = static_cast<double>(limit.rlim_cur);
  return out;
}

} // namespace render
