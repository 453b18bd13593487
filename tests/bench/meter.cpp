#include "tests/bench/meter.hpp"

#include "tests/bench/cpu.hpp"

#include <sstream>

namespace render::bench {

namespace {

/// Of all threads but this one, which only watches.
double cpu_of_others() {
  return cpu_of(RUSAGE_SELF) - cpu_of(RUSAGE_THREAD);
}

double number_after(const std::string& text, const std::string& name) {
  auto at = text.find(name);
  return at == std::string::npos ? 0 : std::stod(text.substr(at + name.size()));
}

double redis_cpu(harness::redis_server& server) {
  auto text = server.cmd("INFO", "cpu").text;
  return number_after(text, "used_cpu_sys:")
         + number_after(text, "used_cpu_user:");
}

} // namespace

meter::meter(harness::redis_server& server) : server_(server) {
  server_.cmd("CONFIG", "RESETSTAT");
  redis_cpu_s_ = redis_cpu(server_);
  cpu_s_ = cpu_of_others();
  begin_ = clock::now();
}

job_cost meter::read(unsigned jobs, unsigned questions) const {
  job_cost out;
  auto took = std::chrono::duration<double>(clock::now() - begin_).count();
  auto cpu_s = cpu_of_others() - cpu_s_;
  auto redis_cpu_s = redis_cpu(server_) - redis_cpu_s_;
  double calls = -static_cast<double>(questions);
  double usec = 0;
  std::istringstream lines{server_.cmd("INFO", "commandstats").text};
  for (std::string line; std::getline(lines, line);) {
    auto is = [&line](const char* name) {
      return line.starts_with("cmdstat_" + std::string{name} + ":");
    };
    if (!line.starts_with("cmdstat_") || is("info")
        || line.starts_with("cmdstat_config"))
      continue;
    calls += number_after(line, "calls=");
    if (is("evalsha") || is("eval"))
      usec += number_after(line, "usec=");
  }
  out.jobs_per_s = jobs / took;
  out.cpu_us = 1e6 * cpu_s / jobs;
  out.redis_calls = calls / jobs;
  out.redis_us = usec / jobs;
  out.redis_cpu_us = 1e6 * redis_cpu_s / jobs;
  return out;
}

} // namespace render::bench
