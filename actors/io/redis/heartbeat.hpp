#pragma once
// The worker's record in Redis, by which people and tools see the workers that
// live. Nothing is decided by it.
#include "actors/io/redis/durable/durable.hpp"
#include "messages/node.hpp"

namespace render::job_store {

/// Field, value, ... of the record. All of them each time, so that none is left
/// from an earlier one.
std::vector<std::string>
heartbeat_fields(const worker_card& card, const node_id& session,
                 const msg::node_status& now, const noted_error& last,
                 const std::optional<account_balance>& balance = {});

class heartbeat {
public:
  explicit heartbeat(durable& redis) : redis_(redis) {
    // nop
  }

  /// Written once: the next one says it all again.
  void tell(const msg::node_status& x, answer_to<msg::fleet_orders> then);

private:
  durable& redis_;
};

} // namespace render::job_store
