// The ACCOUNT: what is left of the money, and GPUs that the ledger does not
// know.
#include "actors/account/account.hpp"
#include "tests/support/deterministic_system.hpp"
#include "tests/support/fake_gpu_cloud.hpp"
#include "tests/support/fake_gpu_ledger.hpp"
#include "tests/support/fake_http.hpp"

#include <boost/test/unit_test.hpp>

using namespace render;
using namespace render::harness;
using namespace std::chrono_literals;

namespace {

const workload_type fast{"media:fast"};

gpu_workload workload(const std::string& id, double created_s,
                      const workload_type& type = fast, bool runs = true) {
  gpu_workload out;
  out.workload = workload_id{id};
  out.type = type;
  out.running = runs;
  out.created_s = created_s;
  return out;
}

gpu_entry entry(const std::string& id, const std::string& workload,
                double launched_s = 1) {
  gpu_entry out;
  out.id = ledger_id{id};
  out.type = fast;
  out.state = gpu_entry_state::ready;
  out.workload = workload_id{workload};
  out.launched_s = launched_s;
  return out;
}

struct fixture : deterministic_system {
  fixture() {
    web->log = log;
    cloud->log = log;
    cloud->now_ms = [this] {
      return elapsed_ms();
    };
    web->on_request = [this](const http_request& x) {
      BOOST_TEST(x.url == "https://api.example/balance");
      return answer;
    };
    auto to = null_logger();
    to->sinks().push_back(seen);
    gpu_cloud::config api;
    api.api_url = "https://api.example";
    account::config cfg;
    cfg.types = {fast, workload_type{"ollama_webui:fast"}};
    ask = [this, to, api, cfg] {
      spawn(account_behavior, cfg, api,
            account_deps{spawn(fake_http_behavior, web),
                         spawn(fake_gpu_cloud_behavior, cloud),
                         spawn(fake_gpu_ledger_behavior, ledger),
                         [this] {
                           return unix_now();
                         },
                         to, seen});
    };
  }

  void say(int32_t status, const std::string& body) {
    answer = http_status(status);
    answer.what->body = body;
  }

  void put_gpus_of_all_sorts() {
    auto old_s = unix_now() - 601;
    for (auto& x : {workload("lost", old_s), workload("in-ledger", old_s),
                    workload("young", unix_now() - 500),
                    workload("stopped", old_s, fast, false),
                    workload("not-ours", old_s, workload_type{"other:type"})})
      cloud->machines[x.workload].record = x;
    ledger->entries["e1"] = entry("e1", "in-ledger");
  }

  double balance() const {
    auto x = seen->seen().balance;
    return x ? x->amount : -1;
  }

  size_t questions() const {
    return web->requests.size();
  }

  void refuse_launch() {
    event x{"provider_called"};
    x.part = "launch";
    x.outcome = "402";
    seen->on_event(x);
  }

  event_log_ptr log = std::make_shared<event_log>([this] {
    return elapsed_ms();
  });
  fake_answer answer = http_status(200);
  fake_http_ptr web = std::make_shared<fake_http>();
  fake_gpu_cloud_ptr cloud = std::make_shared<fake_gpu_cloud>();
  fake_gpu_ledger_ptr ledger = std::make_shared<fake_gpu_ledger>();
  std::shared_ptr<account::note> seen = std::make_shared<account::note>();
  std::function<void()> ask;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(the_account, fixture)

BOOST_AUTO_TEST_CASE(is_asked_each_five_minutes) {
  say(200, R"({"balance":12.5})");
  BOOST_TEST(balance() == -1);
  ask();
  advance(1s);
  BOOST_TEST(balance() == 12.5);
  BOOST_TEST(seen->seen().balance->at_s == unix_now() - 1);
  say(200, R"({"balance":11})");
  advance(290s);
  BOOST_TEST(questions() == 1u);
  BOOST_TEST(balance() == 12.5);
  advance(15s);
  BOOST_TEST(questions() == 2u);
  BOOST_TEST(balance() == 11);
}

BOOST_AUTO_TEST_CASE(is_asked_soon_after_the_provider_wanted_money) {
  say(200, R"({"balance":12.5})");
  ask();
  advance(31s);
  say(200, R"({"balance":0})");
  refuse_launch();
  refuse_launch();
  advance(15s);
  BOOST_TEST(questions() == 2u);
  BOOST_TEST(balance() == 0);
  advance(60s);
  BOOST_TEST(questions() == 2u);
}

BOOST_AUTO_TEST_CASE(is_asked_for_a_refusal_during_a_look) {
  say(200, R"({"balance":12.5})");
  answer.takes = 20s;
  ask();
  advance(5s);
  refuse_launch();
  advance(12s);
  // The look is not over.
  BOOST_TEST(balance() == -1);
  say(200, R"({"balance":0})");
  advance(30s);
  BOOST_TEST(questions() == 2u);
  BOOST_TEST(balance() == 0);
}

BOOST_AUTO_TEST_CASE(does_not_ask_for_ever_where_asking_needs_money) {
  say(402, R"({"message":"Insufficient balance"})");
  ask();
  advance(200s);
  BOOST_TEST(questions() == 1u);
}

BOOST_AUTO_TEST_CASE(keeps_what_it_knows_while_the_provider_is_away) {
  say(200, R"({"balance":12.5})");
  ask();
  advance(1s);
  auto at_s = seen->seen().balance->at_s;
  say(503, "");
  advance(300s);
  answer.what = fail(failure_kind::unavailable, "down");
  advance(300s);
  BOOST_TEST(questions() == 3u);
  BOOST_TEST(balance() == 12.5);
  BOOST_TEST(seen->seen().balance->at_s == at_s);
}

BOOST_AUTO_TEST_CASE(has_no_balance_where_the_provider_tells_none) {
  say(404, "");
  ask();
  advance(1s);
  BOOST_TEST(!seen->seen().balance);
  // One that told it once, too.
  say(200, R"({"balance":1})");
  advance(301s);
  BOOST_TEST(balance() == 1);
  say(200, R"({"credit":1})");
  advance(301s);
  BOOST_TEST(!seen->seen().balance);
}

BOOST_AUTO_TEST_CASE(counts_gpus_that_the_ledger_does_not_know) {
  put_gpus_of_all_sorts();
  BOOST_TEST(seen->seen().unknown.empty());
  ask();
  advance(1s);
  auto unknown = seen->seen().unknown;
  BOOST_TEST(unknown.size() == 2u);
  BOOST_TEST(unknown[fast] == 1u);
  BOOST_TEST(unknown[workload_type{"ollama_webui:fast"}] == 0u);
  // The young one has grown old, and the lost one was stopped by hand.
  cloud->machines.erase("lost");
  cloud->list_failures.push_back({failure_kind::unavailable, "down"});
  advance(300s);
  BOOST_TEST(seen->seen().unknown[fast] == 1u);
  advance(300s);
  BOOST_TEST(seen->seen().unknown[fast] == 1u);
  cloud->machines.erase("young");
  advance(300s);
  BOOST_TEST(seen->seen().unknown[fast] == 0u);
}

BOOST_AUTO_TEST_CASE(tells_the_list_beside_the_ledger) {
  put_gpus_of_all_sorts();
  BOOST_TEST(!seen->seen().gpus.has_value());
  cloud->list_takes = 2s;
  auto asked_s = unix_now();
  ask();
  advance(3s);
  auto got = seen->seen().gpus;
  BOOST_REQUIRE(got.has_value());
  BOOST_TEST(got->at_s == asked_s);
  BOOST_TEST(got->types.size() == 2u);
  BOOST_TEST(got->types[fast] == 3u);
  BOOST_TEST(got->others == 1u);
  BOOST_TEST(got->lost.empty());
  BOOST_REQUIRE(got->unknown.size() == 2u);
  BOOST_TEST(got->unknown[0].workload == "lost");
  BOOST_TEST(got->unknown[0].created_s == asked_s - 601);
  BOOST_TEST(got->unknown[0].since_s == asked_s);
  BOOST_TEST(got->unknown[1].workload == "young");
}

// Who has mended it wants to see that.
BOOST_AUTO_TEST_CASE(looks_each_minute_while_the_two_differ) {
  cloud->machines["lost"].record = workload("lost", unix_now() - 700);
  ask();
  advance(1s);
  auto first_s = seen->seen().gpus->at_s;
  advance(75s);
  auto got = seen->seen().gpus;
  BOOST_TEST(got->at_s == first_s + 60);
  BOOST_TEST(got->unknown.at(0).since_s == first_s);
  // The balance has nothing to do with it.
  BOOST_TEST(questions() == 1u);
  cloud->machines.erase("lost");
  advance(60s);
  got = seen->seen().gpus;
  BOOST_TEST(got->agrees());
  BOOST_TEST(got->at_s == first_s + 120);
  advance(160s);
  BOOST_TEST(seen->seen().gpus->at_s == first_s + 120);
  advance(15s);
  BOOST_TEST(seen->seen().gpus->at_s == first_s + 300);
  BOOST_TEST(questions() == 2u);
}

BOOST_AUTO_TEST_CASE(keeps_the_list_while_the_provider_is_away) {
  cloud->machines["lost"].record = workload("lost", unix_now() - 700);
  ask();
  advance(1s);
  auto before = seen->seen().gpus;
  for (int i = 0; i < 3; ++i)
    cloud->list_failures.push_back({failure_kind::unavailable, "down"});
  advance(180s);
  BOOST_TEST((seen->seen().gpus == before));
  advance(75s);
  BOOST_TEST(seen->seen().gpus->at_s > before->at_s);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(the_list_and_the_ledger)

BOOST_AUTO_TEST_CASE(agree_but_for_what_is_on_its_way) {
  account::config cfg;
  cfg.types = {fast};
  const double now_s = 10'000;
  auto lost = [&](const gpu_entry& x) {
    auto got = account::compare(cfg, {}, {{x}, {}}, std::nullopt, now_s);
    return !got.lost.empty();
  };
  auto x = entry("e1", "w1", now_s - 120);
  BOOST_TEST(lost(x));
  x.launched_s = now_s - 119;
  BOOST_TEST(!lost(x));
  x.launched_s = 0;
  x.intent_s = now_s - 119;
  BOOST_TEST(!lost(x));
  x.intent_s = now_s - 120;
  BOOST_TEST(lost(x));
  x.state = gpu_entry_state::stopping;
  BOOST_TEST(!lost(x));
  for (auto state : {gpu_entry_state::intent, gpu_entry_state::running,
                     gpu_entry_state::ready}) {
    x.state = state;
    BOOST_TEST(lost(x));
  }
  x.workload = {};
  BOOST_TEST(!lost(x));
}

BOOST_AUTO_TEST_CASE(name_the_same_gpus_or_not) {
  account::config cfg;
  cfg.types = {fast};
  const double now_s = 10'000;
  account::ledger_sight ledger{{entry("e1", "w1"), entry("e2", "w2")},
                               {workload_id{"ended"}}};
  auto got = account::compare(cfg,
                              {workload("w1", 1), workload("ended", 1),
                               workload("x", 1), workload("x", 1),
                               workload("w2", 1, fast, false)},
                              ledger, std::nullopt, now_s);
  BOOST_TEST(got.types[fast] == 3u);
  BOOST_REQUIRE(got.unknown.size() == 1u);
  BOOST_TEST(got.unknown[0].workload == "x");
  // The provider lists it, as one that runs no more.
  BOOST_REQUIRE(got.lost.size() == 1u);
  BOOST_TEST(got.lost[0].id == "e2");
  BOOST_TEST(got.lost[0].workload == "w2");
  BOOST_TEST(got.lost[0].since_s == now_s);
  auto again = account::compare(cfg, {workload("x", 1), workload("y", 1)},
                                ledger, got, now_s + 60);
  BOOST_REQUIRE(again.unknown.size() == 2u);
  BOOST_TEST(again.unknown[0].workload == "x");
  BOOST_TEST(again.unknown[0].since_s == now_s);
  BOOST_TEST(again.unknown[1].since_s == now_s + 60);
  BOOST_REQUIRE(again.lost.size() == 2u);
  BOOST_TEST(again.lost[0].id == "e2");
  BOOST_TEST(again.lost[0].since_s == now_s);
  BOOST_TEST(again.lost[1].since_s == now_s + 60);
}

BOOST_AUTO_TEST_CASE(are_told_in_few_lines) {
  account::config cfg;
  cfg.types = {fast};
  std::vector<gpu_workload> list;
  account::ledger_sight ledger;
  for (int i = 0; i < 50; ++i) {
    list.push_back(workload("w" + std::to_string(i), 1));
    ledger.entries.push_back(
      entry("e" + std::to_string(i), "l" + std::to_string(i)));
  }
  auto got = account::compare(cfg, list, ledger, std::nullopt, 10'000);
  BOOST_TEST(got.unknown.size() == provider_list::shown_most);
  BOOST_TEST(got.more_unknown == 50 - provider_list::shown_most);
  BOOST_TEST(got.lost.size() == provider_list::shown_most);
  BOOST_TEST(got.more_lost == 50 - provider_list::shown_most);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(the_balance)

BOOST_AUTO_TEST_CASE(is_none_only_where_there_is_none) {
  const job_store::account_balance known{12.5, 100};
  auto after = [&](int32_t status, const std::string& body = {}) {
    http_response got;
    got.status = status;
    got.body = body;
    return account::after_balance(got, known, 200);
  };
  auto told = after(200, R"({"balance":11})");
  BOOST_REQUIRE(told.has_value());
  BOOST_TEST(told->amount == 11);
  BOOST_TEST(told->at_s == 200);
  // A key that is refused, a proxy, a limit of calls: it is not known better.
  for (auto status : {302, 400, 401, 402, 403, 408, 429, 500, 503}) {
    auto got = after(status);
    BOOST_REQUIRE(got.has_value());
    BOOST_TEST(got->amount == 12.5);
    BOOST_TEST(got->at_s == 100);
  }
  for (auto status : {404, 405, 410})
    BOOST_TEST(!after(status).has_value(), status);
  BOOST_TEST(!after(200, "<html>").has_value());
  BOOST_TEST(!after(200, R"({"credit":1})").has_value());
  auto down = account::after_balance(fail(failure_kind::unavailable, "down"),
                                     known, 200);
  BOOST_TEST(down.has_value());
  BOOST_TEST(!account::after_balance(fail(failure_kind::unavailable, "down"),
                                     std::nullopt, 200)
                .has_value());
}

BOOST_AUTO_TEST_SUITE_END()
