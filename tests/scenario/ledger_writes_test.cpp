// The JOB STORE behind a link whose answers come when the test gives them. Each
// ledger entry has at most one write under way, and the newest write is the
// last.
#define BOOST_TEST_MODULE ledger_writes
#include "actors/io/redis/job_store.hpp"
#include "app/harness/virtual_time.hpp"
#include "messages/failure_caf.hpp"

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
    cfg.worker.id = "w1";
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

  /// Writes the entry; the answer goes into `answers`.
  void write_node(const std::string& name) {
    entry.node = gpu_host{name};
    time.system().spawn(
      [this, name, what = entry](caf::event_based_actor* self) {
        self->request(store, 60s, msg::write_gpu{what})
          .then(
            [this, name](caf::ok_atom) {
              answers.push_back(name + ": written");
            },
            [this, name](const caf::error& err) {
              answers.push_back(name + ": " + to_failure(err).message);
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
               && x.lua && x.lua->name != "renew_gpus";
      });
    return out;
  }

  /// The commands sent for the entry: the node of a write, or "end".
  list sent_nodes() const {
    list out;
    for (auto& x : about_entry()) {
      auto at = std::find(x.args.begin(), x.args.end(), "node");
      auto is_end = x.lua && x.lua->name == "close_gpu";
      out.push_back(is_end || at == x.args.end() ? "end" : *(at + 1));
    }
    return out;
  }

  const command* last_of(const std::string& verb) const {
    auto at = std::find_if(sent.rbegin(), sent.rend(), [&](auto& x) {
      return x.args[0] == verb;
    });
    return at == sent.rend() ? nullptr : &*at;
  }

  void answer_to(const command& x, reply what) {
    redis_events xs;
    xs.completions.push_back({x.id, std::move(what)});
    answer(std::move(xs));
    time.settle();
  }

  /// Answers the last command for the entry.
  void say(const reply& what) {
    answer_to(about_entry().back(), what);
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

// Redis loses its latest writes: a mark that is moved by a later write would
// hide that it has lost an earlier one.
BOOST_AUTO_TEST_CASE(an_end_that_waits_for_others_is_sent_before_later_writes) {
  auto settle = [this](const char* id) {
    msg::settle_job x;
    x.subject.id = job_id{id};
    x.subject.fence = 1;
    x.outcome.text = "t";
    caf::anon_send(store, x);
    time.settle();
  };
  settle("a");
  // It waits until the one before it is answered.
  settle("b");
  auto names = [this] {
    list out;
    for (auto& x : sent)
      if (x.lua && (x.lua->name == "settle" || x.lua->name == "write_gpu"))
        out.emplace_back(x.lua->name);
    return out;
  };
  BOOST_TEST_REQUIRE(names() == list{"settle"});
  write_node("gpu1");
  BOOST_TEST(names() == (list{"settle", "settle", "write_gpu"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_refused_write_is_tried_again) {
  write_node("gpu1");
  BOOST_TEST_REQUIRE(sent_nodes() == list{"gpu1"});
  say(full);
  time.run_for(2s);
  BOOST_TEST(sent_nodes() == (list{"gpu1", "gpu1"}));
}

BOOST_AUTO_TEST_CASE(a_newer_one_follows_the_answer_whatever_it_is) {
  for (auto& first : {done, full}) {
    sent.clear();
    write_node("gpu1");
    write_node("gpu2");
    BOOST_TEST(sent_nodes() == list{"gpu1"});
    say(first);
    BOOST_TEST(sent_nodes() == (list{"gpu1", "gpu2"}));
    say(done);
    time.run_for(5s);
    BOOST_TEST(sent_nodes().size() == 2u);
  }
}

BOOST_AUTO_TEST_CASE(the_newest_one_is_sent_and_answers_for_all) {
  write_node("gpu1");
  write_node("gpu2");
  write_node("gpu3");
  say(done);
  BOOST_TEST(sent_nodes() == (list{"gpu1", "gpu3"}));
  BOOST_TEST(answers.empty());
  say(done);
  // The scheduler decides who is answered first.
  std::sort(answers.begin(), answers.end());
  BOOST_TEST(answers
             == (list{"gpu1: written", "gpu2: written", "gpu3: written"}));
}

BOOST_AUTO_TEST_CASE(one_that_waits_to_be_tried_again_is_replaced) {
  write_node("gpu1");
  say(full);
  write_node("gpu2");
  BOOST_TEST(sent_nodes() == (list{"gpu1", "gpu2"}));
  say(done);
  std::sort(answers.begin(), answers.end());
  BOOST_TEST(answers == (list{"gpu1: written", "gpu2: written"}));
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

// The next process trusts the mark: writes up to the mark are not repeated.
BOOST_AUTO_TEST_CASE(after_a_loss_the_mark_waits_for_one_that_is_under_way) {
  write_node("gpu1");
  say(done);
  write_node("gpu2");
  time.run_for(11s);
  BOOST_TEST_REQUIRE(last_of("GET") != nullptr);
  BOOST_TEST(last_of("SET") == nullptr);
  // The mark is gone.
  answer_to(*last_of("GET"), reply{});
  BOOST_TEST(last_of("SET") == nullptr);
  say(full);
  time.run_for(1s);
  BOOST_TEST(last_of("SET") == nullptr);
  BOOST_TEST(sent_nodes() == (list{"gpu1", "gpu2", "gpu2"}));
  say(done);
  BOOST_TEST(last_of("SET") != nullptr);
}

// No actor here looks after the entry any more: its lease is not renewed, and
// an idle worker does not ask for its mark.
BOOST_AUTO_TEST_CASE(one_that_is_left_while_it_is_under_way_is_forgotten) {
  write_node("gpu1");
  caf::anon_send(store, msg::leave_gpu{"e1"});
  time.settle();
  say(done);
  sent.clear();
  time.run_for(2min);
  BOOST_TEST(last_of("GET") == nullptr);
  BOOST_TEST(sent_nodes().empty());
}

BOOST_AUTO_TEST_SUITE_END()
