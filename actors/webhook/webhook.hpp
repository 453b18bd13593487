#pragma once
// The WEBHOOK actor: delivers the outbox. When it dies, its entries are due
// again when their leases end, and any worker delivers them.
#include "actors/log.hpp"
#include "actors/tracing.hpp"
#include "actors/webhook/policy.hpp"
#include "actors/webhook/signature.hpp"
#include "actors/webhook/try_spans.hpp"
#include "messages/clock.hpp"
#include "messages/io_actors.hpp"
#include "messages/job_store_actor.hpp"
#include "messages/worker_actors.hpp"

#include <caf/all.hpp>

#include <optional>
#include <vector>

namespace render {

struct webhook_deps {
  http_actor http;
  outbox_actor outbox;
  wall_clock now;
  logger log;
  tracing traces{};
};

struct webhook_state {
  static inline const char* name = "webhook";
  webhook_deps deps;
  webhook_sender::config cfg;
  webhook_sender::policy policy{webhook_sender::config{}};
  webhook_sender::signing_keys keys;
  std::vector<caf::typed_response_promise<caf::ok_atom>> flushing;
  /// The policy has nothing left to do for those who asked to flush.
  bool flushed = false;
  /// Deliveries that the outbox has not confirmed yet.
  uint32_t records_open = 0;
  /// None: nobody traces.
  std::optional<webhook_sender::try_spans> spans;
};

/// Refuses to start (empty behaviour) when `cfg.secret` is not valid: check it
/// with `parse_secrets` before.
webhook_actor::behavior_type
webhook_behavior(webhook_actor::stateful_pointer<webhook_state> self,
                 webhook_sender::config cfg, webhook_deps deps);

} // namespace render
