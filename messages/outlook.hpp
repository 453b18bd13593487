#pragma once
// What a worker writes into its heartbeats for whoever wants to know when a
// waiting job begins: its slots, what boots and runs took, and why it launches
// no (other) GPU.
#include "messages/fleet.hpp"
#include "messages/job.hpp"
#include "messages/launch_reason.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace render {

struct outlook {
  struct type {
    /// Of `boots_left_s` and `runs_left_s` how long they last already, below 0.
    type_facts facts;
    /// Unix seconds.
    launch_reason why;
    std::vector<job_kind> kinds;
  };
  std::vector<type> types;
  /// GPUs that it may still rent.
  uint32_t room = 0;
  /// Its launches go by the fleet's plan.
  bool plans_with_peers = false;
  /// It takes no jobs: it drains or is unfit.
  bool away = false;
};

std::string outlook_json(const outlook& x);
/// Of what somebody wrote, as far as it can be true.
std::optional<outlook> read_outlook(std::string_view text);

} // namespace render
