#pragma once
// A worker of version 1 from the view of Redis: it sends the scripts of that
// version, with its keys and arguments, over a connection of the test.
// RECORDS_DIR: see records/README.md.
#include "messages/failure.hpp"
#include "tests/support/redis_server.hpp"

#include <boost/test/unit_test.hpp>

#include <fstream>
#include <sstream>

namespace render::harness {

inline std::string record_file(const std::string& name) {
  std::ifstream in{std::string{RECORDS_DIR} + "/" + name};
  std::ostringstream out;
  out << in.rdbuf();
  BOOST_REQUIRE_MESSAGE(in && !out.str().empty(), "cannot read " + name);
  return out.str();
}

class old_worker {
public:
  /// The answer to a claim; texts as in Redis.
  struct claim {
    std::string id;
    std::string attempt;
    std::string fence;
    std::string remote;
  };

  old_worker(redis_server& redis, std::string id)
    : redis_(redis), id_(std::move(id)) {
    // nop
  }

  const std::string& id() const {
    return id_;
  }

  std::vector<claim> claim_jobs(std::chrono::milliseconds lease,
                                const std::string& type = "analyze") {
    auto got = run("claim", {"queue:jobs", running(), "c3:leases"},
                   {id_, now, "300", text(lease), "10000", "16",
                    "csm,whisper,portrait,analyze", "10", type});
    BOOST_REQUIRE_EQUAL(got.elements.size(), 4u);
    std::vector<claim> out;
    for (auto& x : got.elements[1].elements) {
      BOOST_REQUIRE_EQUAL(x.elements.size(), 10u);
      auto& e = x.elements;
      out.push_back({e[0].text, std::to_string(e[1].integer),
                     std::to_string(e[7].integer), e[9].text});
    }
    return out;
  }

  bool settle(const claim& x, const std::string& words,
              const std::string& url = "http://n/h") {
    auto body = R"({"id":")" + x.id + R"(","status":"success","text":")" + words
                + "\"}";
    auto got = run("settle",
                   {"job:" + x.id, "job:" + x.id + ":lock", running(),
                    "c3:outbox", "c3:outbox:" + x.id, "c3:leases"},
                   {id_, x.id, now, "success", "", words, "", "1", "0", "86400",
                    url, body, "1700000000000", "1700000060000", x.fence});
    BOOST_REQUIRE_EQUAL(got.elements.size(), 2u);
    return got.elements[0].integer == 1;
  }

  bool progress(const claim& x) {
    auto got = run("progress",
                   {"job:" + x.id, "job:" + x.id + ":lock", "c3:leases"},
                   {id_, "300", "render", "0.5", now, x.fence, "30000", x.id});
    BOOST_REQUIRE_EQUAL(got.elements.size(), 2u);
    return got.elements[0].integer == 1;
  }

  bool release(const claim& x) {
    return run("release",
               {"queue:jobs", "job:" + x.id, "job:" + x.id + ":lock", running(),
                "c3:leases"},
               {id_, x.id, x.fence})
             .integer
           == 1;
  }

  /// False when the job is not its own any more.
  bool renew(const claim& x) {
    return run("renew", {"c3:leases"}, {id_, "300", "30000", x.id, x.fence})
      .elements.empty();
  }

  /// Returns the ids that it has put back.
  std::vector<std::string> recover() {
    std::vector<std::string> out;
    for (auto& x : run("recover", {"queue:jobs", "c3:leases"},
                       {"100", "c3:running:", "its worker stopped answering: "})
                     .elements)
      out.push_back(x.elements.at(0).text);
    return out;
  }

  /// Job ids.
  std::vector<std::string> take_webhooks() {
    std::vector<std::string> out;
    for (auto& x :
         run("take_webhooks", {"c3:outbox"},
             {"99999999999999", "99999999999999", "100", "c3:outbox:"})
           .elements)
      out.push_back(x.elements.at(0).text);
    return out;
  }

  void record_delivery(const std::string& job_id, const std::string& state,
                       int attempts, const std::string& error = "") {
    run("record_delivery",
        {"c3:outbox", "c3:webhooks:dead", "c3:outbox:" + job_id},
        {job_id, state, std::to_string(attempts), error, "1700000000000",
         "1700000005000", "10000", "c3:outbox:"});
  }

  long long write_gpu(const std::string& entry, const std::string& state,
                      const std::string& workload,
                      std::chrono::milliseconds lease) {
    return run("write_gpu", {"c3:gpus", "c3:gpu:" + entry},
               {id_, text(lease), entry, "type", "media:fast", "state", state,
                "expires", "1700007200", "intent_at", "1700000000.5",
                "workload", workload, "node",
                workload.empty() ? "" : "node-" + workload, "launched_at",
                workload.empty() ? "0" : "1700000001.5"})
      .integer;
  }

  /// False when the entry is not its own any more.
  bool renew_gpu(const std::string& entry) {
    return run("renew_gpus", {"c3:gpus"}, {id_, "30000", "c3:gpu:", entry})
      .elements.empty();
  }

  /// Entry ids.
  std::vector<std::string> take_gpus() {
    auto got = run("take_gpus", {"c3:gpus"}, {id_, "30000", "c3:gpu:", "20"});
    BOOST_REQUIRE_EQUAL(got.elements.size(), 2u);
    std::vector<std::string> out;
    for (auto& x : got.elements[0].elements)
      out.push_back(x.elements.at(0).text);
    return out;
  }

  bool close_gpu(const std::string& entry) {
    return run("close_gpu", {"c3:gpus", "c3:gpu:" + entry, "c3:gpus:closed"},
               {id_, entry, R"({"id":")" + entry + "\"}", "1000"})
             .integer
           == 1;
  }

private:
  static constexpr const char* now = "1700000000";

  static std::string text(std::chrono::milliseconds x) {
    return std::to_string(x.count());
  }

  std::string running() const {
    return "c3:running:" + id_;
  }

  redis_answer run(const std::string& script,
                   const std::vector<std::string>& keys,
                   const std::vector<std::string>& argv) {
    std::vector<std::string> args{"EVAL", record_file("v1/" + script + ".lua"),
                                  std::to_string(keys.size())};
    args.insert(args.end(), keys.begin(), keys.end());
    args.insert(args.end(), argv.begin(), argv.end());
    auto out = redis_.cmd_list(args);
    BOOST_REQUIRE_MESSAGE(out.ok(), script + ": " + out.error);
    return out;
  }

  redis_server& redis_;
  std::string id_;
};

} // namespace render::harness
