#pragma once
// A JOB STORE, a worker of the first version, and records of other versions.
#include "messages/render_handle.hpp"
#include "messages/text/json.hpp"
#include "tests/integration/old_worker.hpp"
#include "tests/integration/redis_store.hpp"

#include <algorithm>
#include <map>

namespace render::harness {

struct versions_store : redis_store {
  using names = std::vector<std::string>;

  // A store renews its leases as soon as it is connected. A test that lets a
  // lease end must begin after that.
  versions_store() {
    BOOST_REQUIRE(ask<std::string>(store, caf::get_atom_v));
  }

  /// Runs Redis commands from a file.
  void load(const std::string& name) {
    auto doc = json::parse(record_file(name));
    BOOST_REQUIRE_MESSAGE(doc && doc->IsArray(), name);
    for (auto& line : doc->GetArray()) {
      names args;
      for (auto& x : line.GetArray())
        args.emplace_back(x.GetString(), x.GetStringLength());
      auto got = redis.cmd_list(args);
      BOOST_REQUIRE_MESSAGE(got.ok(), name + ": " + got.error);
    }
  }

  std::map<std::string, std::string> hash(const std::string& key) {
    std::map<std::string, std::string> out;
    auto got = redis.cmd("HGETALL", key).elements;
    for (size_t i = 0; i + 1 < got.size(); i += 2)
      out[got[i].text] = got[i + 1].text;
    return out;
  }

  long long count(const std::string& command, const std::string& key) {
    return redis.cmd(command, key).integer;
  }

  bool has(const std::string& set, const std::string& member) {
    return !redis.cmd("ZSCORE", set, member).nil;
  }

  job claim_one(const std::string& id) {
    auto got = claim(store, 10);
    BOOST_TEST(got.unfit.empty());
    BOOST_REQUIRE_EQUAL(got.jobs.size(), 1u);
    BOOST_TEST(got.jobs[0].id.text() == id);
    return got.jobs[0];
  }

  void start_taker() {
    taker = spawn("worker-t", 300ms);
  }

  /// Waits until `taker` has put the job of a dead worker back.
  void await_recovery(const std::string& id) {
    start_taker();
    BOOST_REQUIRE(wait_until([&] {
      return status(id) == "queued" && queued() == 1;
    }));
    BOOST_TEST(!has("c3:leases", id));
  }

  /// Ends a lease, as if the owner had stopped for a while.
  void let_lease_end(const std::string& set, const std::string& member) {
    BOOST_REQUIRE(has(set, member));
    redis.cmd("ZADD", set, "1", member);
  }

  bool ours(const job& x) {
    msg::report_progress report;
    report.job_id = x.id;
    report.fence = x.fence;
    report.stage = "render";
    auto got = ask<msg::ownership>(store, report);
    BOOST_REQUIRE(got);
    return got->ours;
  }

  bool settle(const job& x, const std::string& words = "words") {
    auto got = ask<msg::job_settled>(store, msg::settle_job{x, text(words)});
    BOOST_REQUIRE(got);
    return got->written;
  }

  std::vector<webhook> take_webhooks() {
    auto got = ask<msg::webhooks_taken>(store, msg::take_webhooks{});
    BOOST_REQUIRE(got);
    return got->entries;
  }

  void record(const webhook& x, msg::delivery_state state,
              std::string error = {}) {
    BOOST_REQUIRE(ask<caf::ok_atom>(
      store, msg::record_delivery{x, state, 0ms, std::move(error)}));
  }

  /// The entries that `taker` takes over, sorted by id. Waits until it may take
  /// them.
  std::vector<gpu_entry> take_gpus() {
    start_taker();
    std::vector<gpu_entry> out;
    BOOST_REQUIRE(wait_until([&] {
      auto got = ask<msg::gpus_taken>(taker, msg::take_gpus{});
      if (got)
        out = got->entries;
      return !out.empty();
    }));
    std::sort(out.begin(), out.end(), [](auto& a, auto& b) {
      return a.id < b.id;
    });
    return out;
  }

  result<caf::ok_atom> write(const job_store_actor& to, const gpu_entry& x) {
    return ask<caf::ok_atom>(to, msg::write_gpu{x});
  }

  result<caf::ok_atom> close(const job_store_actor& to, const gpu_entry& x) {
    return ask<caf::ok_atom>(to, msg::close_gpu{x, "idle", 0.5});
  }

  static bool is(const result<caf::ok_atom>& x, failure_kind kind) {
    return !x && x.error().kind == kind;
  }

  static gpu_entry running(const std::string& id, const std::string& workload) {
    gpu_entry out;
    out.id = ledger_id{id};
    out.type = "media:fast";
    out.state = gpu_entry_state::running;
    out.expires_s = 1'700'007'200;
    out.intent_s = 1'700'000'000.5;
    out.workload = workload_id{workload};
    out.node = gpu_host{"node-" + workload};
    out.launched_s = 1'700'000'001.5;
    return out;
  }

  /// Has short leases. The tests' own claims have long leases, so that a slow
  /// machine does not lose them.
  job_store_actor taker;
  old_worker old{redis, "old-1"};
};

} // namespace render::harness
