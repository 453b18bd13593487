#pragma once
// Takes back what a lost answer left behind: jobs in the worker's running set
// that its process does not know go to the head of the queue.
//
// Changes, of each such job: the record, its lock, the running set, the leases,
// the queue.
#include "actors/io/redis/scripts/keys.hpp"
#include "actors/io/redis/scripts/lua.hpp"
#include "actors/io/redis/scripts/told.hpp"

namespace render::job_store {

struct reconcile_args {
  worker_terms worker;
  /// Job ids.
  std::vector<std::string> known;
};

// Its answer: `read_ids`, those that were put back.

// A job without a record has nothing that says whose it is but our set.
inline constexpr std::string_view reconcile_lua = R"lua(
local queue, running, leases, events = unpack(KEYS)
local worker = ARGV[1]
local known, back = {}, {}
for i = 2, #ARGV do known[ARGV[i]] = true end
for _, id in ipairs(redis.call('SMEMBERS', running)) do
  if not known[id] then
    if redis.call('EXISTS', 'job:' .. id) == 0 then
      redis.call('SREM', running, id)
      redis.call('LPUSH', queue, id)
      table.insert(back, id)
    elseif put_back(id, worker, queue, running, leases, events) == 1 then
      table.insert(back, id)
    end
  end
end
return back
)lua";

inline script_call call_of(const reconcile_args& x) {
  static const auto lua = make_script("reconcile", event_lua, bounds_lua,
                                      put_back_lua, reconcile_lua);
  auto& by = x.worker;
  auto argv = redis_words(by.id);
  argv.insert(argv.end(), x.known.begin(), x.known.end());
  return {&lua,
          {std::string{keys::queue}, keys::running(by.prefix, by.id),
           keys::leases(by.prefix), keys::events(by.prefix)},
          std::move(argv)};
}

} // namespace render::job_store
