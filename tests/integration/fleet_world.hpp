#pragma once
// The fleet's records in a redis-server of their own.
#include "app/records/record.hpp"
#include "app/records/redis.hpp"
#include "tests/support/redis_server.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <utility>
#include <vector>

namespace render {

struct fleet_world {
  harness::redis_server server;
  records::redis db = connected();

  records::redis connected(records::answer_bounds most = {}) {
    records::redis_address where;
    where.host = server.host();
    where.port = server.port();
    auto out = records::redis::connect(where, most);
    BOOST_REQUIRE(out);
    return std::move(*out);
  }

  double now_s() {
    return db.time().value();
  }

  void put(const std::string& key, std::vector<std::string> fields) {
    fields.insert(fields.begin(), {"HSET", key});
    server.cmd_list(fields);
  }

  void put_job(const std::string& id, std::vector<std::string> fields = {}) {
    put("job:" + id, {"id", id, "type", "csm", "status", "queued", "created_at",
                      "1700000000", "data", "{}"});
    if (!fields.empty())
      put("job:" + id, std::move(fields));
  }

  void put_waiting(const std::string& id,
                   std::vector<std::string> fields = {}) {
    put_job(id, std::move(fields));
    server.cmd_list({"RPUSH", "queue:jobs", id});
  }

  void put_running(const std::string& id, const std::string& started_at,
                   std::vector<std::string> fields = {}) {
    fields.insert(fields.end(),
                  {"status", "running", "started_at", started_at});
    put_job(id, std::move(fields));
    server.cmd_list({"ZADD", "c3:leases", "9000000000000", id});
  }

  void put_ended(const std::string& id, const std::string& status,
                 const std::string& type, double at_s,
                 std::vector<std::string> fields = {}) {
    fields.insert(fields.end(), {"status", status, "type", type});
    put_job(id, std::move(fields));
    auto ms = std::to_string(static_cast<int64_t>(at_s * 1000));
    for (auto key :
         {std::string{"c3:ended"}, "c3:ended:" + status, "c3:ended:" + type})
      server.cmd_list({"ZADD", key, ms, id});
  }

  records::record job(const std::string& id) {
    return db.hash("job:" + id).value();
  }

  std::vector<std::string> queue() {
    std::vector<std::string> out;
    auto got = db.ask({"LRANGE", "queue:jobs", "0", "-1"});
    for (auto& x : got.value().elements)
      out.push_back(x.text);
    return out;
  }
};

} // namespace render
