#include "app/records/change.hpp"

#include "actors/io/redis/scripts/keys.hpp"
#include "app/records/record.hpp"
#include "app/records/service_keys.hpp"
#include "messages/text/hex.hpp"
#include "messages/text/random_bytes.hpp"

#include <stdexcept>

namespace render::records {

namespace {

namespace wire = job_store::keys;

using words = std::vector<std::string>;

/// KEYS: record, queue, and the claim of an Idempotency-Key if there is one.
/// ARGV: id, what was asked for, how long the claim lasts, then the record.
/// What can fail comes before what is written first.
constexpr auto enqueue_lua = R"lua(
local record, queue, claim = unpack(KEYS)
local id, request, keep_s = ARGV[1], ARGV[2], ARGV[3]
if claim then
  local known = redis.call('HMGET', claim, 'job', 'request')
  if known[1] then
    return {known[2] == request and 'repeated' or 'key_reused', known[1]}
  end
end
if redis.call('EXISTS', record) == 1 then return {'id_taken', id} end
redis.call('RPUSH', queue, id)
local set = {'HSET', record}
for i = 4, #ARGV do set[#set + 1] = ARGV[i] end
redis.call(unpack(set))
if claim then
  redis.call('HSET', claim, 'job', id, 'request', request)
  redis.call('EXPIRE', claim, keep_s)
end
return {'queued', id}
)lua";

/// One step, so that a job which ends in this moment keeps its result. Returns
/// the status before the call; the job is cancelled unless that was final.
constexpr auto cancel_lua = R"lua(
local status = redis.call('HGET', KEYS[1], 'status')
if not status then
  if redis.call('EXISTS', KEYS[1]) == 0 then return false end
  status = ''
end
if status == '' or status == 'queued' or status == 'running' then
  redis.call('HSET', KEYS[1], 'status', ARGV[2], 'error', ARGV[3],
             'updated_at', ARGV[4])
  redis.call('LREM', KEYS[2], 0, ARGV[1])
end
return status
)lua";

constexpr auto retry_lua = R"lua(
local old, new, queue = unpack(KEYS)
local id, old_id, now = unpack(ARGV)
if redis.call('EXISTS', old) == 0 then return 'missing' end
local r = redis.call('HMGET', old, 'status', 'type', 'data', 'max_time',
                     'created_at', 'complete_by', 'metadata')
local status = r[1] or ''
if status == '' or status == 'queued' or status == 'running' then
  return 'has not ended: ' .. (status == '' and 'no status' or status)
end
local set = {'HSET', new, 'id', id, 'type', r[2] or '', 'status', 'queued',
             'created_at', now, 'retry_of', old_id}
local function put(name, value)
  if value then
    table.insert(set, name)
    table.insert(set, value)
  end
end
put('data', r[3])
put('max_time', r[4])
put('metadata', r[7])
local created, due = tonumber(r[5] or ''), tonumber(r[6] or '')
if created and due and due > created then
  put('complete_by', string.format('%.3f', now + due - created))
end
redis.call(unpack(set))
redis.call('RPUSH', queue, id)
return 'done'
)lua";

std::string whole(double x) {
  return std::to_string(static_cast<int64_t>(x));
}

result<enqueued> read_enqueued(const redis_value& x) {
  using how = enqueued::how;
  if (x.elements.size() == 2)
    for (auto& [name, outcome] : {std::pair{"queued", how::queued},
                                  std::pair{"repeated", how::repeated},
                                  std::pair{"key_reused", how::key_reused},
                                  std::pair{"id_taken", how::id_taken}})
      if (x.elements[0].text == name)
        return enqueued{outcome, x.elements[1].text};
  return fail(failure_kind::internal, "Redis: unexpected reply to an enqueue");
}

words cancel_command(const std::string& id, const std::string& status,
                     const std::string& reason) {
  return {
    "EVAL", cancel_lua, "2",    wire::record(id), std::string{wire::queue},
    id,     status,     reason, whole(unix_now())};
}

result<cancelled> read_cancelled(const result<redis_value>& x) {
  if (!x)
    return fail(x.error());
  return cancelled{!x->nil, x->text};
}

words retry_command(const std::string& id, const std::string& new_id,
                    double now_s) {
  return {"EVAL",
          retry_lua,
          "3",
          wire::record(id),
          wire::record(new_id),
          std::string{wire::queue},
          new_id,
          id,
          std::to_string(now_s)};
}

result<retried> read_retried(const result<redis_value>& x,
                             const std::string& new_id) {
  if (!x)
    return fail(x.error());
  if (x->text == "done")
    return retried{retried::how::queued, new_id, {}};
  if (x->text == "missing")
    return retried{retried::how::missing, {}, "there is no such job"};
  return retried{retried::how::not_ended, {}, x->text};
}

} // namespace

std::string new_job_id() {
  // std::random_device may ask the processor for each digit, which takes half a
  // millisecond together in a virtual machine.
  auto bits = random_bytes(32);
  if (!bits)
    throw std::runtime_error(bits.error().message);
  auto next = [at = size_t{0}, &bits]() mutable {
    return static_cast<unsigned char>(bits->at(at++));
  };
  return make_uuid(next);
}

result<enqueued>
enqueue(redis& db, const job& x,
        const std::vector<std::pair<std::string, std::string>>& more,
        const std::optional<idempotency>& once) {
  words args{"EVAL", enqueue_lua, once ? "3" : "2", wire::record(x.id),
             std::string{wire::queue}};
  if (once)
    args.push_back(keys::idempotency(key_prefix, once->key));
  args.insert(args.end(), {x.id, once ? once->request : "",
                           std::to_string(once ? once->keep.count() : 0), "id",
                           x.id, "type", x.type, "status", "queued"});
  auto put = [&](const char* name, double value) {
    if (value > 0)
      args.insert(args.end(), {name, whole(value)});
  };
  put("created_at", x.created_at_s);
  put("complete_by", x.complete_by_s);
  put("max_time", x.max_time_s);
  args.insert(args.end(), {"data", x.data});
  if (x.trace)
    args.insert(args.end(), {"traceparent", traceparent_of(x.trace)});
  if (x.trace && !x.trace.state.empty())
    args.insert(args.end(), {"tracestate", x.trace.state});
  for (auto& [name, value] : more)
    args.insert(args.end(), {name, value});
  auto got = db.ask(args);
  if (!got)
    return fail(got.error());
  return read_enqueued(*got);
}

result<cancelled> cancel(redis& db, const std::string& id,
                         const std::string& status, const std::string& reason) {
  return std::move(cancel_all(db, {id}, status, reason).front());
}

std::vector<result<cancelled>> cancel_all(redis& db, const words& ids,
                                          const std::string& status,
                                          const std::string& reason) {
  std::vector<words> all;
  for (auto& id : ids)
    all.push_back(cancel_command(id, status, reason));
  std::vector<result<cancelled>> out;
  for (auto& got : db.ask_all(all))
    out.push_back(read_cancelled(got));
  return out;
}

result<retried> retry(redis& db, const std::string& id) {
  return std::move(retry_all(db, {id}).front());
}

std::vector<result<retried>> retry_all(redis& db, const words& ids) {
  std::vector<result<retried>> out;
  auto now = db.time();
  if (!now) {
    out.assign(ids.size(), fail(now.error()));
    return out;
  }
  std::vector<words> all;
  words made;
  for (auto& id : ids) {
    made.push_back(new_job_id());
    all.push_back(retry_command(id, made.back(), *now));
  }
  auto got = db.ask_all(all);
  for (size_t i = 0; i < got.size(); ++i)
    out.push_back(read_retried(got[i], made[i]));
  return out;
}

} // namespace render::records
