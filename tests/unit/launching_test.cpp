// When GPUs are launched for what waits, and the reason of each plan.
#include "tests/unit/launched.hpp"

#include <boost/test/unit_test.hpp>

#include <set>

using namespace render;
using namespace render::supervisor::launching;

namespace {

using kind = launch_reason_kind;

constexpr double t0 = 1'000;
constexpr auto csm = static_cast<size_t>(job_kind::csm);
constexpr auto whisper = static_cast<size_t>(job_kind::whisper);

/// So many jobs wait, there is no GPU, and room for nine.
situation with_jobs(uint64_t others, uint64_t tried = 0) {
  situation out;
  out.waiting[csm] = {tried, others, others};
  out.max_gpus = out.room = 9;
  out.jitter_s = 20;
  out.spacing_s = 1;
  out.now_s = t0;
  return out;
}

/// And nobody else launches any.
situation seen_alone(uint64_t others, uint64_t tried = 0) {
  auto out = with_jobs(others, tried);
  out.elsewhere = slots_elsewhere{0, t0};
  return out;
}

own_gpu a_gpu(bool boots, uint32_t slots = 1) {
  own_gpu out;
  out.boots = boots;
  out.free_slots = slots;
  out.serves.fill(true);
  return out;
}

template <class Step>
Step step_of(const plan& x) {
  BOOST_REQUIRE(std::holds_alternative<Step>(x.what));
  return std::get<Step>(x.what);
}

template <class Stage>
bool comes_to(const plan& x) {
  return std::holds_alternative<Stage>(x.next);
}

void holds_because(const plan& x, kind why) {
  BOOST_TEST(std::holds_alternative<hold>(x.what));
  BOOST_TEST((x.why.kind == why), to_string(x.why.kind));
  BOOST_TEST(!x.due_s);
}

} // namespace

BOOST_AUTO_TEST_SUITE(a_launch_plan)

BOOST_AUTO_TEST_CASE(is_nothing_when_no_job_waits) {
  auto x = decide(ripe{}, with_jobs(0));
  holds_because(x, kind::no_job_waits);
  BOOST_TEST(comes_to<resting>(x));
}

BOOST_AUTO_TEST_CASE(is_nothing_when_this_worker_has_slots) {
  auto s = with_jobs(2);
  s.gpus = {a_gpu(false), a_gpu(false)};
  holds_because(decide(ripe{}, s), kind::slot_free);
  s.gpus = {a_gpu(false), a_gpu(true)};
  auto x = decide(ripe{}, s);
  holds_because(x, kind::gpus_boot);
  BOOST_TEST(x.why.count == 1u);
  BOOST_TEST(x.why.jobs == 2u);
}

BOOST_AUTO_TEST_CASE(tells_of_launches_that_fail) {
  auto s = with_jobs(2);
  s.gpus = {a_gpu(true), a_gpu(true)};
  s.gpus[0].trouble = "HTTP 503, attempt 1 of 5, next in 5 s";
  auto x = decide(ripe{}, s);
  holds_because(x, kind::gpus_boot);
  BOOST_TEST(x.why.count == 1u);
  s.gpus[1].trouble = "HTTP 502";
  auto y = decide(ripe{}, s);
  holds_because(y, kind::provider_refuses);
  BOOST_TEST(y.why.words == "HTTP 502");
  BOOST_TEST(y.why.jobs == 2u);
  BOOST_TEST(clause_of(y.why, t0) == "launches fail (HTTP 502)");
}

BOOST_AUTO_TEST_CASE(counts_no_slot_that_does_not_serve_the_job) {
  auto s = seen_alone(1);
  s.gpus = {a_gpu(false)};
  s.gpus[0].serves[csm] = false;
  BOOST_TEST(launched(decide(ripe{}, s)) == 1u);
  s.waiting[csm] = {};
  s.waiting[whisper] = {0, 1, 1};
  BOOST_TEST(launched(decide(ripe{}, s)) == 0u);
}

BOOST_AUTO_TEST_CASE(for_a_tried_job_counts_no_gpu_in_doubt) {
  auto s = with_jobs(0, 1);
  s.gpus = {a_gpu(false)};
  BOOST_TEST(launched(decide(resting{}, s)) == 0u);
  s.gpus[0].trusted = false;
  BOOST_TEST(launched(decide(resting{}, s)) == 1u);
}

BOOST_AUTO_TEST_CASE(begins_with_a_random_wait) {
  auto s = with_jobs(3);
  auto x = decide(resting{}, s);
  BOOST_TEST(step_of<wait>(x).until_s == t0 + 20);
  BOOST_TEST((x.why.kind == kind::jitter));
  BOOST_TEST(*x.due_s == t0 + 20);
  // One that runs goes on, whatever comes.
  s.waiting[csm].others = s.waiting[csm].worth = 5;
  s.jitter_s = 3;
  s.now_s = t0 + 7;
  x = decide(x.next, s);
  BOOST_TEST(step_of<wait>(x).until_s == t0 + 20);
  BOOST_TEST(x.why.until_s == t0 + 20);
  BOOST_TEST(x.why.jobs == 5u);
  // It is over by its own timer alone.
  BOOST_TEST(std::holds_alternative<waiting>(after_wait(x.next, t0 + 19)));
  BOOST_TEST(std::holds_alternative<ripe>(after_wait(x.next, t0 + 20)));
  BOOST_TEST(std::holds_alternative<resting>(after_wait(resting{}, t0 + 20)));
}

BOOST_AUTO_TEST_CASE(then_asks_the_ledger_once) {
  auto x = decide(ripe{}, with_jobs(2));
  step_of<look_at_ledger>(x);
  BOOST_TEST((x.why.kind == kind::looking_at_ledger));
  BOOST_REQUIRE(comes_to<asking_ledger>(x));
  holds_because(decide(x.next, with_jobs(3)), kind::looking_at_ledger);
  holds_because(decide(asking_queue{}, with_jobs(3)), kind::looking_at_queue);
  auto s = with_jobs(2);
  s.asks_ledger = false;
  BOOST_TEST(launched(decide(ripe{}, s)) == 2u);
}

BOOST_AUTO_TEST_CASE(launches_what_is_not_launched_elsewhere) {
  auto s = seen_alone(5);
  s.slots_per_gpu = 2;
  auto x = decide(asking_queue{}, s);
  BOOST_TEST(launched(x) == 3u);
  BOOST_TEST((x.why.kind == kind::launching));
  BOOST_TEST(x.why.count == 3u);
  BOOST_TEST(comes_to<resting>(x));
  s.elsewhere->count = 2;
  BOOST_TEST(launched(decide(asking_queue{}, s)) == 2u);
}

BOOST_AUTO_TEST_CASE(leaves_to_others_what_they_launch_for) {
  auto s = seen_alone(2);
  s.elsewhere = slots_elsewhere{2, t0 - 3};
  s.jitter_s = 0;
  auto x = decide(asking_queue{}, s);
  BOOST_TEST(step_of<leave>(x).until_s == t0 + 1);
  BOOST_TEST((x.why.kind == kind::slots_elsewhere));
  BOOST_TEST(x.why.count == 2u);
  BOOST_TEST(x.why.since_s == t0 - 3);
  BOOST_TEST(comes_to<waiting>(x));
  // And says so as long as the wait runs.
  BOOST_TEST((decide(x.next, with_jobs(2)).why.kind == kind::slots_elsewhere));
  s.elsewhere->reason = kind::jobs_taken;
  BOOST_TEST((decide(ripe{}, s).why.kind == kind::jobs_taken));
}

BOOST_AUTO_TEST_CASE(uses_an_answer_once) {
  auto s = seen_alone(1);
  s.room = 0;
  auto x = decide(asking_queue{}, s);
  holds_because(x, kind::max_gpus);
  BOOST_TEST(comes_to<ripe>(x));
  step_of<look_at_ledger>(decide(x.next, with_jobs(1)));
}

BOOST_AUTO_TEST_CASE(for_a_tried_job_waits_for_nobody) {
  auto x = decide(resting{}, with_jobs(0, 2));
  BOOST_TEST(launched(x) == 2u);
  // The random wait of others goes on.
  x = decide(waiting{t0 + 5, {kind::jitter}}, with_jobs(1, 1));
  BOOST_TEST(launched(x) == 1u);
  BOOST_TEST(comes_to<waiting>(x));
  BOOST_TEST(*x.due_s == t0 + 5);
}

BOOST_AUTO_TEST_CASE(waits_while_a_limit_of_spending_does_not_allow_it) {
  auto s = seen_alone(1, 1);
  s.budget = {t0 + 60, t0 + 900, "MAX_SPEND_PER_HOUR"};
  auto x = decide(asking_queue{}, s);
  BOOST_TEST(step_of<wait>(x).until_s == t0 + 60);
  BOOST_TEST((x.why.kind == kind::budget));
  BOOST_TEST(x.why.until_s == t0 + 900);
  BOOST_TEST(clause_of(x.why, t0)
             == "MAX_SPEND_PER_HOUR allows no launch now, new budget in 900 s");
  BOOST_TEST(*x.due_s == t0 + 60);
  s.now_s = t0 + 60;
  BOOST_TEST(launched(decide(asking_queue{}, s)) > 0u);
}

BOOST_AUTO_TEST_CASE(waits_after_a_failed_launch) {
  auto s = seen_alone(1, 1);
  s.refused = {3, t0 - 60, t0 + 8, "HTTP 503"};
  auto x = decide(asking_queue{}, s);
  BOOST_TEST(step_of<wait>(x).until_s == t0 + 8);
  BOOST_TEST((x.why.kind == kind::provider_refuses));
  BOOST_TEST(x.why.attempt == 3u);
  BOOST_TEST(x.why.words == "HTTP 503");
  BOOST_TEST(*x.due_s == t0 + 8);
  BOOST_TEST(comes_to<ripe>(x));
  // A random wait beside it ends when it ends.
  x = decide(waiting{t0 + 5, {kind::jitter}}, s);
  BOOST_TEST(*x.due_s == t0 + 5);
  // One that begins now lasts as long.
  s.refused.not_before_s = t0 + 300;
  s.waiting[csm].tried = 0;
  x = decide(resting{}, s);
  BOOST_TEST(step_of<wait>(x).until_s == t0 + 300);
  BOOST_TEST((x.why.kind == kind::provider_refuses));
  s.now_s = t0 + 300;
  BOOST_TEST(launched(decide(asking_queue{}, s)) == 1u);
}

BOOST_AUTO_TEST_CASE(keeps_to_max_gpus) {
  auto s = seen_alone(5);
  s.room = 2;
  auto x = decide(asking_queue{}, s);
  BOOST_TEST(launched(x) == 2u);
  BOOST_TEST(comes_to<ripe>(x));
  s.room = 0;
  x = decide(asking_queue{}, s);
  holds_because(x, kind::max_gpus);
  BOOST_TEST(x.why.count == 9u);
  s.room_comes = true;
  holds_because(decide(asking_queue{}, s), kind::making_room);
  s.can_make_room = true;
  x = decide(asking_queue{}, s);
  step_of<make_room>(x);
  BOOST_TEST((x.why.kind == kind::making_room));
}

BOOST_AUTO_TEST_CASE(asks_nobody_before_there_is_room) {
  auto s = with_jobs(1);
  s.room = 0;
  holds_because(decide(ripe{}, s), kind::max_gpus);
}

BOOST_AUTO_TEST_CASE(looks_at_inputs_that_nobody_has_looked_at) {
  auto s = seen_alone(5);
  s.waiting[csm].worth = 0;
  auto x = decide(asking_queue{}, s);
  BOOST_TEST(step_of<look_at_inputs>(x).jobs == 5u);
  BOOST_TEST((x.why.kind == kind::looking_at_inputs));
  BOOST_TEST(comes_to<ripe>(x));
  s.elsewhere.reset();
  s.inputs_asked = true;
  holds_because(decide(ripe{}, s), kind::looking_at_inputs);
  // Those without any wait for no look.
  s.waiting[csm].worth = 2;
  s.elsewhere = slots_elsewhere{};
  x = decide(ripe{}, s);
  BOOST_TEST(launched(x) == 2u);
  BOOST_TEST(comes_to<ripe>(x));
  s.inputs_asked = false;
  x = decide(ripe{}, s);
  BOOST_TEST(launched(x) == 2u);
  BOOST_TEST(step_of<launch>(x).unseen == 3u);
}

BOOST_AUTO_TEST_CASE(is_nothing_while_the_worker_drains_or_is_unfit) {
  auto s = seen_alone(3, 3);
  s.unfit = "disk";
  auto x = decide(waiting{t0 + 5, {kind::jitter}}, s);
  BOOST_TEST((x.why.kind == kind::unfit));
  BOOST_TEST(x.why.words == "disk");
  BOOST_TEST(launched(x) == 0u);
  // The wait is not lost by it.
  BOOST_TEST(*x.due_s == t0 + 5);
  s.draining = true;
  x = decide(waiting{t0 + 5, {kind::jitter}}, s);
  holds_because(x, kind::draining);
  BOOST_TEST(comes_to<resting>(x));
}

BOOST_AUTO_TEST_CASE(is_nothing_while_the_fleet_is_paused) {
  auto s = seen_alone(2);
  s.paused = "by ann";
  auto x = decide(ripe{}, s);
  holds_because(x, kind::paused);
  BOOST_TEST(x.why.words == "by ann");
  BOOST_TEST(x.why.jobs == 2u);
  BOOST_TEST(comes_to<resting>(x));
  // Not for tried jobs either, nor by the plan of a fleet.
  auto tried = seen_alone(0, 1);
  tried.paused = "by ann";
  holds_because(decide(resting{}, tried), kind::paused);
  s.fleet = fleet_outlook{};
  s.fleet->worth_gpus = 3;
  holds_because(decide(ripe{}, s), kind::paused);
  // What a pause does not hold back keeps its own reason.
  auto idle = with_jobs(0);
  idle.paused = "by ann";
  holds_because(decide(resting{}, idle), kind::no_job_waits);
  auto boots = with_jobs(1);
  boots.paused = "by ann";
  boots.gpus = {a_gpu(true)};
  holds_because(decide(resting{}, boots), kind::gpus_boot);
}

BOOST_AUTO_TEST_CASE(is_nothing_for_one_job_whose_time_is_over_before_a_boot) {
  auto s = with_jobs(0, 1);
  s.first_deadline_s = t0 + 50;
  BOOST_TEST(launched(decide(resting{}, s)) == 1u);
  s.boot_s = 45;
  BOOST_TEST(launched(decide(resting{}, s)) == 1u);
  s.run_s = 10;
  holds_because(decide(resting{}, s), kind::out_of_time);
  s.waiting[csm].tried = 2;
  BOOST_TEST(launched(decide(resting{}, s)) == 2u);
}

BOOST_AUTO_TEST_CASE(deals_jobs_out_among_the_living) {
  for (auto [rank, jobs] : {std::pair{0u, 3u}, {1u, 2u}, {2u, 2u}}) {
    auto s = seen_alone(7);
    s.rank = rank;
    s.living = 3;
    BOOST_TEST(launched(decide(ripe{}, s)) == jobs);
  }
  auto s = with_jobs(2);
  s.rank = 2;
  s.living = 3;
  auto x = decide(ripe{}, s);
  BOOST_TEST(step_of<leave>(x).until_s == t0 + 20);
  BOOST_TEST((x.why.kind == kind::others_turn));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(the_reason_of_a_launch_plan)

BOOST_AUTO_TEST_CASE(is_a_sentence) {
  launch_reason x{kind::jitter, 0, t0 + 12};
  BOOST_TEST(sentence_of("media:fast", x, t0)
             == "waits for a GPU of media:fast: jitter, launch in 12 s");
  x = {kind::provider_refuses, 0, t0 + 8, t0 - 60, 3, "HTTP 503"};
  BOOST_TEST(clause_of(x, t0)
             == "GPUs fail since 60 s (attempt 3: HTTP 503), launch in 8 s");
  x = {kind::slots_elsewhere, 2, t0 + 20, t0 - 3};
  BOOST_TEST(clause_of(x, t0)
             == "2 slot(s) come on GPUs of other workers (seen 3 s ago), next "
                "look in 20 s");
  // A moment that has passed is now.
  x = {kind::jitter, 0, t0 - 1};
  BOOST_TEST(clause_of(x, t0) == "jitter, launch in 0 s");
}

BOOST_AUTO_TEST_CASE(has_a_word_and_a_sentence_of_its_own) {
  std::set<std::string> words;
  std::set<std::string> sentences;
  for (auto i = 0; i <= static_cast<int>(last_launch_reason); ++i) {
    launch_reason x{static_cast<kind>(i)};
    words.insert(std::string{to_string(x.kind)});
    sentences.insert(clause_of(x, t0));
    BOOST_TEST(!clause_of(x, t0).empty());
  }
  BOOST_TEST(words.size() == static_cast<size_t>(last_launch_reason) + 1);
  BOOST_TEST(sentences.size() == words.size());
}

BOOST_AUTO_TEST_CASE(is_told_when_it_changes_and_keeps_a_job_waiting) {
  const launch_reason none;
  launch_reason x{kind::jitter, 0, t0};
  BOOST_TEST(is_news(none, x));
  BOOST_TEST(!is_news(x, x));
  auto later = x;
  later.until_s += 1;
  BOOST_TEST(is_news(x, later));
  auto more = x;
  more.jobs = 7;
  BOOST_TEST(!is_news(x, more));
  BOOST_TEST(!is_news(x, none));
  BOOST_TEST(!is_news(x, {kind::looking_at_queue}));
  BOOST_TEST(is_news({kind::launching, 1}, {kind::launching, 1}));
  for (auto lasting : {kind::slots_elsewhere, kind::jobs_taken}) {
    BOOST_TEST(is_news(none, {lasting, 1, t0}));
    BOOST_TEST(!is_news({lasting, 1, t0}, {lasting, 2, t0 + 1}));
  }
}

BOOST_AUTO_TEST_SUITE_END()
