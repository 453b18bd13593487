// The Redis in memory against a real one: the same commands, drawn from a
// seed, get the same answers and leave the same data.
#define BOOST_TEST_MODULE memory_redis
#include "tests/integration/redis_pair.hpp"

using namespace render;
using namespace render::harness;

namespace {

/// Commands whose arguments are drawn: k is a key, v a value, f a field, i a
/// small integer, s a score; other words stand for themselves.
const std::vector<words> patterns{
  {"GET", "k"},
  {"SET", "k", "v"},
  {"SET", "k", "v", "EX", "1000"},
  {"SET", "k", "v", "PX", "900000", "NX"},
  {"SET", "k", "v", "XX", "KEEPTTL"},
  {"SET", "k", "v", "EX", "0"},
  {"SET", "k", "v", "EX", "x"},
  {"SET", "k", "v", "NX", "XX"},
  {"SETNX", "k", "v"},
  {"MGET", "k", "k", "k"},
  {"STRLEN", "k"},
  {"INCR", "k"},
  {"DECRBY", "k", "i"},
  {"APPEND", "k", "v"},
  {"GETDEL", "k"},
  {"DEL", "k", "k"},
  {"EXISTS", "k", "k"},
  {"TYPE", "k"},
  {"TTL", "k"},
  {"PTTL", "k"},
  {"EXPIRE", "k", "500"},
  {"PEXPIRE", "k", "-1"},
  {"PEXPIRE", "k", "x"},
  {"PEXPIREAT", "k", "1000"},
  {"PERSIST", "k"},
  {"RENAME", "k", "k"},
  {"LPUSH", "k", "v", "v"},
  {"RPUSH", "k", "v", "v", "v"},
  {"LPOP", "k"},
  {"RPOP", "k", "i"},
  {"LLEN", "k"},
  {"LRANGE", "k", "i", "i"},
  {"LINDEX", "k", "i"},
  {"LREM", "k", "i", "v"},
  {"LTRIM", "k", "i", "i"},
  {"LSET", "k", "i", "v"},
  {"LMOVE", "k", "k", "LEFT", "RIGHT"},
  {"LMOVE", "k", "k", "left", "left"},
  {"LMOVE", "k", "k", "up", "left"},
  {"LPOS", "k", "v"},
  {"LPOS", "k", "v", "RANK", "i"},
  {"HSET", "k", "f", "v", "f", "v"},
  {"HSET", "k", "f"},
  {"HSET", "k", "f", "v", "f"},
  {"HMSET", "k", "f", "v"},
  {"HSETNX", "k", "f", "v"},
  {"HGET", "k", "f"},
  {"HMGET", "k", "f", "f", "f"},
  {"HGETALL", "k"},
  {"HDEL", "k", "f", "f"},
  {"HEXISTS", "k", "f"},
  {"HLEN", "k"},
  {"HSTRLEN", "k", "f"},
  {"HINCRBY", "k", "f", "i"},
  {"SADD", "k", "v", "v"},
  {"SREM", "k", "v"},
  {"SMEMBERS", "k"},
  {"SISMEMBER", "k", "v"},
  {"SCARD", "k"},
  {"SORT_RO", "k", "BY", "nosort", "GET", "#", "GET", "*->a"},
  {"SORT", "k", "BY", "nosort", "GET", "*", "GET", "*->b", "GET", "none"},
  {"SORT", "k", "BY", "nosort", "GET", "*->"},
  {"SORT_RO", "k", "BY", "nosort", "GET"},
  {"EVAL", "return redis.call('SORT', KEYS[1], 'BY', 'nosort', 'GET', '*->c')",
   "1", "k"},
  {"SADD", "k", "k", "v"},
  {"ZADD", "k", "s", "v", "s", "v"},
  {"ZADD", "k", "NX", "s", "v"},
  {"ZADD", "k", "XX", "CH", "s", "v"},
  {"ZADD", "k", "GT", "s", "v"},
  {"ZADD", "k", "v", "v"},
  {"ZREM", "k", "v"},
  {"ZSCORE", "k", "v"},
  {"ZCARD", "k"},
  {"ZCOUNT", "k", "-inf", "(s"},
  {"ZRANGE", "k", "i", "i"},
  {"ZRANGE", "k", "0", "-1", "WITHSCORES"},
  {"ZRANGEBYSCORE", "k", "-inf", "+inf", "LIMIT", "1", "2"},
  {"ZRANGEBYSCORE", "k", "s", "+inf", "WITHSCORES"},
  {"ZREMRANGEBYRANK", "k", "i", "i"},
  {"ZREMRANGEBYSCORE", "k", "s", "s"},
  {"ZINCRBY", "k", "s", "v"},
  {"ZRANK", "k", "v"},
  {"ZPOPMIN", "k"},
  {"ZPOPMIN", "k", "i"},
  // Ids of the clock differ between two servers.
  {"XADD", "k", "i", "f", "v"},
  {"XADD", "k", "5-1", "f", "v", "f", "v"},
  {"XADD", "k", "MAXLEN", "i", "7-3", "f", "v"},
  {"XADD", "k", "MAXLEN", "=", "2", "9", "f", "v"},
  {"XADD", "k", "MAXLEN", "~", "100", "9-i", "f", "v"},
  {"XADD", "k", "1-1", "f"},
  {"XADD", "k", "MAXLEN", "=", "1-1", "f", "v"},
  {"XLEN", "k"},
  {"XRANGE", "k", "-", "+"},
  {"XRANGE", "k", "5", "+", "COUNT", "i"},
  {"XRANGE", "k", "5-1", "9-0", "COUNT", "2"},
  {"XRANGE", "k", "f", "+"},
  {"XREVRANGE", "k", "+", "-"},
  {"XREVRANGE", "k", "9", "5-1", "COUNT", "1"},
  {"XREVRANGE", "k", "-", "+"},
  {"PING"},
  {"NOSUCH", "k", "v"},
  {"LLEN"},
  {"HGET", "k"},
  {"EVAL", "return redis.call('HMGET', KEYS[1], 'a', 'b')", "1", "k"},
  {"EVAL", "return {1, 'x', false, 2}", "0"},
  {"EVAL", "return {1, nil, 2}", "0"},
  {"EVAL", "return 3.7", "0"},
  {"EVAL", "return {ok = 'fine'}", "0"},
  {"EVAL", "return redis.error_reply('MY bad')", "0"},
  {"EVAL", "return redis.pcall('LPUSH', KEYS[1], 1.5, 2)", "1", "k"},
  {"EVAL",
   "local x = {} for i = 1, 4000 do x[i] = 'v' .. i % 7 end "
   "return redis.call('SADD', KEYS[1], unpack(x))",
   "1", "k"},
  {"EVAL",
   "local x = {} for i = 1, 200 do x[i] = i % 7 end "
   "return redis.call('SADD', KEYS[1], unpack(x))",
   "1", "k"},
  {"EVAL", "return redis.call('INCR', KEYS[1])", "1", "k"},
  {"EVAL",
   "redis.call('HSET', KEYS[1], 'n', 1) return redis.call('GET', KEYS[1])", "1",
   "k"},
  {"EVAL", "return redis.call('NOSUCH')", "0"},
  {"EVAL", "return redis.call('GET')", "0"},
  {"EVAL", "return tostring(nothing)", "0"},
  {"EVAL", "return #ARGV .. ARGV[1]", "0", "v"},
  {"EVAL", "local t = {} return t.x.y", "0"},
  {"EVAL", "return 1", "2", "k"},
  {"EVAL", "return 1", "-1"},
  {"EVALSHA", "ffffffffffffffffffffffffffffffffffffffff", "0"},
};

words draw(chooser& d) {
  static const words keys{"a", "b", "c", "d", "e"};
  static const words values{"1", "-7", "x", "yy", "3.5", "", "long text here"};
  static const words fields{"a", "b", "c"};
  static const words integers{"0", "1", "2", "-1", "-2", "5", "x"};
  static const words scores{"1", "2.5", "-3", "1e3", "inf", "0.1"};
  auto out = d.of(patterns);
  for (size_t i = 1; i < out.size(); ++i) {
    auto& x = out[i];
    if (x == "k")
      x = d.of(keys);
    else if (x == "v")
      x = d.of(values);
    else if (x == "f")
      x = d.of(fields);
    else if (x == "i")
      x = d.of(integers);
    else if (x == "s")
      x = d.of(scores);
    else if (x == "(s")
      x = "(" + d.of(scores);
    else if (x == "9-i")
      x = "9-" + d.of(integers);
  }
  return out;
}

} // namespace

BOOST_AUTO_TEST_CASE(random_commands_get_the_answers_of_a_real_redis) {
  pair_of_servers servers;
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    BOOST_TEST_MESSAGE("seed " << seed);
    chooser d{seed};
    servers.clear();
    for (auto i = 0; i < 800; ++i)
      servers.both(draw(d));
    servers.same_data();
  }
}

BOOST_AUTO_TEST_CASE(a_stream_takes_its_ids_from_the_clock) {
  int64_t now = 1'000;
  memory_redis memory{[&now] {
    return now;
  }};
  words add{"XADD", "s", "MAXLEN", "~", "10", "*", "f", "v"};
  BOOST_TEST(memory.run(add).text == "1000-0");
  BOOST_TEST(memory.run(add).text == "1000-1");
  now = 900; // Somebody has set it back.
  BOOST_TEST(memory.run(add).text == "1000-2");
  now = 2'000;
  BOOST_TEST(memory.run(add).text == "2000-0");
  for (auto i = 0; i < 500; ++i)
    memory.run(add);
  auto length = memory.run({"XLEN", "s"}).integer;
  BOOST_TEST(length >= 10);
  BOOST_TEST(length <= 110);
}

BOOST_AUTO_TEST_CASE(a_blocked_move_is_served_by_the_next_push) {
  memory_redis memory{unix_ms};
  words wait{"BLMOVE", "q", "q", "LEFT", "LEFT", "30"};
  BOOST_TEST_REQUIRE(memory.would_block(wait));
  std::string served;
  memory.block(wait, [&](const job_store::reply& x) {
    served += "first " + x.text + ";";
  });
  auto gone = memory.block(wait, [&](const job_store::reply&) {
    served += "gone;";
  });
  memory.block(wait, [&](const job_store::reply& x) {
    served += "third " + x.text + ";";
  });
  memory.unblock(gone);
  memory.run({"RPUSH", "q", "x", "y"});
  BOOST_TEST(served == "first x;third x;");
  BOOST_TEST(!memory.would_block(wait));
  BOOST_TEST(text_of(memory.run({"LRANGE", "q", "0", "-1"})) == "[x y ]");
}
