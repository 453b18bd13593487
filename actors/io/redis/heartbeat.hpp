#pragma once
// The worker's record in Redis, by which people and tools see the workers that
// live. Nothing is decided by it. Its answers bring what people wish.
#include "actors/io/redis/durable/durable.hpp"
#include "actors/io/redis/scripts/wishes.hpp"
#include "messages/node.hpp"

#include <functional>
#include <string>

namespace render::job_store {

/// Field, value, ... of the record. All of them each time, so that none is left
/// from an earlier one.
std::vector<std::string>
heartbeat_fields(const worker_card& card, const node_id& session,
                 const msg::node_status& now, const noted_error& last,
                 const account_seen& account = {});

class heartbeat {
public:
  explicit heartbeat(durable& redis) : redis_(redis) {
    // nop
  }

  /// Calls `x` with what is wished. A wish is heard with several heartbeats.
  void follow_wishes(std::function<void(const wishes&)> x) {
    wished_ = std::move(x);
  }

  /// Written once: the next one says it all again.
  void tell(const msg::node_status& x, answer_to<msg::fleet_orders> then);

private:
  durable& redis_;
  std::function<void(const wishes&)> wished_;
};

} // namespace render::job_store
