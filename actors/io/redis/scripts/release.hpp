#pragma once
// Puts a job back at the head of the queue, if the worker still holds this
// claim of it.
//
// Changes: the record, its lock, the running set, the leases, the queue, the
// events.
#include "actors/io/redis/scripts/keys.hpp"
#include "actors/io/redis/scripts/lua.hpp"
#include "actors/io/redis/scripts/told.hpp"

namespace render::job_store {

struct release_args {
  worker_terms worker;
  std::string job_id;
  uint64_t fence = 0;
};

// Its answer: 1, or 0 when the claim was not the worker's.

inline constexpr std::string_view release_lua = R"lua(
local queue, running, leases, events = unpack(KEYS)
local worker, id, fence = unpack(ARGV)
return put_back(id, worker, queue, running, leases, events, fence)
)lua";

inline script_call call_of(const release_args& x) {
  static const auto lua = make_script("release", event_lua, bounds_lua,
                                      put_back_lua, release_lua);
  auto& by = x.worker;
  return {&lua,
          {std::string{keys::queue}, keys::running(by.prefix, by.id),
           keys::leases(by.prefix), keys::events(by.prefix)},
          redis_words(by.id, x.job_id, x.fence)};
}

} // namespace render::job_store
