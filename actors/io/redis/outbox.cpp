#include "actors/io/redis/outbox.hpp"

#include "actors/io/redis/calls.hpp"
#include "actors/io/redis/scripts/outbox_entry.hpp"
#include "actors/io/redis/scripts/take_webhooks.hpp"

namespace render::job_store {

namespace {

/// As the script of a delivery takes it.
std::string word_of(msg::delivery_state x) {
  static constexpr std::string_view words[] = {"delivered", "retry_later",
                                               "dead"};
  return std::string{words[static_cast<size_t>(x)]};
}

} // namespace

void outbox::take(const msg::take_webhooks& x,
                  answer_to<msg::webhooks_taken> then) {
  redis_.run(
    call_of(take_webhooks_args{redis_.cfg.worker.prefix, x.lease, x.limit}),
    [this, then = std::move(then)](answer got) {
      then(
        std::move(got)
          .and_then(read_webhooks)
          .map([this](std::vector<outbox_entry> y) {
            return msg::webhooks_taken{trusted_of(std::move(y)), redis_.place};
          }));
    });
}

std::vector<webhook> outbox::trusted_of(std::vector<outbox_entry> xs) {
  std::vector<webhook> out;
  for (auto& x : xs) {
    auto id = x.entry.job_id;
    auto attempts = x.entry.attempts;
    auto said = trusted(std::move(x), redis_.cfg.outbox_key);
    if (said && *said)
      out.push_back(std::move(**said));
    if (said)
      continue;
    redis_.log->error("webhook of job {}: not sent, {}", id,
                      said.error().message);
    // Of no session: the mark stays where it is.
    redis_.run(delivery_call(redis_, id,
                             {"dead", attempts, said.error().message, 0},
                             milliseconds{0}, {}),
               [](const answer&) {
                 // It is taken once more when its lease has run out.
               });
  }
  return out;
}

void outbox::record(const msg::record_delivery& x, answer_to<void> then) {
  auto& id = x.entry.job_id;
  held_delivery said{word_of(x.state), x.entry.attempts, x.error, 0};
  auto final = x.state != msg::delivery_state::retry_later;
  uint64_t fence = 0;
  if (auto at = redis_.jobs().find(id); final && at != redis_.jobs().end()) {
    fence = at->second.subject.fence;
    redis_.change(id, fence, [&said](held_job& y) {
      y.delivery = said;
    });
  }
  redis_.write(
    "delivery of webhook " + x.entry.id + " (try "
      + std::to_string(x.entry.attempts) + ")",
    [this, id, said, delay = x.delay](write_number number) {
      return delivery_call(redis_, id, said, delay, redis_.mark(number));
    },
    [this, id, fence, then = std::move(then)](const answer& got,
                                              write_number number) {
      if (got && got->integer > 0)
        redis_.log->warn(
          "webhooks: {} oldest dead letters removed, {} are kept", got->integer,
          redis_.cfg.dead_letter_max);
      if (got && fence > 0)
        redis_.on_delivered(id, fence, redis_.session, number);
      then(answer{got}.map([](auto&&) {}));
    });
}

} // namespace render::job_store
