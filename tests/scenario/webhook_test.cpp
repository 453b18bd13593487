// Delivery in virtual time: tries, slow receivers, webhooks of a dead worker.
#include "actors/webhook/webhook.hpp"
#include "tests/support/deterministic_system.hpp"
#include "tests/support/fake_http.hpp"
#include "tests/support/fake_job_store.hpp"

#include <boost/test/unit_test.hpp>

using namespace render;
using namespace render::harness;
using namespace std::chrono_literals;

namespace {

struct delivery : deterministic_system {
  void start() {
    store->log = web->log = log;
    auto now = [this] {
      return unix_now();
    };
    auto outbox = spawn(fake_job_store_behavior, store);
    auto http = spawn(fake_http_behavior, web);
    sender = spawn(webhook_behavior, cfg,
                   webhook_deps{http, outbox, now, null_logger()});
  }

  void deliver(const std::string& id,
               const std::string& url = "http://a.example/hook") {
    caf::anon_send(sender, msg::deliver_webhook{entry(id, url)});
    run();
  }

  static webhook entry(const std::string& id, const std::string& url) {
    return {"msg_" + id, job_id{id}, url, R"({"id":")" + id + "\"}", 0, 0};
  }

  void answer(int32_t status, duration takes = 0ms) {
    web->on_request = [=](const http_request&) {
      return http_status(status, takes);
    };
  }

  event_log_ptr log = std::make_shared<event_log>([this] {
    return elapsed_ms();
  });
  fake_job_store_ptr store = std::make_shared<fake_job_store>();
  fake_http_ptr web = std::make_shared<fake_http>();
  webhook_sender::config cfg;
  webhook_actor sender;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(a_webhook, delivery)

BOOST_AUTO_TEST_CASE(goes_out_at_once) {
  start();
  advance(3s);
  deliver("a");
  BOOST_TEST(log->times("POST http://a.example/hook") == "3000");
  BOOST_TEST(log->times("webhook a delivered") == "3000");
  auto& sent = web->requests.at(0);
  BOOST_TEST(sent.body == R"({"id":"a"})");
  BOOST_TEST(sent.total_timeout.count() == 10'000);
  BOOST_TEST(sent.max_redirects == 30u);
  BOOST_TEST(sent.public_only);
  BOOST_TEST(sent.cut_body);
}

BOOST_AUTO_TEST_CASE(is_tried_five_times_5_s_apart) {
  answer(500);
  start();
  deliver("a");
  advance(10min);
  BOOST_TEST(log->times("POST") == "0 5000 10000 15000 20000");
  BOOST_TEST(log->times("webhook a retry_later") == "0 5000 10000 15000");
  BOOST_TEST(log->times("webhook a dead") == "20000");
  for (auto& x : web->requests)
    BOOST_TEST(x.body == web->requests[0].body);
}

BOOST_AUTO_TEST_CASE(counts_the_5_s_from_the_end_of_a_slow_try) {
  answer(200, 1h);
  start();
  deliver("a");
  advance(10min);
  BOOST_TEST(log->times("POST") == "0 15000 30000 45000 60000");
  BOOST_TEST(log->times("webhook a dead") == "70000");
}

BOOST_AUTO_TEST_CASE(is_delivered_by_2xx_alone) {
  for (auto status : {301, 302, 304, 400, 404, 500}) {
    delivery one;
    one.answer(status);
    one.start();
    one.deliver("a");
    one.advance(1min);
    BOOST_TEST(one.log->count("webhook a dead") == 1u);
  }
  for (auto status : {200, 201, 202, 204}) {
    delivery one;
    one.answer(status);
    one.start();
    one.deliver("a");
    one.advance(1min);
    BOOST_TEST(one.log->count("POST") == 1u);
    BOOST_TEST(one.log->count("webhook a delivered") == 1u);
  }
}

BOOST_AUTO_TEST_CASE(stops_after_a_try_that_works) {
  web->on_request = [this](const http_request&) {
    return http_status(web->requests.size() < 3 ? 503 : 200);
  };
  start();
  deliver("a");
  advance(10min);
  BOOST_TEST(log->times("POST") == "0 5000 10000");
  BOOST_TEST(log->times("webhook a delivered") == "10000");
}

BOOST_AUTO_TEST_CASE(told_twice_goes_out_once) {
  answer(200, 1s);
  start();
  deliver("a");
  deliver("a");
  advance(1min);
  BOOST_TEST(log->count("POST") == 1u);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(a_slow_receiver, delivery)

BOOST_AUTO_TEST_CASE(delays_nobody_else) {
  web->on_request = [](const http_request& x) {
    return http_status(200, x.url.find("slow") == std::string::npos ? 0ms : 1h);
  };
  start();
  for (int i = 0; i < 100; ++i)
    deliver("slow" + std::to_string(i), "http://slow.example/hook");
  deliver("fast", "http://fast.example/hook");
  BOOST_TEST(log->times("webhook fast delivered") == "0");
}

BOOST_AUTO_TEST_CASE(has_eight_tries_under_way_at_most) {
  answer(200, 4s);
  start();
  for (int i = 0; i < 20; ++i)
    deliver(std::to_string(i));
  BOOST_TEST(log->count("POST") == 8u);
  advance(4s);
  BOOST_TEST(log->count("POST") == 16u);
  advance(8s);
  BOOST_TEST(log->count("POST") == 20u);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(a_dead_receiver, delivery)

BOOST_AUTO_TEST_CASE(delays_neither_other_hosts_nor_other_paths_of_its_own) {
  web->on_request = [](const http_request& x) {
    return http_status(x.url.find("dead") != std::string::npos ? 503 : 200);
  };
  start();
  for (int i = 0; i < 500; ++i)
    deliver("d" + std::to_string(i), "http://a.example/dead");
  deliver("path", "http://a.example/well");
  deliver("host", "http://well.example/hook");
  BOOST_TEST(log->times("webhook path delivered") == "0");
  BOOST_TEST(log->times("webhook host delivered") == "0");
  // Each webhook has its own tries at its own times.
  BOOST_TEST(log->count("POST http://a.example/dead") == 500u);
  advance(10min);
  BOOST_TEST(log->count("POST http://a.example/dead") == 2'500u);
  BOOST_TEST(log->times("webhook d7 dead") == "20000");
}

BOOST_AUTO_TEST_CASE(that_says_gone_has_its_five_tries) {
  answer(410);
  start();
  deliver("a");
  advance(10min);
  BOOST_TEST(log->times("POST") == "0 5000 10000 15000 20000");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(a_stopped_process, delivery)

BOOST_AUTO_TEST_CASE(posts_nothing_whose_lease_has_run_out) {
  answer(200, 1s);
  start();
  for (int i = 0; i < 9; ++i)
    deliver(std::to_string(i));
  BOOST_TEST(log->count("POST") == 8u);
  sleep(70s);
  advance(1min);
  BOOST_TEST(log->count("POST") == 8u);
  BOOST_TEST(log->count("retry_later") == 0u);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(what_a_dead_worker_left, delivery)

BOOST_AUTO_TEST_CASE(is_found_at_the_start_and_every_15_s) {
  store->left_webhooks = {entry("old", "http://a.example/hook")};
  start();
  BOOST_TEST(log->times("webhook old delivered") == "0");
  advance(7s);
  store->left_webhooks = {entry("later", "http://a.example/hook")};
  advance(1min);
  BOOST_TEST(log->times("webhook later delivered") == "15000");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(a_flush, delivery)

BOOST_AUTO_TEST_CASE(waits_for_what_is_due_and_no_longer) {
  web->on_request = [this](const http_request&) {
    return http_status(web->requests.size() < 2 ? 500 : 200);
  };
  start();
  deliver("a");
  auto asker
    = spawn([log = log, sender = sender](caf::event_based_actor* self) {
        self->request(sender, 1min, msg::flush_webhooks{30s})
          .then([log](caf::ok_atom) {
            log->add("flushed");
          });
      });
  advance(1min);
  BOOST_TEST(log->times("flushed") == "5000");
}

BOOST_AUTO_TEST_CASE(ends_with_its_patience) {
  answer(200, 1h);
  cfg.timeout = 1h;
  cfg.lease = 2h;
  start();
  deliver("a");
  auto asker
    = spawn([log = log, sender = sender](caf::event_based_actor* self) {
        self->request(sender, 1min, msg::flush_webhooks{30s})
          .then([log](caf::ok_atom) {
            log->add("flushed");
          });
      });
  advance(1min);
  BOOST_TEST(log->times("flushed") == "30000");
}

BOOST_AUTO_TEST_SUITE_END()
