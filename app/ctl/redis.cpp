#include "app/ctl/redis.hpp"

#include <hiredis/hiredis.h>

#include <cstdlib>

namespace render::ctl {

namespace {

constexpr timeval limit{5, 0};

redis_value to_value(const redisReply& x) {
  redis_value out;
  out.nil = x.type == REDIS_REPLY_NIL;
  out.integer = x.integer;
  if (x.str)
    out.text.assign(x.str, x.len);
  for (size_t i = 0; i < x.elements; ++i)
    out.elements.push_back(to_value(*x.element[i]));
  return out;
}

} // namespace

void redis::closer::operator()(redisContext* x) const {
  redisFree(x);
}

result<redis> redis::connect(const redis_address& where) {
  if (where.sentinels.empty())
    return open(where);
  failure why{failure_kind::unavailable, {}};
  for (auto& [host, port] : where.sentinels) {
    redis_address sentinel;
    sentinel.host = host;
    sentinel.port = port;
    sentinel.password = where.sentinel_password;
    auto asked = open(sentinel);
    if (!asked) {
      why = asked.error();
      continue;
    }
    auto got
      = asked->ask({"SENTINEL", "get-master-addr-by-name", where.master});
    if (!got || got->elements.size() < 2) {
      why = got ? failure{failure_kind::unavailable,
                          "Redis Sentinel " + host + " knows no master named "
                            + where.master}
                : got.error();
      continue;
    }
    auto master = where;
    master.host = got->elements[0].text;
    master.port
      = static_cast<uint16_t>(std::atoi(got->elements[1].text.c_str()));
    return open(master);
  }
  return fail(std::move(why));
}

result<redis> redis::open(const redis_address& where) {
  redis out;
  auto local = where.host.starts_with('/');
  out.connection_.reset(
    local ? redisConnectUnixWithTimeout(where.host.c_str(), limit)
          : redisConnectWithTimeout(where.host.c_str(), where.port, limit));
  if (!out.connection_ || out.connection_->err != 0)
    return fail(
      failure_kind::unavailable,
      "Redis " + where.host
        + (local ? std::string{} : ":" + std::to_string(where.port)) + ": "
        + (out.connection_ ? out.connection_->errstr : "out of memory"));
  redisSetTimeout(out.connection_.get(), limit);
  if (!where.password.empty()) {
    std::vector<std::string> auth{"AUTH"};
    if (!where.username.empty())
      auth.push_back(where.username);
    auth.push_back(where.password);
    if (auto ok = out.ask(auth); !ok)
      return fail(ok.error());
  }
  if (where.db != 0)
    if (auto ok = out.ask({"SELECT", std::to_string(where.db)}); !ok)
      return fail(ok.error());
  return out;
}

result<redis_value> redis::ask(const std::vector<std::string>& args) {
  std::vector<const char*> texts;
  std::vector<size_t> lengths;
  for (auto& x : args) {
    texts.push_back(x.data());
    lengths.push_back(x.size());
  }
  std::unique_ptr<redisReply, decltype(&freeReplyObject)> reply{
    static_cast<redisReply*>(redisCommandArgv(connection_.get(),
                                              static_cast<int>(args.size()),
                                              texts.data(), lengths.data())),
    &freeReplyObject};
  if (!reply)
    return fail(failure_kind::unavailable,
                "Redis: " + std::string{connection_->errstr});
  if (reply->type == REDIS_REPLY_ERROR)
    return fail(failure_kind::rejected, "Redis: " + std::string{reply->str});
  return to_value(*reply);
}

result<std::map<std::string, std::string>> redis::hash(const std::string& key) {
  auto got = ask({"HGETALL", key});
  if (!got)
    return fail(got.error());
  std::map<std::string, std::string> out;
  auto& xs = got->elements;
  for (size_t i = 0; i + 1 < xs.size(); i += 2)
    out.emplace(std::move(xs[i].text), std::move(xs[i + 1].text));
  return out;
}

result<std::vector<std::pair<std::string, double>>>
redis::scored(const std::string& key, uint32_t limit) {
  auto got = ask(
    {"ZRANGE", key, "0", std::to_string(int64_t{limit} - 1), "WITHSCORES"});
  if (!got)
    return fail(got.error());
  std::vector<std::pair<std::string, double>> out;
  auto& xs = got->elements;
  for (size_t i = 0; i + 1 < xs.size(); i += 2)
    out.emplace_back(std::move(xs[i].text),
                     std::strtod(xs[i + 1].text.c_str(), nullptr));
  return out;
}

result<double> redis::time() {
  auto got = ask({"TIME"});
  if (!got)
    return fail(got.error());
  if (got->elements.size() < 2)
    return fail(failure_kind::internal, "Redis: unexpected reply to TIME");
  return std::strtod(got->elements[0].text.c_str(), nullptr)
         + std::strtod(got->elements[1].text.c_str(), nullptr) / 1e6;
}

} // namespace render::ctl
