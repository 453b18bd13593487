#pragma once
// The outbox: leases webhooks that are due, records what became of them.
#include "actors/io/redis/durable/durable.hpp"
#include "messages/webhook.hpp"

namespace render::job_store {

struct outbox_entry;

class outbox {
public:
  explicit outbox(durable& redis) : redis_(redis) {
    // nop
  }

  void take(const msg::take_webhooks& x, answer_to<msg::webhooks_taken> then);
  /// Tried until Redis has answered: a receiver should not hear twice of a job
  /// because Redis was away.
  void record(const msg::record_delivery& x, answer_to<void> then);

private:
  /// Those that this fleet has made; others become dead letters.
  std::vector<webhook> trusted_of(std::vector<outbox_entry> xs);

  durable& redis_;
};

} // namespace render::job_store
