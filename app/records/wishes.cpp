#include "app/records/wishes.hpp"

#include "actors/io/redis/scripts/keys.hpp"
#include "actors/io/redis/scripts/wishes.hpp"
#include "app/records/record.hpp"
#include "messages/text/printable.hpp"

namespace render::records {

namespace {

namespace wire = job_store::keys;

/// Several heartbeats.
constexpr auto kept_s = "60";

/// KEYS: the worker's record, its wishes. ARGV: who, for how long.
constexpr auto drain_lua = R"lua(
local record, wishes = unpack(KEYS)
local by, kept_s = unpack(ARGV)
local r = redis.pcall('HMGET', record, 'incarnation', 'draining')
if r.err or not r[1] then return 'missing' end
if r[2] == '1' then return 'under_way' end
redis.call('HSET', wishes, 'drain', r[1] .. ' ' .. by)
redis.call('EXPIRE', wishes, kept_s)
return 'told'
)lua";

/// KEYS: the ledger's entry. ARGV: its id, what, who, for how long, and what is
/// in front of a worker's id in the keys of its record and of its wishes.
constexpr auto gpu_lua = R"lua(
local ledger_entry = KEYS[1]
local id, what, by, kept_s, workers, wishes = unpack(ARGV)
local r = redis.pcall('HMGET', ledger_entry, 'owner', 'state')
if r.err or not r[1] or r[1] == '' then return {'missing', ''} end
if redis.call('EXISTS', workers .. r[1]) == 0 then
  return {'missing', r[1]}
end
if r[2] == 'stopping' then return {'under_way', r[1]} end
redis.call('HSET', wishes .. r[1], 'gpu:' .. id, what .. ' ' .. by)
redis.call('EXPIRE', wishes .. r[1], kept_s)
return {'told', r[1]}
)lua";

result<wished> read(const std::string& word, std::string worker) {
  using how = wished::how;
  for (auto& [name, outcome] :
       {std::pair{"told", how::told}, std::pair{"missing", how::missing},
        std::pair{"under_way", how::under_way}})
    if (word == name)
      return wished{outcome, std::move(worker)};
  return fail(failure_kind::internal, "Redis: unexpected reply to a wish");
}

result<wished> wish_of_gpu(redis& db, const std::string& id, const char* what,
                           const std::string& by) {
  auto got = db.ask({"EVAL", gpu_lua, "1", wire::gpu(key_prefix, id), id, what,
                     printable(by, 200), kept_s, wire::worker(key_prefix, ""),
                     wire::wishes(key_prefix, "")});
  if (!got)
    return fail(got.error());
  if (got->elements.size() != 2)
    return read({}, {});
  return read(got->elements[0].text, std::move(got->elements[1].text));
}

} // namespace

result<wished> drain_worker(redis& db, const std::string& worker,
                            const std::string& by) {
  auto got
    = db.ask({"EVAL", drain_lua, "2", wire::worker(key_prefix, worker),
              wire::wishes(key_prefix, worker), printable(by, 200), kept_s});
  if (!got)
    return fail(got.error());
  return read(got->text, worker);
}

result<wished> drain_gpu(redis& db, const std::string& id,
                         const std::string& by) {
  return wish_of_gpu(db, id, "drain", by);
}

result<wished> stop_gpu(redis& db, const std::string& id,
                        const std::string& by) {
  return wish_of_gpu(db, id, "stop", by);
}

} // namespace render::records
