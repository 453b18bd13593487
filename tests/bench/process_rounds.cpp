// Measurements of the real programs.
#include "tests/bench/rounds.hpp"
#include "tests/support/small_world.hpp"

#include <numeric>

namespace render::bench {

namespace {

using namespace std::chrono_literals;

/// User and system time of a process so far, seconds.
double cpu_seconds(pid_t pid) {
  std::ifstream in{"/proc/" + std::to_string(pid) + "/stat"};
  std::string text;
  std::getline(in, text);
  // The name, in brackets, may hold spaces; utime is the 12th field after it.
  std::istringstream fields{text.substr(text.rfind(')') + 2)};
  std::string skipped;
  for (int i = 0; i < 11; ++i)
    fields >> skipped;
  double user = 0;
  double system = 0;
  fields >> user >> system;
  return (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

double resident_mib(pid_t pid) {
  std::ifstream in{"/proc/" + std::to_string(pid) + "/statm"};
  double pages = 0;
  in >> pages >> pages;
  return pages * static_cast<double>(sysconf(_SC_PAGESIZE)) / (1 << 20);
}

double commands_processed(harness::redis_server& redis) {
  auto text = redis.cmd("INFO", "stats").text;
  auto at = text.find("total_commands_processed:");
  return std::stod(text.substr(text.find(':', at) + 1));
}

} // namespace

idle_figures idle_node(std::chrono::seconds duration) {
  harness::small_world world;
  auto& worker = world.start_worker();
  harness::wait_until([&] {
    return worker.output().find("ready for jobs") != std::string::npos;
  });
  std::this_thread::sleep_for(2s);
  auto commands = commands_processed(world.redis);
  auto cpu = cpu_seconds(worker.pid());
  std::this_thread::sleep_for(duration);
  auto seconds = std::chrono::duration<double>(duration).count();
  idle_figures out;
  // One of them is this question.
  out.redis_commands_per_s = (commands_processed(world.redis) - commands - 1)
                             / seconds;
  out.core_percent = 100 * (cpu_seconds(worker.pid()) - cpu) / seconds;
  out.resident_mib = resident_mib(worker.pid());
  world.stop_worker();
  return out;
}

double cold_start(std::chrono::milliseconds boot_time) {
  harness::small_world world{
    {"--boot-time", std::to_string(boot_time.count()) + "ms"}};
  auto& worker = world.start_worker();
  harness::wait_until([&] {
    return worker.output().find("ready for jobs") != std::string::npos;
  });
  auto begin = clock::now();
  auto id = world.submit("csm", R"({"text":"One."})");
  world.wait_for_status(id, "running");
  auto took = clock::now() - begin;
  world.stop_worker();
  return std::chrono::duration<double, std::milli>(took - boot_time).count();
}

} // namespace render::bench
