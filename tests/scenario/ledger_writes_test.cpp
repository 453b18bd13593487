// The JOB STORE behind a link whose answers come when the test says so: of one
// ledger entry one write is under way, and the newest one is the last.
#define BOOST_TEST_MODULE ledger_writes
#include "actors/io/job_store/job_store.hpp"
#include "messages/failure_caf.hpp"
#include "tests/harness/virtual_time.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <string>
#include <vector>

using namespace render;
using namespace render::harness;
using namespace render::job_store;
using namespace std::chrono_literals;

namespace {

using list = std::vector<std::string>;

struct held_link : redis_link {
  explicit held_link(std::vector<command>& to) : sent(to) {
    // nop
  }

  void submit(channel, command x) override {
    sent.push_back(std::move(x));
  }

  std::vector<command>& sent;
};

struct fixture {
  fixture() {
    job_store::config cfg;
    cfg.worker_id = "w1";
    job_store_deps deps;
    deps.now = [this] {
      return time.unix_now();
    };
    deps.log = null_logger();
    deps.make_link = [this](const link_options&, redis_link::sink out) {
      answer = std::move(out);
      return std::make_unique<held_link>(sent);
    };
    store = time.system().spawn(job_store_behavior, cfg, std::move(deps));
    entry.id = "e1";
    entry.type = "media:fast";
    entry.state = gpu_entry_state::running;
    entry.workload = "wl-1";
  }

  ~fixture() {
    time.kill({caf::actor_cast<caf::actor>(store)});
  }

  /// Its answer goes into `answers`.
  void write_node(const std::string& name) {
    entry.node = name;
    time.system().spawn(
      [this, name, what = entry](caf::event_based_actor* self) {
        self->request(store, 60s, msg::write_gpu{what})
          .then(
            [this, name](caf::ok_atom) {
              answers.push_back(name + ": written");
            },
            [this, name](const caf::error& err) {
              auto text = to_failure(err).message;
              auto overtaken = text.find("overtaken") != std::string::npos;
              answers.push_back(name + ": " + (overtaken ? "overtaken" : text));
            });
      });
    time.settle();
  }

  void end() {
    caf::anon_send(store, msg::close_gpu{entry, "idle", 0});
    time.settle();
  }

  std::vector<command> about_entry() const {
    std::vector<command> out;
    std::copy_if(
      sent.begin(), sent.end(), std::back_inserter(out), [](auto& x) {
        return std::find(x.args.begin(), x.args.end(), "e1") != x.args.end()
               && x.lua && x.lua != &renew_gpus_script();
      });
    return out;
  }

  /// What was sent of the entry: the node of a write, or "end".
  list sent_nodes() const {
    list out;
    for (auto& x : about_entry()) {
      auto at = std::find(x.args.begin(), x.args.end(), "node");
      auto is_end = x.lua == &close_gpu_script();
      out.push_back(is_end || at == x.args.end() ? "end" : *(at + 1));
    }
    return out;
  }

  /// To the last one.
  void say(reply what) {
    redis_events xs;
    xs.completions.push_back({about_entry().back().id, std::move(what)});
    answer(std::move(xs));
    time.settle();
  }

  virtual_time time{1};
  std::vector<command> sent;
  redis_link::sink answer;
  job_store_shell_actor store;
  gpu_entry entry;
  list answers;
};

const auto done = reply::of(int64_t{1});
const auto full = reply::error("OOM command not allowed when used memory > "
                               "'maxmemory'.");

} // namespace

BOOST_FIXTURE_TEST_SUITE(ledger_writes, fixture)

BOOST_AUTO_TEST_CASE(a_refused_write_is_tried_again) {
  write_node("gpu1");
  BOOST_TEST_REQUIRE(sent_nodes() == list{"gpu1"});
  say(full);
  time.run_for(2s);
  BOOST_TEST(sent_nodes() == (list{"gpu1", "gpu1"}));
}

BOOST_AUTO_TEST_CASE(a_newer_one_waits_for_the_answer) {
  write_node("gpu1");
  write_node("gpu2");
  BOOST_TEST(sent_nodes() == list{"gpu1"});
  say(done);
  BOOST_TEST(sent_nodes() == (list{"gpu1", "gpu2"}));
  say(done);
  time.run_for(10s);
  BOOST_TEST(sent_nodes().size() == 2u);
}

BOOST_AUTO_TEST_CASE(the_newest_one_is_sent_and_none_between) {
  write_node("gpu1");
  write_node("gpu2");
  write_node("gpu3");
  say(done);
  BOOST_TEST(sent_nodes() == (list{"gpu1", "gpu3"}));
  BOOST_TEST(answers == (list{"gpu2: overtaken", "gpu1: written"}));
  say(done);
  BOOST_TEST(answers.back() == "gpu3: written");
}

BOOST_AUTO_TEST_CASE(a_refused_one_is_not_tried_again_beside_a_newer_one) {
  write_node("gpu1");
  write_node("gpu2");
  say(full);
  BOOST_TEST(sent_nodes() == (list{"gpu1", "gpu2"}));
  say(done);
  time.run_for(10s);
  BOOST_TEST(sent_nodes().size() == 2u);
}

BOOST_AUTO_TEST_CASE(one_that_waits_to_be_tried_again_is_replaced) {
  write_node("gpu1");
  say(full);
  write_node("gpu2");
  BOOST_TEST(sent_nodes() == (list{"gpu1", "gpu2"}));
  BOOST_TEST(answers == list{"gpu1: overtaken"});
  say(done);
  time.run_for(10s);
  BOOST_TEST(sent_nodes().size() == 2u);
}

BOOST_AUTO_TEST_CASE(the_end_is_the_last_that_redis_hears_of) {
  write_node("gpu1");
  end();
  BOOST_TEST(sent_nodes() == list{"gpu1"});
  say(full);
  BOOST_TEST(sent_nodes() == (list{"gpu1", "end"}));
  say(full);
  time.run_for(1s);
  BOOST_TEST(sent_nodes() == (list{"gpu1", "end", "end"}));
  say(done);
  time.run_for(10s);
  BOOST_TEST(sent_nodes().size() == 3u);
}

BOOST_AUTO_TEST_SUITE_END()
