#pragma once
// What became of a ledger entry that a process had written. Changes nothing.
#include "actors/io/redis/link/reply.hpp"
#include "actors/io/redis/scripts/keys.hpp"
#include "actors/io/redis/scripts/lua.hpp"
#include "actors/io/redis/scripts/script.hpp"

namespace render::job_store {

struct look_at_gpu_args {
  /// In front of every key of our own.
  std::string prefix = "c3:";
  std::string id;
  /// That process.
  node_id session;
  worker_id owner;
  /// Number of that write.
  uint64_t written = 0;
};

enum class look_at_gpu_answer : uint8_t {
  /// Redis has lost the write.
  lost,
  /// Nobody else has had it since.
  there,
  /// Another worker owns it, or it has been ended.
  gone,
};

inline constexpr std::string_view look_at_gpu_lua = R"lua(
local ledger_entry, mark = unpack(KEYS)
local owner, written = unpack(ARGV)
if tonumber(redis.call('GET', mark) or '0') < tonumber(written) then
  return 'lost'
end
return redis.call('HGET', ledger_entry, 'owner') == owner and 'there' or 'gone'
)lua";

inline script_call call_of(const look_at_gpu_args& x) {
  static const auto lua = make_script("look_at_gpu", look_at_gpu_lua);
  return {&lua,
          {keys::gpu(x.prefix, x.id), keys::mark(x.prefix, x.session)},
          redis_words(x.owner, x.written)};
}

inline result<look_at_gpu_answer> read_look_at_gpu(const result<reply>& x) {
  if (!x)
    return fail(x.error());
  if (x->type == reply::kind::error)
    return fail(failure_of(x->text));
  if (x->text == "lost")
    return look_at_gpu_answer::lost;
  return x->text == "there" ? look_at_gpu_answer::there
                            : look_at_gpu_answer::gone;
}

} // namespace render::job_store
