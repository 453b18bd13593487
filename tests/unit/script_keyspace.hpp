#pragma once
// What a script changes: all keys of a Redis before it and after it.
#include "actors/io/redis/link/command.hpp"
#include "app/harness/memory_redis.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

namespace render::keyspace {

using commands = std::vector<std::vector<std::string>>;

constexpr int64_t now_ms = 1'700'000'000'000;
constexpr double now_s = 1'700'000'000;

/// Something of everything, of ours, of another worker and of strangers.
inline const commands world{
  {"HSET", "job:a", "id", "a", "type", "csm", "status", "queued", "data",
   R"({"text":"Hi."})"},
  {"HSET", "job:b", "id", "b", "type", "whisper", "status", "queued", "data",
   "{}"},
  {"RPUSH", "queue:jobs", "a", "b"},
  // Ours.
  {"HSET",       "job:r",   "id",        "r",   "type",        "csm",
   "status",     "running", "locked_by", "w1",  "locked_at",   "1",
   "started_at", "1",       "attempt",   "2",   "fence",       "3",
   "stage",      "render",  "progress",  "0.5", "progress_at", "1",
   "data",       "{}"},
  {"SET", "job:r:lock", "w1", "EX", "100"},
  {"SADD", "c3:running:w1", "r"},
  {"ZADD", "c3:leases", "1700000010000", "r"},
  // A dead worker's.
  {"HSET", "job:o", "id", "o", "type", "csm", "status", "running", "locked_by",
   "w2", "attempt", "1", "fence", "1", "data", "{}"},
  {"SET", "job:o:lock", "w2", "EX", "100"},
  {"SADD", "c3:running:w2", "o"},
  {"ZADD", "c3:leases", "1699999999000", "o"},
  // Ended, with a webhook that is due; and one that is dead.
  {"HSET", "job:d", "id", "d", "status", "success", "settled_by", "w1 1",
   "data", R"({"notify_url":"http://r/h"})"},
  {"HSET", "c3:outbox:d", "id", "msg_d", "url", "http://r/h", "body", "{}",
   "attempts", "1", "created_ms", "1699999990000", "error", "timeout"},
  {"ZADD", "c3:outbox", "1699999999000", "d"},
  {"HSET", "c3:outbox:x", "id", "msg_x"},
  {"ZADD", "c3:webhooks:dead", "1", "x"},
  // A GPU of ours, a dead worker's, one that has ended.
  {"HSET", "c3:gpu:e1", "owner", "w1", "type", "media:fast", "state", "running",
   "workload", "wl-1", "expires", "1700003600", "intent_at", "1699999000"},
  {"ZADD", "c3:gpus", "1700000010000", "e1"},
  {"HSET", "c3:gpu:e2", "owner", "w2", "type", "media:fast", "state", "running",
   "workload", "wl-2", "expires", "1700003600", "intent_at", "1699999000"},
  {"ZADD", "c3:gpus", "1699999999000", "e2"},
  {"RPUSH", "c3:gpus:closed", R"({"id":"e0","workload":"wl-0"})"},
  {"SET", "c3:mark:s1", "4", "EX", "1000"},
  {"SET", "c3:mark:s2", "9", "EX", "1000"},
  {"SET", "c3:waiting", "1 1 0 0", "PX", "1000"},
  // Jobs that have ended, one of them long ago.
  {"ZADD", "c3:ended", "1699000000000", "z", "1699999990000", "d"},
  // Strangers'.
  {"SET", "stranger", "1"},
  {"RPUSH", "queue:other", "a"},
};

/// A line for each string, list, field, member and lifetime.
inline std::set<std::string> dump(const harness::memory_redis& redis) {
  using namespace harness;
  std::set<std::string> out;
  auto add = [&out](const std::string& key, const std::string& value) {
    out.insert(key + "=" + value);
  };
  for (auto& [key, value] : redis.data()) {
    if (value.expires_ms > 0)
      add(key + " lives", std::to_string(value.expires_ms - now_ms) + " ms");
    if (auto* text = std::get_if<std::string>(&value.data))
      add(key, *text);
    else if (auto* list = std::get_if<redis_list>(&value.data)) {
      std::string all;
      for (auto& x : *list)
        all += " " + x;
      add(key, all);
    } else if (auto* hash = std::get_if<redis_hash>(&value.data)) {
      for (auto& [name, x] : *hash)
        add(key + " " + name, x);
    } else if (auto* set = std::get_if<redis_set>(&value.data)) {
      for (auto& x : *set)
        out.insert(key + " has " + x);
    } else if (auto* scores = std::get_if<redis_zset>(&value.data)) {
      for (auto& [member, score] : scores->scores)
        add(key + " " + member, std::to_string(static_cast<int64_t>(score)));
    } else if (auto* stream = std::get_if<redis_stream>(&value.data)) {
      for (auto& x : stream->entries) {
        std::string all;
        for (auto& word : x.words)
          all += " " + word;
        add(key, all);
      }
    }
  }
  return out;
}

inline std::string lines(const std::vector<std::string>& xs) {
  std::string out;
  for (auto& x : xs)
    out += x + "\n";
  return out;
}

struct row {
  std::string name;
  job_store::script_call call;
  /// "- " what is there before only, "+ " what is there after only.
  std::vector<std::string> changes;
  /// Beside `world`.
  commands before;
};

inline void check(const std::vector<row>& rows) {
  for (auto& x : rows) {
    harness::memory_redis redis{[] {
      return now_ms;
    }};
    for (auto* part : {&world, &x.before})
      for (auto& command : *part)
        redis.run(command);
    auto before = dump(redis);
    auto answer = redis.run(job_store::make_ordered_command(x.call).args);
    BOOST_TEST((answer.type != job_store::reply::kind::error),
               x.name + ": " + answer.text);
    auto after = dump(redis);
    std::vector<std::string> changes;
    for (auto& line : before)
      if (!after.contains(line))
        changes.push_back("- " + line);
    for (auto& line : after)
      if (!before.contains(line))
        changes.push_back("+ " + line);
    auto expected = x.changes;
    std::sort(expected.begin(), expected.end());
    std::sort(changes.begin(), changes.end());
    BOOST_TEST(lines(changes) == lines(expected),
               x.call.lua->name << ", " << x.name << ": changed\n"
                                << lines(changes) << "and not\n"
                                << lines(expected));
  }
}

} // namespace render::keyspace
