#include "actors/io/redis/scripts/look_at_gpu.hpp"

#include "actors/io/redis/scripts/keys.hpp"
#include "actors/io/redis/scripts/lua.hpp"

namespace render::job_store {

namespace {

constexpr std::string_view look_at_gpu_lua = R"lua(
local ledger_entry, mark = unpack(KEYS)
local owner, written = unpack(ARGV)
if tonumber(redis.call('GET', mark) or '0') < tonumber(written) then
  return 'lost'
end
return redis.call('HGET', ledger_entry, 'owner') == owner and 'there' or 'gone'
)lua";

} // namespace

script_call call_of(const look_at_gpu_args& x) {
  static const auto lua = make_script("look_at_gpu",
                                      std::string{look_at_gpu_lua});
  return {&lua,
          {keys::gpu(x.prefix, x.id), keys::mark(x.prefix, x.session)},
          redis_words(x.owner, x.written)};
}

result<look_at_gpu_answer> read_look_at_gpu(const result<reply>& x) {
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
