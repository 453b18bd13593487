// Workers of others, each a process of its own with the same Redis.
#include "tests/bench/rounds.hpp"

#include <cstdio>
#include <cstdlib>
#include <sstream>

namespace render::bench {

std::optional<job_cost> peer_throughput(const std::string& name, unsigned jobs,
                                        unsigned in_flight) {
  auto* folder = std::getenv("C3_BENCH_PEERS");
  if (!folder || !*folder)
    return std::nullopt;
  harness::redis_server server;
  // Names and numbers of ours, and a folder that whoever calls us has made.
  auto line = "exec node '" + std::string{folder} + "/peer.cjs' " + name + " "
              + std::to_string(server.port()) + " " + std::to_string(in_flight)
              + " " + std::to_string(jobs);
  auto* pipe = ::popen(line.c_str(), "r");
  if (!pipe)
    return std::nullopt;
  std::string text;
  char piece[256];
  while (auto* got = std::fgets(piece, sizeof(piece), pipe))
    text += got;
  auto ended_well = ::pclose(pipe) == 0;
  job_cost out;
  std::istringstream said{text};
  if (!ended_well || !(said >> out.jobs_per_s >> out.cpu_us))
    return std::nullopt;
  return out;
}

} // namespace render::bench
