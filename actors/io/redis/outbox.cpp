// Webhooks on their way.
#include "actors/io/redis/scripts/record_delivery.hpp"
#include "actors/io/redis/scripts/take_webhooks.hpp"
#include "actors/io/redis/shell.hpp"

namespace render::job_store {

promise<msg::webhooks_taken>
shell::take_webhooks(const msg::take_webhooks& x) const {
  auto to = self->make_response_promise<msg::webhooks_taken>();
  run(call_of(take_webhooks_args{cfg().worker.prefix, x.lease, x.limit}),
      [sh = *this, to](answer got) mutable {
        deliver(to, std::move(got)
                      .and_then(read_webhooks)
                      .map([&](std::vector<outbox_entry> y) {
                        return msg::webhooks_taken{sh.trusted_of(std::move(y)),
                                                   sh.st().place};
                      }));
      });
  return to;
}

std::vector<webhook> shell::trusted_of(std::vector<outbox_entry> xs) const {
  std::vector<webhook> out;
  for (auto& x : xs) {
    auto id = x.entry.job_id;
    auto attempts = x.entry.attempts;
    auto said = trusted(std::move(x), cfg().outbox_key);
    if (said && *said)
      out.push_back(std::move(**said));
    if (said)
      continue;
    this->out().error("webhook of job {}: not sent, {}", id,
                      said.error().message);
    // Of no session: the mark stays where it is.
    run(delivery_of(id, {"dead", attempts, said.error().message, 0},
                    milliseconds{0}, {}),
        [](const answer&) {
          // It is taken once more when its lease has run out.
        });
  }
  return out;
}

promise<caf::ok_atom> shell::record(const msg::record_delivery& x) const {
  auto to = self->make_response_promise<caf::ok_atom>();
  static constexpr std::string_view states[] = {"delivered", "retry_later",
                                                "dead"};
  auto& id = x.entry.job_id;
  held_delivery said{std::string{states[static_cast<size_t>(x.state)]},
                     x.entry.attempts, x.error, 0};
  uint64_t fence = 0;
  if (auto at = st().durable.held.find(id);
      at != st().durable.held.end()
      && x.state != msg::delivery_state::retry_later) {
    fence = at->second.subject.fence;
    at->second.delivery = said;
    keep(at->second);
  }
  // Tried until Redis has answered: a receiver should not hear twice of a job
  // because Redis was away.
  write(
    "delivery of webhook " + x.entry.id + " (try "
      + std::to_string(x.entry.attempts) + ")",
    [sh = *this, id, said, delay = x.delay](write_number number) {
      return make_command(sh.delivery_of(id, said, delay, sh.mark(number)));
    },
    [sh = *this, id, fence, final = fence > 0,
     to](const answer& got, write_number number) mutable {
      if (got && got->integer > 0)
        sh.out().warn("webhooks: {} oldest dead letters removed, {} are "
                      "kept",
                      got->integer, sh.cfg().dead_letter_max);
      if (got && final)
        sh.delivered(id, fence, sh.st().durable.session, number);
      deliver(to, answer{got}.map([](auto&&) {
        return caf::ok_atom{};
      }));
    });
  return to;
}

script_call shell::delivery_of(const std::string& job_id,
                               const held_delivery& x, milliseconds delay,
                               const mark_move& mark) const {
  return call_of(record_delivery_args{cfg().worker.prefix, mark, job_id,
                                      x.state, x.attempts, x.error, delay,
                                      cfg().dead_letter_max});
}

void shell::delivered(const std::string& id, uint64_t fence,
                      const node_id& session, write_number number) const {
  redis_has(session, number);
  if (auto* x = held_of(id, fence); x && x->delivery) {
    x->delivery->confirmed = number;
    keep(*x);
  }
}

} // namespace render::job_store
