#include "actors/io/redis/link/command.hpp"

#include <algorithm>
#include <iterator>

namespace render::job_store {

command make_command(script_call x) {
  command out;
  out.lua = x.lua;
  out.args.reserve(3 + x.keys.size() + x.argv.size());
  out.args.insert(out.args.end(),
                  {"EVALSHA", x.lua->sha1, std::to_string(x.keys.size())});
  if (x.item_at > 0)
    out.item_at = out.args.size() + x.keys.size() + x.item_at;
  for (auto* words : {&x.keys, &x.argv})
    std::move(words->begin(), words->end(), std::back_inserter(out.args));
  return out;
}

bool join(command& into, command& x) {
  auto shared = static_cast<std::ptrdiff_t>(x.item_at);
  if (shared == 0 || into.item_at != x.item_at || into.lua != x.lua
      || !std::equal(x.args.begin(), x.args.begin() + shared,
                     into.args.begin()))
    return false;
  std::move(x.args.begin() + shared, x.args.end(),
            std::back_inserter(into.args));
  return true;
}

command make_ordered_command(script_call x) {
  auto out = make_command(std::move(x));
  out.args[0] = "EVAL";
  out.args[1] = out.lua->text;
  out.lua = nullptr;
  return out;
}

} // namespace render::job_store
