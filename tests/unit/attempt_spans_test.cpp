// The spans of attempts and boots.
#include "actors/gpu_instance/boot_span.hpp"
#include "actors/supervisor/attempt_spans.hpp"
#include "tests/unit/span_text.hpp"

#include <boost/test/unit_test.hpp>

using namespace render;
using namespace render::span_text;

namespace {

struct attempts {
  explicit attempts(sampling how = {}) : it(tracer{how, 1}) {
    gpu(gpu_phase::launching, 1);
  }

  static job some(uint32_t attempt = 1) {
    job out;
    out.id = "j";
    out.type = "csm";
    out.created_at_s = 1'100;
    out.attempt = attempt;
    out.trace = producer;
    return out;
  }

  msg::run_job place(double now_s, job x = some(), uint64_t instance = 3) {
    msg::run_job task{std::move(x), 0, {}};
    it.on_placed(task, instance, at(now_s));
    return task;
  }

  msg::settle_job end(double now_s, job_outcome outcome, job x = some()) {
    msg::settle_job what{std::move(x), std::move(outcome), {}};
    it.on_end(what, at(now_s));
    return what;
  }

  void gpu(gpu_phase phase, double now_s, span_context boot = {}) {
    msg::gpu_update x;
    x.instance = 3;
    x.phase = phase;
    x.ledger_id = "entry";
    x.type = "media:fast";
    x.boot = boot;
    it.on_gpu_update(x, now_s);
  }

  std::vector<span> take(size_t count) {
    auto out = it.take();
    BOOST_REQUIRE(out.size() == count);
    return out;
  }

  supervisor::attempt_spans it;
};

job_outcome failed(failure_kind kind = failure_kind::unavailable) {
  return failed_outcome({kind, "gone"});
}

} // namespace

BOOST_AUTO_TEST_SUITE(spans_of_attempts)

BOOST_AUTO_TEST_CASE(the_first_attempt_is_a_child_of_the_producers_span) {
  attempts x;
  x.it.on_claimed(attempts::some(), at(200));
  auto now = x.it.of("j");
  BOOST_TEST(now.trace_low == producer.trace_low);
  BOOST_TEST(now.span != producer.span);
  BOOST_TEST(now.state == "x=1");
  auto task = x.place(210);
  BOOST_TEST((task.trace == now));
  auto wait = x.take(1)[0];
  // Since the job was made.
  BOOST_TEST(summary(wait) == "wait 1100-1210");
  BOOST_TEST(wait.parent == now.span);
  BOOST_TEST(wait.at.trace_low == producer.trace_low);
  auto told = x.end(260, {});
  BOOST_TEST((told.outcome.trace == now));
  auto end = x.take(1)[0];
  BOOST_TEST(summary(end) == "job process 1100-1260");
  BOOST_TEST((end.at == now));
  BOOST_TEST(end.parent == producer.span);
  BOOST_TEST((end.kind == span_kind::consumer));
  BOOST_TEST(text(end, "messaging.system") == "redis");
  BOOST_TEST(text(end, "messaging.destination.name") == "queue:jobs");
  BOOST_TEST(text(end, "messaging.message.id") == "j");
  BOOST_TEST(text(end, "c3.job.type") == "csm");
  BOOST_TEST(text(end, "c3.job.attempt") == "1");
  BOOST_TEST(text(end, "c3.job.outcome") == "success");
  BOOST_TEST(text(end, "c3.gpu.workload") == "media:fast");
  BOOST_TEST(end.links.empty());
}

BOOST_AUTO_TEST_CASE(without_a_producers_span_it_is_a_root) {
  attempts x;
  auto subject = attempts::some();
  subject.trace = {};
  // A clock that goes ahead, and none.
  for (auto made_s : {9'000.0, 0.0}) {
    subject.created_at_s = made_s;
    x.it.on_claimed(subject, at(200));
    x.place(205);
    x.end(206, {});
    auto got = x.take(2);
    BOOST_TEST(summary(got[0]) == "wait 1200-1205");
    BOOST_TEST(summary(got[1]) == "job process 1200-1206");
    BOOST_TEST(got[1].parent == 0u);
    x.it.on_written("j");
  }
}

BOOST_AUTO_TEST_CASE(a_retry_is_a_root_that_links_to_the_first) {
  attempts x;
  x.it.on_claimed(attempts::some(), at(200));
  auto first = x.place(210).trace;
  x.it.on_left("j", failed(failure_kind::outcome_unknown), 220);
  auto second_job = attempts::some(2);
  x.it.on_attempt_failed({second_job, {}}, at(220));
  auto second = x.place(221, second_job).trace;
  BOOST_TEST(second.trace_low != first.trace_low);
  x.it.on_left("j", failed(), 230);
  auto third_job = attempts::some(3);
  x.it.on_attempt_failed({third_job, {}}, at(230));
  x.place(231, third_job);
  x.end(240, failed(), third_job);
  auto got = x.take(6);
  BOOST_TEST(summary(got[1]) == "job process 1100-1220 outcome_unknown");
  BOOST_TEST(text(got[1], "c3.job.outcome") == "failed");
  BOOST_TEST(summary(got[2]) == "wait 1220-1221");
  BOOST_TEST(summary(got[3]) == "job process 1220-1230 unavailable");
  BOOST_TEST(got[3].parent == 0u);
  BOOST_REQUIRE(got[3].links.size() == 1u);
  BOOST_TEST((got[3].links[0] == first));
  BOOST_TEST(text(got[3], "c3.job.attempt") == "2");
  BOOST_REQUIRE(got[5].links.size() == 1u);
  BOOST_TEST((got[5].links[0] == first));
  BOOST_TEST(got[5].at.trace_low != second.trace_low);
}

BOOST_AUTO_TEST_CASE(after_another_worker_it_links_to_the_producer) {
  attempts x;
  x.it.on_claimed(attempts::some(2), at(200));
  x.place(201, attempts::some(2));
  x.end(210, {}, attempts::some(2));
  auto end = x.take(2)[1];
  BOOST_TEST(summary(end) == "job process 1200-1210");
  BOOST_TEST(end.parent == 0u);
  BOOST_TEST(end.at.trace_low != producer.trace_low);
  BOOST_REQUIRE(end.links.size() == 1u);
  BOOST_TEST((end.links[0] == producer));
}

BOOST_AUTO_TEST_CASE(who_waited_for_a_boot_links_to_it) {
  const span_context boot{7, 8, 9, true};
  for (auto ready_s : {90.0, 150.0}) {
    attempts x;
    x.gpu(gpu_phase::booting, 80, boot);
    x.gpu(gpu_phase::ready, ready_s, boot);
    x.gpu(gpu_phase::ready, 170, boot);
    // Made at 100.
    x.it.on_claimed(attempts::some(), at(200));
    x.place(201);
    // Placed again under the same attempt: it links once.
    x.place(202);
    x.end(210, {});
    auto end = x.take(2)[1];
    auto waited = ready_s > 100;
    BOOST_REQUIRE(end.links.size() == (waited ? 1u : 0u));
    if (waited)
      BOOST_TEST((end.links[0] == boot));
    BOOST_TEST(text(end, "c3.gpu.id") == "entry");
  }
}

BOOST_AUTO_TEST_CASE(one_that_goes_back_has_no_error) {
  attempts x;
  x.it.on_claimed(attempts::some(), at(200));
  x.place(201);
  x.it.on_left("j", failed(failure_kind::shutting_down), 205);
  x.it.on_returned("j", at(206));
  x.it.on_returned("j", at(207));
  auto end = x.take(2)[1];
  BOOST_TEST(summary(end) == "job process 1100-1206");
  BOOST_TEST(text(end, "c3.job.outcome") == "returned");
  // Its line in the log comes after.
  BOOST_TEST(static_cast<bool>(x.it.of("j")));
  x.it.on_written("j");
  BOOST_TEST(!x.it.of("j"));
}

BOOST_AUTO_TEST_CASE(an_end_that_is_written_twice_is_one) {
  attempts x;
  x.it.on_claimed(attempts::some(), at(200));
  auto span = x.place(201).trace;
  BOOST_TEST((x.end(210, {}).outcome.trace == span));
  BOOST_TEST((x.end(220, {}).outcome.trace == span));
  x.take(2);
  x.it.on_written("j");
  BOOST_TEST(!x.it.of("j"));
}

BOOST_AUTO_TEST_CASE(a_job_that_never_runs_has_a_span) {
  attempts x;
  auto outcome = failed(failure_kind::invalid_input);
  outcome.error_code = "expired";
  x.end(200, outcome);
  BOOST_TEST(summary(x.take(1)[0]) == "job process 1100-1200 expired");
}

BOOST_AUTO_TEST_CASE(what_is_not_held_any_more_has_ended) {
  attempts x;
  x.it.on_claimed(attempts::some(), at(200));
  x.place(201);
  x.it.keep({{{"j", 1, {}}}}, at(202));
  x.take(1);
  x.it.on_left("j", failed(failure_kind::not_owner), 205);
  x.it.keep({}, at(210));
  auto end = x.take(1)[0];
  BOOST_TEST(summary(end) == "job process 1100-1205 not_owner");
  BOOST_TEST(text(end, "c3.job.outcome") == "given up");
  BOOST_TEST(!x.it.of("j"));
  // One whose end is never written is forgotten, too.
  x.it.on_claimed(attempts::some(), at(300));
  x.end(301, {});
  x.it.keep({}, at(400));
  BOOST_TEST(static_cast<bool>(x.it.of("j")));
  x.it.keep({}, at(1'300));
  BOOST_TEST(!x.it.of("j"));
  x.take(1);
}

// Redis is away for long, and the end is written again and again.
BOOST_AUTO_TEST_CASE(a_forgotten_one_does_not_end_again) {
  attempts x;
  x.it.on_claimed(attempts::some(), at(300));
  auto what = x.end(301, {});
  x.take(1);
  x.it.keep({}, at(1'300));
  BOOST_TEST(!x.it.of("j"));
  auto trace = what.outcome.trace;
  x.it.on_end(what, at(1'301));
  BOOST_TEST((what.outcome.trace == trace));
  BOOST_TEST(!x.it.of("j"));
  x.take(0);
}

BOOST_AUTO_TEST_CASE(gpus_are_known_until_they_end) {
  attempts x;
  BOOST_TEST(x.it.gpus() == 1u);
  x.gpu(gpu_phase::gone, 4);
  BOOST_TEST(x.it.gpus() == 0u);
  x.gpu(gpu_phase::launching, 5);
  x.it.on_gpu_died(3);
  BOOST_TEST(x.it.gpus() == 0u);
}

BOOST_AUTO_TEST_CASE(one_that_is_claimed_again_begins_anew) {
  attempts x;
  x.it.on_claimed(attempts::some(), at(200));
  auto former = x.it.of("j");
  x.it.on_claimed(attempts::some(), at(300));
  BOOST_TEST((x.it.of("j") != former));
  BOOST_TEST(text(x.take(1)[0], "c3.job.outcome") == "claimed again");
  // The old claim's way back is written now.
  x.it.on_written("j");
  BOOST_TEST(static_cast<bool>(x.it.of("j")));
}

BOOST_AUTO_TEST_CASE(what_is_not_sampled_is_passed_on_but_not_made) {
  attempts x{{sampler::always_off, 1}};
  x.it.on_claimed(attempts::some(), at(200));
  auto task = x.place(201);
  BOOST_TEST(static_cast<bool>(task.trace));
  BOOST_TEST(!task.trace.sampled);
  x.end(210, {});
  x.take(0);
}

BOOST_AUTO_TEST_CASE(what_is_not_known_is_nobodys) {
  attempts x;
  x.it.on_left("j", failed(), 1);
  x.it.on_attempt_failed({attempts::some(2), {}}, at(2));
  x.it.on_returned("j", at(2));
  x.it.on_written("j");
  BOOST_TEST(!x.place(3).trace);
  x.gpu(gpu_phase::gone, 4);
  x.take(0);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(the_span_of_a_boot)

BOOST_AUTO_TEST_CASE(lasts_until_the_first_service_answers) {
  gpu_instance::boot_span it{tracer{{}, 5}};
  msg::gpu_update x;
  x.ledger_id = "entry";
  BOOST_TEST(!it.follow(x, "media:fast", at(10)).has_value());
  auto boot = x.boot;
  BOOST_TEST(static_cast<bool>(boot));
  x.phase = gpu_phase::booting;
  BOOST_TEST(!it.follow(x, "media:fast", at(20)).has_value());
  x.phase = gpu_phase::ready;
  auto got = it.follow(x, "media:fast", at(70));
  BOOST_REQUIRE(got.has_value());
  BOOST_TEST(summary(*got) == "gpu boot 1010-1070");
  BOOST_TEST((got->at == boot));
  BOOST_TEST(got->parent == 0u);
  BOOST_TEST(text(*got, "c3.gpu.workload") == "media:fast");
  BOOST_TEST(text(*got, "c3.gpu.id") == "entry");
  for (auto phase : {gpu_phase::ready, gpu_phase::draining, gpu_phase::gone}) {
    x.phase = phase;
    BOOST_TEST(!it.follow(x, "media:fast", at(80)).has_value());
    BOOST_TEST((x.boot == boot));
  }
}

BOOST_AUTO_TEST_CASE(fails_with_the_gpu) {
  for (auto phase :
       {gpu_phase::draining, gpu_phase::stopping, gpu_phase::gone}) {
    gpu_instance::boot_span it{tracer{{}, 5}};
    msg::gpu_update x;
    it.follow(x, "t", at(10));
    x.phase = phase;
    x.reason = "no answer";
    x.failed = true;
    auto got = it.follow(x, "t", at(20));
    BOOST_REQUIRE(got.has_value());
    BOOST_TEST(summary(*got) == "gpu boot 1010-1020 boot_failed");
    BOOST_TEST(got->error_text == "no answer");
  }
}

BOOST_AUTO_TEST_CASE(that_is_not_waited_for_is_no_failure) {
  gpu_instance::boot_span it{tracer{{}, 5}};
  msg::gpu_update x;
  it.follow(x, "t", at(10));
  x.phase = gpu_phase::stopping;
  x.reason = "the node drains";
  auto got = it.follow(x, "t", at(20));
  BOOST_REQUIRE(got.has_value());
  BOOST_TEST(summary(*got) == "gpu boot 1010-1020");
  BOOST_TEST(got->error_text == "");
}

BOOST_AUTO_TEST_CASE(is_made_only_when_it_is_sampled) {
  gpu_instance::boot_span it{tracer{{sampler::always_off, 1}, 5}};
  msg::gpu_update x;
  x.phase = gpu_phase::ready;
  BOOST_TEST(!it.follow(x, "t", at(20)).has_value());
  BOOST_TEST(static_cast<bool>(x.boot));
}

BOOST_AUTO_TEST_SUITE_END()
