#pragma once
// Reads all ledger entries of a workload type. Changes nothing.
#include "actors/io/redis/scripts/gpu_entry.hpp"
#include "actors/io/redis/scripts/keys.hpp"
#include "actors/io/redis/scripts/lua.hpp"
#include "actors/io/redis/scripts/reading.hpp"
#include "actors/io/redis/scripts/script.hpp"

namespace render::job_store {

struct view_gpus_args {
  /// In front of every key of our own.
  std::string prefix = "c3:";
  /// Workload type.
  std::string type;
  /// How many of the GPUs that ended last are looked at.
  uint32_t ended_max = 0;
};

inline constexpr std::string_view view_gpus_lua = R"lua(
local ledger, closed = unpack(KEYS)
local prefix, wanted, most_ended = unpack(ARGV)
local entries = {}
for _, id in ipairs(redis.call('ZRANGE', ledger, 0, -1)) do
  local entry = read_entry(prefix, id)
  if entry and entry[2] == wanted then table.insert(entries, entry) end
end
local ended = {}
if most_ended ~= '0' then
  for _, line in ipairs(redis.call('LRANGE', closed, 0, most_ended - 1)) do
    if #line <= 4096 then table.insert(ended, line) end
  end
end
return {entries, ended}
)lua";

inline script_call call_of(const view_gpus_args& x) {
  static const auto lua = make_script("view_gpus", bounds_lua, gpu_entry_lua,
                                      view_gpus_lua);
  return {&lua,
          {keys::gpus(x.prefix), keys::closed_gpus(x.prefix)},
          redis_words(keys::gpu_prefix(x.prefix), x.type, x.ended_max)};
}

/// Of {entries, lines of the closed list}.
inline result<msg::gpus_seen> read_view_gpus(reply x) {
  if (auto wrong = unless_array(x, 2, "view_gpus"))
    return fail(std::move(*wrong));
  msg::gpus_seen out{read_gpu_entries(x.elements[0])};
  for (auto& ended : x.elements[1].elements)
    if (auto workload = workload_of_closed(ended.text); !workload.empty())
      out.ended_workloads.emplace_back(std::move(workload));
  return out;
}

} // namespace render::job_store
