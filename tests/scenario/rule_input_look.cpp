// Inputs are looked at before a GPU is launched for them.
#include "tests/scenario/rule_world.hpp"

#include <boost/test/unit_test.hpp>

using namespace render::harness;
using render::environment;
using namespace std::chrono_literals;

namespace {

using handler = std::function<void(const exchange_ptr&)>;

constexpr int64_t wait_ms = 20'000;

/// Every random wait takes 20 s.
struct cold_world : rule_world {
  explicit cold_world(environment more = {}) : rule_world(with(more)) {
    // nop
  }

  void given_inputs(handler x) {
    world->web.serve(sim_places::inputs_host, std::move(x));
  }

  /// Fetches of inputs, by looks and by renders.
  size_t fetches() const {
    return times_of(sim_places::inputs_host).size();
  }

  /// When the first GPU is launched, counted from now; -1: not within 3 min.
  int64_t ms_until_launch() {
    return ms_until(
      [this] {
        return !times_of("api.sim/launch").empty();
      },
      180);
  }

  std::string error_without_id(size_t job) const {
    auto out = field(job, "error");
    auto id = job_table::id_of(job);
    auto at = out.find(id);
    return at == std::string::npos ? out : out.replace(at, id.size(), "ID");
  }

private:
  static environment with(environment more) {
    more.emplace("PRE_LAUNCH_TIMEOUT", "20");
    more.emplace("PRE_LAUNCH_TIMEOUT_MAX", "20");
    return more;
  }
};

void is_missing(const exchange_ptr& x) {
  x->respond(10ms, 404, "text/html", "no");
}

void is_good(const exchange_ptr& x) {
  x->file(300ms, "audio/mpeg", 1'000);
}

} // namespace

BOOST_AUTO_TEST_SUITE(rule_input_look)

BOOST_AUTO_TEST_CASE(a_job_whose_input_is_not_there_rents_no_gpu) {
  cold_world s;
  s.given_inputs(is_missing);
  s.given_workers(1);
  auto job = s.when_a_job_is_pushed("whisper", 5);
  auto took = s.ms_until([&] {
    return s.status(job) == "failed";
  });
  BOOST_TEST(took >= wait_ms);
  BOOST_TEST(took <= wait_ms + 100);
  s.after(300);
  BOOST_TEST(s.world->cloud.launches() == 0u);
  BOOST_TEST(s.times_of("api.sim/launch").empty());
  BOOST_TEST(s.deliveries(job) == 1u);
  BOOST_TEST(!s.world->redis.server().find("queue:jobs"));
  BOOST_TEST(s.broken_rule() == "");
}

BOOST_AUTO_TEST_CASE(it_is_told_what_a_gpu_would_have_told) {
  auto error = [](bool warm) {
    cold_world s;
    if (warm)
      s.given_a_warm_worker();
    else
      s.given_workers(1);
    s.given_inputs(is_missing);
    auto job = s.when_a_job_is_pushed("whisper", 5);
    s.until([&] {
      return s.status(job) == "failed";
    });
    return s.error_without_id(job);
  };
  BOOST_TEST(error(false).starts_with("Error processing Whisper job: "));
  BOOST_TEST(error(false).find(": audio_url: http") != std::string::npos);
  BOOST_TEST(error(false) == error(true));
}

BOOST_AUTO_TEST_CASE(a_good_input_is_fetched_and_then_a_gpu_is_launched) {
  cold_world s;
  s.given_inputs(is_good);
  s.given_workers(1);
  auto job = s.when_a_job_is_pushed("whisper", 5);
  auto launched = s.ms_until_launch();
  BOOST_TEST(launched >= wait_ms + 300);
  BOOST_TEST(launched <= wait_ms + 400);
  s.until([&] {
    return s.status(job) == "success";
  });
  BOOST_TEST(s.status(job) == "success");
  BOOST_TEST(s.fetches() == 2u);
  BOOST_TEST(s.broken_rule() == "");
}

BOOST_AUTO_TEST_CASE(a_job_without_inputs_waits_for_no_look) {
  cold_world s;
  s.given_inputs([](const exchange_ptr& x) {
    x->hang();
  });
  s.given_a_provider_that_refuses();
  s.given_workers(1);
  s.when_a_job_is_pushed("whisper", 5);
  s.when_a_job_is_pushed("csm", 5);
  BOOST_TEST(s.ms_until_launch() == wait_ms);
}

BOOST_AUTO_TEST_CASE(a_slow_server_holds_a_launch_up_for_ten_seconds) {
  cold_world s;
  s.given_inputs([](const exchange_ptr& x) {
    x->hang();
  });
  s.given_a_provider_that_refuses();
  s.given_workers(1);
  auto job = s.when_a_job_is_pushed("whisper", 5);
  auto launched = s.ms_until_launch();
  BOOST_TEST(launched >= wait_ms + 10'000);
  BOOST_TEST(launched <= wait_ms + 10'010);
  BOOST_TEST(s.status(job) == "queued");
}

BOOST_AUTO_TEST_CASE(what_may_pass_is_nothing_against_a_job) {
  cold_world s;
  s.given_inputs([](const exchange_ptr& x) {
    x->respond(10ms, 503, "text/plain", "busy");
  });
  s.given_a_provider_that_refuses();
  s.given_workers(1);
  auto job = s.when_a_job_is_pushed("whisper", 5);
  auto launched = s.ms_until_launch();
  BOOST_TEST(launched >= wait_ms);
  BOOST_TEST(launched <= wait_ms + 20);
  BOOST_TEST(s.status(job) == "queued");
}

BOOST_AUTO_TEST_CASE(a_warm_slot_waits_for_no_look) {
  cold_world s;
  s.given_a_warm_worker();
  auto job = s.when_a_job_is_pushed("whisper", 5);
  s.until([&] {
    return s.status(job) == "success";
  });
  BOOST_TEST(s.fetches() == 1u);
}

BOOST_AUTO_TEST_CASE(two_workers_that_look_at_once_refuse_a_job_once) {
  cold_world s;
  s.given_inputs(is_missing);
  s.given_workers(2);
  auto job = s.when_a_job_is_pushed("whisper", 5);
  s.after(120);
  BOOST_TEST(s.fetches() == 2u);
  BOOST_TEST(s.status(job) == "failed");
  BOOST_TEST(s.deliveries(job) == 1u);
  BOOST_TEST(s.world->cloud.launches() == 0u);
  BOOST_TEST(s.broken_rule() == "");
}

BOOST_AUTO_TEST_CASE(a_job_that_a_warm_slot_took_meanwhile_is_left_to_it) {
  cold_world s{environment{{"MAX_GPUS", "2"}}};
  s.given_a_warm_worker();
  s.when_a_job_is_pushed("csm", 22);
  s.given_inputs([](const exchange_ptr& x) {
    x->respond(5s, 404, "text/html", "no");
  });
  auto job = s.when_a_job_is_pushed("whisper", 5);
  s.until([&] {
    return s.status(job) == "running";
  });
  // The look is under way.
  BOOST_TEST(s.fetches() == 2u);
  s.after(4);
  BOOST_TEST(s.status(job) == "running");
  s.after(60);
  BOOST_TEST(s.status(job) == "failed");
  BOOST_TEST(s.deliveries(job) == 1u);
  BOOST_TEST(s.world->cloud.launches() == 1u);
  BOOST_TEST(s.broken_rule() == "");
}

BOOST_AUTO_TEST_CASE(a_job_whose_data_has_changed_meanwhile_is_not_refused) {
  cold_world s;
  s.given_inputs([](const exchange_ptr& x) {
    if (x->path().starts_with("/other"))
      return is_good(x);
    x->respond(5s, 404, "text/html", "no");
  });
  s.given_workers(1);
  auto job = s.when_a_job_is_pushed("whisper", 5);
  s.after(22);
  BOOST_TEST(s.fetches() == 1u);
  auto id = job_table::id_of(job);
  s.world->redis.run(
    {"HSET", "job:" + id, "data",
     R"({"audio_url":"http://files.sim/other/)" + id + R"(.mp3"})"});
  s.until([&] {
    return s.status(job) == "success";
  });
  BOOST_TEST(s.status(job) == "success");
  BOOST_TEST(s.world->cloud.launches() == 1u);
}

BOOST_AUTO_TEST_CASE(a_good_job_behind_many_bad_ones_gets_the_only_gpu) {
  cold_world s{environment{{"MAX_GPUS", "8"}}};
  constexpr size_t bad = 30;
  s.given_inputs([](const exchange_ptr& x) {
    auto good = x->path().find(job_table::id_of(bad)) != std::string_view::npos;
    good ? is_good(x) : is_missing(x);
  });
  s.given_workers(1);
  for (size_t i = 0; i <= bad; ++i)
    s.when_a_job_is_pushed("whisper", 5);
  auto took = s.until([&] {
    return s.status(bad) == "success";
  });
  BOOST_TEST(took > 0);
  BOOST_TEST(took < 120);
  for (size_t i = 0; i < bad; ++i)
    BOOST_TEST(s.status(i) == "failed");
  BOOST_TEST(s.world->cloud.launches() == 1u);
  BOOST_TEST(s.broken_rule() == "");
}

BOOST_AUTO_TEST_CASE(of_many_jobs_a_few_are_looked_at) {
  cold_world s{environment{{"MAX_GPUS", "4"}}};
  s.given_inputs(is_good);
  s.given_a_provider_that_refuses();
  s.given_workers(1);
  for (auto i = 0; i < 150; ++i)
    s.when_a_job_is_pushed("whisper", 30);
  auto launched = s.ms_until_launch();
  BOOST_TEST(launched <= wait_ms + 400);
  BOOST_TEST(s.fetches() == 4u);
  s.after(1);
  BOOST_TEST(s.times_of("api.sim/launch").size() == 4u);
  BOOST_TEST(s.fetches() == 4u);
}

BOOST_AUTO_TEST_CASE(each_type_has_a_look_of_its_own) {
  cold_world s{environment{{"MAX_GPUS", "2"}}};
  s.given_inputs([](const exchange_ptr& x) {
    if (x->path().starts_with("/image"))
      return is_missing(x);
    is_good(x);
  });
  s.given_workers(1);
  auto sound = s.when_a_job_is_pushed("whisper", 5);
  auto picture = s.when_a_job_is_pushed("analyze", 5);
  auto both = s.when_a_job_is_pushed("portrait", 5);
  s.until([&] {
    return s.status(sound) == "success";
  });
  BOOST_TEST(s.status(picture) == "failed");
  BOOST_TEST(s.field(picture, "error").starts_with("image_url: "));
  BOOST_TEST(s.status(both) == "failed");
  BOOST_TEST(s.world->cloud.launches() == 1u);
}

BOOST_AUTO_TEST_CASE(the_contract_policy_looks_at_nothing) {
  cold_world s{environment{{"LAUNCH_POLICY", "contract"}}};
  s.given_inputs(is_missing);
  s.given_a_provider_that_refuses();
  s.given_workers(1);
  s.when_a_job_is_pushed("whisper", 5);
  BOOST_TEST(s.ms_until_launch() == wait_ms);
  BOOST_TEST(s.fetches() == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
