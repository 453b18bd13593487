// Webhooks on their way.
#include "actors/io/job_store/shell.hpp"
#include "messages/utf8.hpp"

namespace render::job_store {

promise<msg::webhooks_taken>
shell::take_webhooks(const msg::take_webhooks& x) const {
  auto to = self->make_response_promise<msg::webhooks_taken>();
  auto now = now_ms();
  run(make_command(take_webhooks_script(), {keys::outbox(cfg().prefix)},
                   {std::to_string(now), std::to_string(now + x.lease.count()),
                    std::to_string(x.limit),
                    keys::outbox_entry_prefix(cfg().prefix)}),
      [to](answer got) mutable {
        deliver(to, std::move(got).and_then(decode_webhooks).map([](auto&& y) {
          return msg::webhooks_taken{std::move(y)};
        }));
      });
  return to;
}

promise<caf::ok_atom> shell::record(const msg::record_delivery& x) const {
  auto to = self->make_response_promise<caf::ok_atom>();
  static constexpr std::string_view states[] = {"delivered", "retry_later",
                                                "dead"};
  auto now = now_ms();
  auto& id = x.entry.job_id;
  auto due = now + x.delay.count();
  // Tried until Redis has answered: a receiver should not hear twice of a job
  // because Redis was away.
  auto made = make_command(
    record_delivery_script(),
    {keys::outbox(cfg().prefix), keys::dead_webhooks(cfg().prefix),
     keys::outbox_entry(cfg().prefix, id)},
    {id, std::string{states[static_cast<size_t>(x.state)]},
     std::to_string(x.entry.attempts), valid_utf8(x.error), std::to_string(now),
     std::to_string(due), std::to_string(cfg().dead_letter_max),
     keys::outbox_entry_prefix(cfg().prefix)});
  write(
    "delivery of webhook " + x.entry.id + " (try "
      + std::to_string(x.entry.attempts) + ")",
    [made = std::move(made)] {
      return made;
    },
    [sh = *this, to](answer got) mutable {
      if (got && got->integer > 0)
        sh.out().warn("webhooks: {} oldest dead letters removed, {} are "
                      "kept",
                      got->integer, sh.cfg().dead_letter_max);
      deliver(to, std::move(got).map([](auto&&) {
        return caf::ok_atom{};
      }));
    });
  return to;
}

} // namespace render::job_store
