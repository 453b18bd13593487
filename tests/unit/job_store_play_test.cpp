// Plays thousands of sequences of events to the duties of two workers that
// share a Redis: answers that come late or are lost with the connection, owners
// that ask twice, too late or under an old claim, or that die, a Redis that
// goes back to an earlier state. Whatever happens, no job and no GPU is lost,
// and no job ends twice.
#include "tests/unit/job_store_play.hpp"

using namespace render;
using namespace render::job_store;

namespace {

constexpr int64_t lease_ms = 30'000;

bool is_final(std::string_view status) {
  return status == "success" || status == "failed" || status == "cancelled";
}

class play : public played_fleet {
public:
  using played_fleet::played_fleet;

  void run(int events) {
    for (int i = 0; i < events; ++i) {
      pass(static_cast<int64_t>(any(1'500)));
      one_event();
      for (auto& [client, site] : sites_) {
        fire(site);
        move_on(site);
        if (kind_ == weather::calm)
          check_renewals(site);
      }
    }
    calm_down();
    check_end();
  }

private:
  void on_status(const std::string& id, std::string_view before,
                 std::string_view now) override {
    if (is_final(before))
      BOOST_TEST(now == before, id << " had ended as " << before);
    if (kind_ != weather::calm || before != "running" || now != "queued")
      return;
    for (auto& [client, x] : sites_)
      BOOST_TEST(!x.jobs.contains(id), id << " is looked after, and went back");
  }

  // What nobody confirms is given back at the renewal after a lease.
  void check_renewals(const site& x) {
    auto& all = x.worker->all.jobs.claimed().all();
    for (auto& [id, claim] : all) {
      if (x.worker->port.is_ending(id, claim.fence))
        continue;
      auto at = x.seen_ms.find(id);
      BOOST_REQUIRE(at != x.seen_ms.end());
      BOOST_TEST(world_.now_ms - at->second <= lease_ms + 20'000,
                 id << " is renewed for nobody");
    }
  }

  // Nobody asks for anything any more, and all leases run out.
  void calm_down() {
    for (auto& [client, x] : sites_) {
      if (x.up_at_ms > 0)
        x.worker->come_up();
      x.up_at_ms = 0;
      x.jobs.clear();
      x.gpus.clear();
    }
    kind_ = kind_ == weather::calm ? weather::storms : kind_;
    for (int s = 0; s < 180; ++s) {
      pass(1'000);
      for (auto& [client, x] : sites_) {
        x.worker->fire();
        x.worker->serve();
      }
    }
  }

  void check_end() {
    check_jobs();
    check_ends();
    check_gpus();
    for (auto& [client, x] : sites_)
      for (auto& times : x.answers)
        BOOST_TEST(times() == 1);
  }

  void check_jobs() {
    std::map<std::string, int> queued;
    for (auto& [id, text] : journaled_)
      if (status(id) != "cancelled")
        BOOST_TEST(world_.field("job:" + id, "result") == text, id);
    for (auto& id : world_.run({"LRANGE", "queue:jobs", "0", "-1"}).elements)
      ++queued[id.text];
    for (uint64_t n = 1; n <= pushed_; ++n) {
      auto id = "j" + std::to_string(n);
      auto now = status(id);
      if (now.empty())
        continue; // Redis has lost it before anybody had it.
      BOOST_TEST((is_final(now) || now == "queued"), id << " is " << now);
      BOOST_TEST(queued[id] == (now == "queued" ? 1 : 0), id << " is " << now);
    }
    BOOST_TEST(world_.redis.find("c3:leases") == nullptr);
    // A cancelled job may stay there until the next look for lost jobs.
    for (auto* key : {"c3:running:w1", "c3:running:w2"})
      for (auto& id : world_.run({"SMEMBERS", key}).elements)
        BOOST_TEST(is_final(status(id.text)), id.text << " in " << key);
    for (auto& [client, x] : sites_)
      BOOST_TEST(x.worker->all.jobs.claimed().all().empty());
  }

  void check_ends() {
    for (auto& x : ends_) {
      if (x.by_the_dead)
        continue;
      BOOST_REQUIRE((x.got->what && *x.got->what));
      auto& said = **x.got->what;
      auto stands = world_.field("job:" + said.job_id, "result") == x.text
                    && status(said.job_id) == "success";
      BOOST_TEST(stands == said.written, x.text);
      if (!said.written)
        continue;
      auto waits = world_.run({"ZSCORE", "c3:outbox", said.job_id}).type
                   != reply::kind::nil;
      // A loss may bring one back that was delivered.
      BOOST_TEST((waits || x.delivered), "the webhook of " << x.text);
      if (!lost_)
        BOOST_TEST(!(waits && x.delivered), x.text << " is delivered twice");
    }
  }

  void check_gpus() {
    std::set<std::string> there;
    for (auto& id : world_.run({"ZRANGE", "c3:gpus", "0", "-1"}).elements)
      there.insert(id.text);
    for (auto& [client, x] : sites_)
      BOOST_TEST(x.worker->all.gpus.mine().all().empty());
    auto& taker = *sites_.at(1).worker;
    std::set<std::string> taken;
    for (int i = 0; i < 5; ++i) {
      auto got = taker.ask(taker.all.leases, &leases::take_gpus,
                           msg::take_gpus{});
      taker.serve();
      for (auto& x : got->what->value().entries)
        taken.insert(x.id);
    }
    BOOST_TEST(taken == there, boost::test_tools::per_element());
    // A loss may bring back what has ended: it is looked at once more.
    if (kind_ != weather::losses && kind_ != weather::deaths)
      for (auto& id : closed_)
        BOOST_TEST(!there.contains(id), id << " had ended");
  }
};

void play_all(weather kind, uint64_t seeds) {
  for (uint64_t seed = 1; seed <= seeds; ++seed)
    BOOST_TEST_CONTEXT("seed " << seed) {
      play{seed, kind}.run(150);
    }
}

} // namespace

BOOST_AUTO_TEST_SUITE(random_play)

BOOST_AUTO_TEST_CASE(while_all_is_calm) {
  play_all(weather::calm, 500);
}

BOOST_AUTO_TEST_CASE(in_storms) {
  play_all(weather::storms, 500);
}

BOOST_AUTO_TEST_CASE(while_redis_loses_data) {
  play_all(weather::losses, 500);
}

BOOST_AUTO_TEST_CASE(while_workers_die) {
  play_all(weather::deaths, 500);
}

BOOST_AUTO_TEST_SUITE_END()
