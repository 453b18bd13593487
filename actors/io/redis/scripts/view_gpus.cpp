#include "actors/io/redis/scripts/view_gpus.hpp"

#include "actors/io/redis/scripts/keys.hpp"
#include "actors/io/redis/scripts/lua.hpp"
#include "actors/io/redis/scripts/reading.hpp"

namespace render::job_store {

namespace {

constexpr std::string_view view_gpus_lua = R"lua(
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

} // namespace

script_call call_of(const view_gpus_args& x) {
  static const auto lua = make_script(
    "view_gpus", joined_lua(bounds_lua, gpu_entry_lua, view_gpus_lua));
  return {&lua,
          {keys::gpus(x.prefix), keys::closed_gpus(x.prefix)},
          redis_words(keys::gpu_prefix(x.prefix), x.type, x.ended_max)};
}

result<msg::gpus_seen> read_view_gpus(reply x) {
  if (auto wrong = unless_array(x, 2, "view_gpus"))
    return fail(std::move(*wrong));
  msg::gpus_seen out{read_gpu_entries(x.elements[0])};
  for (auto& ended : x.elements[1].elements)
    if (auto workload = workload_of_closed(ended.text); !workload.empty())
      out.ended_workloads.emplace_back(std::move(workload));
  return out;
}

} // namespace render::job_store
