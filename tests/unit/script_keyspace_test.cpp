// The scripts of jobs and webhooks: which keys each of them changes, and that
// it touches no other.
#include "actors/io/redis/scripts/ask_owner.hpp"
#include "actors/io/redis/scripts/ask_owners.hpp"
#include "actors/io/redis/scripts/claim.hpp"
#include "actors/io/redis/scripts/claim_one.hpp"
#include "actors/io/redis/scripts/count.hpp"
#include "actors/io/redis/scripts/head.hpp"
#include "actors/io/redis/scripts/note_attempt.hpp"
#include "actors/io/redis/scripts/note_remote.hpp"
#include "actors/io/redis/scripts/peek.hpp"
#include "actors/io/redis/scripts/progress.hpp"
#include "actors/io/redis/scripts/reconcile.hpp"
#include "actors/io/redis/scripts/record_delivery.hpp"
#include "actors/io/redis/scripts/recover.hpp"
#include "actors/io/redis/scripts/release.hpp"
#include "actors/io/redis/scripts/renew.hpp"
#include "actors/io/redis/scripts/restore.hpp"
#include "actors/io/redis/scripts/settle.hpp"
#include "actors/io/redis/scripts/take_webhooks.hpp"
#include "tests/unit/script_keyspace.hpp"

using namespace render;
using namespace render::job_store;
using namespace std::chrono_literals;
using keyspace::check;
using keyspace::now_s;

namespace {

worker_terms w1() {
  return {"w1", "c3:", 300s, 30s};
}

mark_move next_write() {
  return {{"s1"}, 4, 5};
}

claimer by_w1() {
  return {w1(), next_write(), now_s, 86'400s, 1'000};
}

claim_args claim(std::vector<std::string> types, uint32_t count) {
  return {by_w1(), 16, {}, {{std::move(types), count}}};
}

settle_args settle(const std::string& id, uint64_t fence) {
  settle_args out;
  out.worker = w1();
  out.mark = next_write();
  out.now_s = now_s;
  out.job_id = id;
  out.fence = fence;
  out.outcome.result_url = "file:///r.mp3";
  return out;
}

script_call together(const std::vector<settle_args>& xs) {
  auto out = call_of(xs.front());
  for (size_t i = 1; i < xs.size(); ++i) {
    auto one = call_of(xs[i]);
    out.argv.insert(out.argv.end(),
                    one.argv.begin() + static_cast<long>(one.item_at),
                    one.argv.end());
  }
  return out;
}

job job_r() {
  job out;
  out.id = "r";
  out.type = "csm";
  out.attempt = 3;
  out.fence = 3;
  out.history = {"why"};
  out.data = "{}";
  return out;
}

const std::vector<std::string> nothing;

const std::vector<std::string> a_is_taken{"- job:a status=queued",
                                          "+ job:a status=running",
                                          "+ job:a locked_by=w1",
                                          "+ job:a locked_at=1700000000",
                                          "+ job:a started_at=1700000000",
                                          "+ job:a attempt=1",
                                          "+ job:a fence=1",
                                          "+ job:a:lock=w1",
                                          "+ job:a:lock lives=300000 ms",
                                          "+ c3:leases a=1700000030000",
                                          "+ job:a worker=w1",
                                          "+ c3:events= what job_claimed job a "
                                          "type csm worker w1 attempt 1 "
                                          "waited_s ",
                                          "+ c3:running:w1 has a",
                                          "- queue:jobs= a b",
                                          "+ queue:jobs= b",
                                          "- c3:mark:s1=4",
                                          "+ c3:mark:s1=5",
                                          "- c3:mark:s1 lives=1000000 ms",
                                          "+ c3:mark:s1 lives=604800000 ms"};

/// Back at the head, as if it had never been claimed.
const std::vector<std::string> r_is_put_back{"- job:r status=running",
                                             "+ job:r status=queued",
                                             "- job:r locked_by=w1",
                                             "- job:r locked_at=1",
                                             "- job:r started_at=1",
                                             "- job:r stage=render",
                                             "- job:r progress=0.5",
                                             "- job:r progress_at=1",
                                             "- job:r attempt=2",
                                             "+ job:r attempt=1",
                                             "- job:r fence=3",
                                             "+ job:r fence=2",
                                             "- job:r:lock=w1",
                                             "- job:r:lock lives=100000 ms",
                                             "- c3:leases r=1700000010000",
                                             "- c3:running:w1 has r",
                                             "- queue:jobs= a b",
                                             "+ queue:jobs= r a b",
                                             "+ c3:events= what job_released "
                                             "job r worker w1 attempt 2"};

const std::vector<std::string> r_is_renewed{
  "- job:r:lock lives=100000 ms", "+ job:r:lock lives=300000 ms",
  "- c3:leases r=1700000010000", "+ c3:leases r=1700000030000"};

const std::vector<std::string> r_has_its_lease_renewed{
  "- c3:leases r=1700000010000", "+ c3:leases r=1700000030000"};

const std::vector<std::string> mark_moves{"- c3:mark:s1=4", "+ c3:mark:s1=5",
                                          "- c3:mark:s1 lives=1000000 ms",
                                          "+ c3:mark:s1 lives=604800000 ms"};

std::vector<std::string> both(std::vector<std::string> a,
                              const std::vector<std::string>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

} // namespace

BOOST_AUTO_TEST_SUITE(a_script_changes_what_its_contract_names)

BOOST_AUTO_TEST_CASE(of_a_look) {
  peek_args look{w1(), now_s, 5, {1'000, 1'000, 2s}, 100, {}};
  auto long_queue = look;
  long_queue.counting.piece = 1;
  count_args counting{w1(), now_s, {1'000, 10, 2s}, {"0 0 0 0", false, 0, ""}};
  check({
    {"head", call_of(head_args{}), nothing, {}},
    {"short queue", call_of(look), nothing, {}},
    {"long queue",
     call_of(long_queue),
     {"+ c3:waiting=1 1 0 0 2", "+ c3:waiting lives=2000 ms"},
     {{"DEL", "c3:waiting"}}},
    {"last piece",
     call_of(counting),
     {"+ c3:waiting=1 1 0 0 2", "+ c3:waiting lives=2000 ms"},
     {{"DEL", "c3:waiting"}}},
  });
}

BOOST_AUTO_TEST_CASE(of_a_claim) {
  check({
    {"one that fits", call_of(claim({"csm"}, 1)), a_is_taken, {}},
    {"none that fits", call_of(claim({"portrait"}, 1)), nothing, {}},
    {"one that had ended and would expire",
     call_of(claim({"csm"}, 1)),
     both(a_is_taken, {"- job:a lives=5000 ms", "- job:a job_ttl=9"}),
     {{"HSET", "job:a", "job_ttl", "9"}, {"PEXPIRE", "job:a", "5000"}}},
    {"one that its producer lets expire",
     call_of(claim({"csm"}, 1)),
     a_is_taken,
     {{"PEXPIRE", "job:a", "5000"}}},
    {"no slot", call_of(claim({"csm"}, 0)), nothing, {}},
    {"this one", call_of(claim_one_args{by_w1(), "a"}), a_is_taken, {}},
    {"one that is not queued",
     call_of(claim_one_args{by_w1(), "o"}),
     nothing,
     {}},
    {"an id without a record",
     call_of(claim_one_args{by_w1(), "gone"}),
     both({"+ c3:running:w1 has gone", "- queue:jobs= a b gone",
           "+ queue:jobs= a b"},
          mark_moves),
     {{"RPUSH", "queue:jobs", "gone"}}},
    {"a leftover of a job that has ended",
     call_of(claim_one_args{by_w1(), "d"}),
     {"- queue:jobs= a b d", "+ queue:jobs= a b"},
     {{"RPUSH", "queue:jobs", "d"}}},
  });
}

BOOST_AUTO_TEST_CASE(of_what_was_claimed) {
  check({
    {"ours", call_of(release_args{w1(), "r", 3}), r_is_put_back, {}},
    {"an older claim", call_of(release_args{w1(), "r", 2}), nothing, {}},
    {"another's", call_of(release_args{w1(), "o", 1}), nothing, {}},
    {"not known", call_of(reconcile_args{w1(), {}}), r_is_put_back, {}},
    {"known", call_of(reconcile_args{w1(), {"r"}}), nothing, {}},
    {"ours",
     call_of(renew_args{w1(), true, true, {{"r", 3}}}),
     r_is_renewed,
     {}},
    {"ours, of a set that is lost",
     call_of(renew_args{w1(), true, true, {{"r", 3}}}),
     r_is_renewed,
     {{"DEL", "c3:running:w1"}}},
    {"ours, without the lock",
     call_of(renew_args{w1(), false, false, {{"r", 3}}}),
     r_has_its_lease_renewed,
     {}},
    {"not ours",
     call_of(renew_args{w1(), true, true, {{"r", 2}, {"o", 1}, {"x", 1}}}),
     nothing,
     {}},
    {"some", call_of(ask_owners_args{w1(), {{"r", 3}, {"o", 1}}}), nothing, {}},
    {"ours", call_of(ask_owner_args{w1(), "r", 3}), nothing, {}},
    {"ours",
     call_of(progress_args{w1(), {"r", "upload", 0.75, 3}, now_s}),
     both({"- job:r stage=render", "+ job:r stage=upload",
           "- job:r progress=0.5", "+ job:r progress=0.75",
           "- job:r progress_at=1", "+ job:r progress_at=1700000000"},
          r_is_renewed),
     {}},
    {"an older claim",
     call_of(progress_args{w1(), {"r", "upload", 0.75, 2}, now_s}),
     nothing,
     {}},
    {"ours",
     call_of(note_attempt_args{w1(), job_r(), 2, "e1", "{}"}),
     {"- job:r attempt=2", "+ job:r attempt=3", "+ job:r history=why",
      "+ job:r attempt_2={}",
      "+ c3:events= what job_attempt_failed job r worker w1 attempt 2 gpu e1 "
      "reason why"},
     {}},
    {"ours",
     call_of(note_remote_args{w1(), "r", 3, "there"}),
     {"+ job:r remote=there"},
     {}},
    {"not ours", call_of(note_remote_args{w1(), "o", 1, "there"}), nothing, {}},
  });
}

BOOST_AUTO_TEST_CASE(of_dead_workers_jobs) {
  check({
    {"a lease that has run out",
     call_of(recover_args{w1(), 10, 90s}),
     {"- job:o status=running", "+ job:o status=queued", "- job:o locked_by=w2",
      "+ job:o history=its worker stopped answering: w2", "- job:o:lock=w2",
      "- job:o:lock lives=100000 ms", "- c3:leases o=1699999999000",
      "- c3:running:w2 has o", "- queue:jobs= a b", "+ queue:jobs= o a b",
      "+ c3:workers w1=1700000090000",
      R"(+ job:o attempt_1={"worker":"w2","gpu":"","began":0.000,)"
      R"("ended":1700000000.000,"how":"its worker stopped answering: w2"})",
      "+ c3:events= what job_recovered job o type csm worker w2 attempt 1"},
     {}},
    {"a worker that says nothing any more",
     call_of(recover_args{w1(), 10, 90s}),
     {"+ c3:workers w1=1700000090000", "- c3:workers w9=1699999999000",
      "+ c3:events= what worker_ended worker w9"},
     {{"ZREM", "c3:leases", "o"},
      {"ZADD", "c3:workers", "1699999999000", "w9"}}},
    {"a job that a front end has ended while it ran",
     call_of(recover_args{w1(), 10, 90s}),
     {"- c3:leases o=1699999999000", "+ c3:workers w1=1700000090000",
      "+ c3:ended o=1700000000000", "+ c3:ended:csm o=1700000000000",
      "+ c3:ended:cancelled o=1700000000000", "- c3:ended z=1699000000000",
      "+ c3:events= what job_ended job o type csm worker  status cancelled "
      "reason by a front end"},
     {{"HSET", "job:o", "status", "cancelled"}}},
    {"one that is in the indexes already",
     call_of(recover_args{w1(), 10, 90s}),
     {"- c3:leases o=1699999999000", "+ c3:workers w1=1700000090000"},
     {{"HSET", "job:o", "status", "cancelled"},
      {"ZADD", "c3:ended", "5", "o"}}},
  });
}

BOOST_AUTO_TEST_CASE(of_an_end) {
  const std::vector<std::string> r_has_ended{"- job:r status=running",
                                             "+ job:r status=success",
                                             "+ job:r finished_at=1700000000",
                                             "+ job:r settled_by=w1 3",
                                             "+ job:r result_url=file:///r.mp3",
                                             "- job:r progress=0.5",
                                             "+ job:r progress=1",
                                             "- job:r stage=render",
                                             "- job:r:lock=w1",
                                             "- job:r:lock lives=100000 ms",
                                             "- c3:leases r=1700000010000",
                                             "- c3:running:w1 has r",
                                             "- c3:ended z=1699000000000"};
  const std::vector<std::string> r_is_told{
    "+ c3:ended r=1700000000000", "+ c3:ended:csm r=1700000000000",
    "+ c3:ended:success r=1700000000000",
    "+ c3:events= what job_ended job r type csm worker w1 attempt 0 gpu  "
    "status "
    "success reason "};
  auto with_attempt = settle("r", 3);
  with_attempt.attempt = 2;
  with_attempt.gpu = "e1";
  with_attempt.attempt_line = "{}";
  with_attempt.record_kept = 3600s;
  auto with_webhook = settle("r", 3);
  with_webhook.wanted.url = "http://r/h";
  with_webhook.wanted.body = "{}";
  with_webhook.mac = "m";
  auto with_trace = with_webhook;
  with_trace.outcome.trace = {1, 2, 3, true, "a=1"};
  auto with_receipt = settle("r", 3);
  with_receipt.outcome.receipt = "{}";
  auto without_record = settle("gone", 0);
  without_record.outcome = failed_outcome({failure_kind::invalid_input, "no"});
  without_record.made_record = 86'400s;
  check({
    {"ours",
     call_of(settle("r", 3)),
     both(both(r_has_ended, r_is_told), mark_moves),
     {}},
    {"after an attempt that is known, and for an hour",
     call_of(with_attempt),
     both(both(r_has_ended, mark_moves),
          {"+ job:r gpu=e1", "+ job:r attempt_2={}", "+ job:r job_ttl=3600",
           "+ job:r lives=3600000 ms", "+ c3:ended r=1700000000000",
           "+ c3:ended:csm r=1700000000000",
           "+ c3:ended:success r=1700000000000",
           "+ c3:events= what job_ended job r type csm worker w1 attempt 2 gpu "
           "e1 status success reason "}),
     {}},
    {"where other types and a full stream stand in the way",
     call_of(settle("r", 3)),
     both(both(r_has_ended, mark_moves),
          {"+ c3:ended r=1700000000000", "+ c3:ended:csm r=1700000000000"}),
     {{"SET", "c3:events", "x"}, {"SET", "c3:ended:success", "x"}}},
    {"with a webhook",
     call_of(with_webhook),
     both(both(both(r_has_ended, r_is_told), mark_moves),
          {"+ c3:outbox r=1700000060000", "+ c3:outbox:r id=msg_r",
           "+ c3:outbox:r url=http://r/h", "+ c3:outbox:r body={}",
           "+ c3:outbox:r attempts=0", "+ c3:outbox:r created_ms=1700000000000",
           "+ c3:outbox:r mac=m"}),
     {}},
    {"with a webhook and a trace",
     call_of(with_trace),
     both(both(both(r_has_ended, r_is_told), mark_moves),
          {"+ c3:outbox r=1700000060000", "+ c3:outbox:r id=msg_r",
           "+ c3:outbox:r url=http://r/h", "+ c3:outbox:r body={}",
           "+ c3:outbox:r attempts=0", "+ c3:outbox:r created_ms=1700000000000",
           "+ c3:outbox:r mac=m", "+ c3:outbox:r tracestate=a=1",
           "+ c3:outbox:r traceparent="
           "00-00000000000000010000000000000002-0000000000000003-01"}),
     {}},
    {"with a receipt",
     call_of(with_receipt),
     both(both(both(r_has_ended, r_is_told), {"+ job:r receipt={}"}),
          mark_moves),
     {}},
    {"ours, in one call with another's",
     together({settle("o", 1), settle("r", 3), settle("x", 1)}),
     both(both(r_has_ended, r_is_told), mark_moves),
     {}},
    {"an older claim", call_of(settle("r", 2)), nothing, {}},
    {"another's", call_of(settle("o", 1)), nothing, {}},
    {"once more", call_of(settle("d", 1)), mark_moves, {}},
    {"without a record",
     call_of(without_record),
     both(
       {"+ job:gone id=gone", "+ job:gone type=unknown",
        "+ job:gone status=failed", "+ job:gone error=no",
        "+ job:gone finished_at=1700000000", "+ job:gone settled_by=w1 0",
        "+ job:gone lives=86400000 ms", "- c3:ended z=1699000000000",
        "+ c3:ended gone=1700000000000",
        "+ c3:ended:unknown gone=1700000000000",
        "+ c3:ended:failed gone=1700000000000",
        "+ c3:events= what job_ended job gone type unknown worker w1 attempt "
        "0 gpu  status failed reason no"},
       mark_moves),
     {}},
  });
}

BOOST_AUTO_TEST_CASE(of_what_redis_has_lost) {
  restore_args lost{w1(), job_r(), {"s1"}, 5, now_s};
  auto known = lost;
  known.confirmed = 4;
  auto taken = lost;
  taken.subject.id = "d";
  check({
    {"a claim",
     call_of(lost),
     both({"- job:r attempt=2", "+ job:r attempt=3", "+ job:r history=why",
           "- job:r locked_at=1", "+ job:r locked_at=1700000000",
           "- job:r started_at=1", "+ job:r started_at=1700000000",
           "+ job:r worker=w1"},
          r_is_renewed),
     {}},
    {"nothing", call_of(known), nothing, {}},
    {"what has ended since", call_of(taken), nothing, {}},
  });
}

BOOST_AUTO_TEST_CASE(of_webhooks) {
  record_delivery_args said{"c3:", next_write(), "d", "delivered",
                            2,     "",           5s,  1};
  auto later = said;
  later.state = "retry_later";
  later.error = "refused";
  auto dead = later;
  dead.state = "dead";
  const std::vector<std::string> d_was_tried{
    "- c3:outbox:d attempts=1", "+ c3:outbox:d attempts=2",
    "- c3:outbox:d error=timeout", "+ c3:outbox:d error=refused",
    "- c3:outbox d=1699999999000"};
  check({
    {"due",
     call_of(take_webhooks_args{"c3:", 60s, 10}),
     {"- c3:outbox d=1699999999000", "+ c3:outbox d=1700000060000"},
     {}},
    {"delivered",
     call_of(said),
     both({"- c3:outbox d=1699999999000", "- c3:outbox:d id=msg_d",
           "- c3:outbox:d url=http://r/h", "- c3:outbox:d body={}",
           "- c3:outbox:d attempts=1", "- c3:outbox:d created_ms=1699999990000",
           "- c3:outbox:d error=timeout",
           "+ c3:events= what webhook_delivered job d attempt 2"},
          mark_moves),
     {}},
    {"later",
     call_of(later),
     both(d_was_tried, {"+ c3:outbox d=1700000005000"}),
     {}},
    {"dead",
     call_of(dead),
     both(both(d_was_tried, mark_moves),
          {"+ c3:events= what webhook_dead job d attempt 2 reason refused",
           "+ c3:webhooks:dead d=1700000000000", "- c3:webhooks:dead x=1",
           "- c3:outbox:x id=msg_x"}),
     {}},
  });
}

BOOST_AUTO_TEST_SUITE_END()
