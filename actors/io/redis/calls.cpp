#include "actors/io/redis/calls.hpp"

#include "actors/io/redis/scripts/outbox_entry.hpp"
#include "actors/io/redis/scripts/record_delivery.hpp"
#include "actors/io/redis/scripts/settle.hpp"
#include "actors/io/redis/scripts/write_gpu.hpp"
#include "messages/job_params.hpp"
#include "messages/money.hpp"
#include "messages/text/utf8.hpp"

namespace render::job_store {

namespace {

/// A Python worker that comes upon such a job does not end it once more.
bool is_cut_short(const job_outcome& x) {
  auto kind = x.error.kind;
  return !x.success()
         && (kind == failure_kind::deadline_passed
             || kind == failure_kind::unavailable
             || kind == failure_kind::outcome_unknown);
}

/// What its producer should know of a job that ran all the same.
std::string notice_of(const job& x) {
  auto flaw = notify_url_flaw(x.data);
  return flaw ? valid_utf8(flaw->message + "; no webhook is sent") : "";
}

} // namespace

bool is_ours_to_settle(const job_outcome& x) {
  auto kind = x.error.kind;
  return x.success()
         || (kind != failure_kind::cancelled && kind != failure_kind::not_owner
             && kind != failure_kind::shutting_down
             && kind != failure_kind::unfit);
}

webhook webhook_of(const held_job& x) {
  webhook out;
  out.job_id = x.subject.id;
  out.id = "msg_" + out.job_id;
  out.url = notify_url_of(x.subject.data);
  out.receipt = receipt_header(x.outcome->receipt);
  out.trace = x.outcome->trace;
  if (!out.url.empty())
    out.body = webhook_body(x.subject, *x.outcome);
  return out;
}

command settle_call(const durable& redis, const held_job& x, milliseconds lease,
                    write_number number, const told_attempts::attempt& seen) {
  settle_args out;
  out.worker = redis.cfg.worker;
  out.worker.id = x.owner;
  out.mark = redis.mark(x.session, number);
  out.now_s = redis.now_s();
  out.job_id = x.subject.id;
  out.fence = x.subject.fence;
  out.outcome = *x.outcome;
  out.cut_short = is_cut_short(out.outcome);
  out.notice = notice_of(x.subject);
  if (is_recordless(x.subject) && !out.outcome.success())
    out.made_record = redis.cfg.claims.made_record;
  out.wanted = webhook_of(x);
  if (!out.wanted.url.empty())
    out.mac = webhook_mac(redis.cfg.outbox_key, out.wanted);
  out.outbox_lease = lease;
  out.attempt = x.subject.attempt;
  out.gpu = seen.gpu.text();
  if (seen.began_s > 0)
    out.attempt_line = attempt_line(
      seen, x.owner, out.now_s,
      out.outcome.success() ? "success" : out.outcome.error.message);
  out.ended = redis.cfg.ended;
  out.record_kept = redis.cfg.record_kept;
  return make_command(call_of(out));
}

command delivery_call(const durable& redis, const std::string& job_id,
                      const held_delivery& x, milliseconds delay,
                      const mark_move& mark) {
  return make_command(call_of(record_delivery_args{
    redis.cfg.worker.prefix, mark, job_id, x.state, x.attempts, x.error, delay,
    redis.cfg.dead_letter_max}));
}

command write_gpu_call(const durable& redis, const held_gpu& x, bool ours,
                       write_number number, bool asked) {
  write_gpu_args out;
  out.spending = redis.cfg.spending;
  out.asked = asked;
  out.worker = redis.cfg.worker;
  out.worker.id = x.owner;
  if (!ours)
    out.worker.lease = milliseconds{0};
  out.mark = redis.mark(number);
  out.id = x.id;
  out.fields = x.fields;
  return make_command(call_of(out));
}

} // namespace render::job_store
