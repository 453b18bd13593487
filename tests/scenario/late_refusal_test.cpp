// The JOB STORE behind a link whose answers come when the test says so: what
// Redis refused late must not undo what was written since.
#define BOOST_TEST_MODULE late_refusal
#include "actors/io/job_store/job_store.hpp"
#include "tests/harness/virtual_time.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>

using namespace render;
using namespace render::harness;
using namespace render::job_store;
using namespace std::chrono_literals;

namespace {

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

  /// Commands that name the entry, in the order they were sent.
  std::vector<command> about_entry() const {
    std::vector<command> out;
    std::copy_if(
      sent.begin(), sent.end(), std::back_inserter(out), [](auto& x) {
        return std::find(x.args.begin(), x.args.end(), "e1") != x.args.end();
      });
    return out;
  }

  void say(const command& to, reply what) {
    redis_events xs;
    xs.completions.push_back({to.id, std::move(what)});
    answer(std::move(xs));
    time.settle();
  }

  virtual_time time{1};
  std::vector<command> sent;
  redis_link::sink answer;
  job_store_shell_actor store;
  gpu_entry entry;
};

const auto full = reply::error("OOM command not allowed when used memory > "
                               "'maxmemory'.");

} // namespace

BOOST_FIXTURE_TEST_SUITE(late_refusal, fixture)

BOOST_AUTO_TEST_CASE(a_refused_write_is_tried_again) {
  caf::anon_send(store, msg::write_gpu{entry});
  time.settle();
  BOOST_TEST_REQUIRE(about_entry().size() == 1u);
  say(about_entry()[0], full);
  time.run_for(2s);
  BOOST_TEST(about_entry().size() == 2u);
}

BOOST_AUTO_TEST_CASE(not_when_the_end_was_sent_meanwhile) {
  caf::anon_send(store, msg::write_gpu{entry});
  time.settle();
  caf::anon_send(store, msg::close_gpu{entry, "idle", 0});
  time.settle();
  BOOST_TEST_REQUIRE(about_entry().size() == 2u);
  say(about_entry()[0], full);
  say(about_entry()[1], reply::of(int64_t{1}));
  time.run_for(10s);
  BOOST_TEST(about_entry().size() == 2u);
}

BOOST_AUTO_TEST_SUITE_END()
