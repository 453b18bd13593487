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
  for (auto* words : {&x.keys, &x.argv})
    std::move(words->begin(), words->end(), std::back_inserter(out.args));
  return out;
}

command make_ordered_command(script_call x) {
  auto out = make_command(std::move(x));
  out.args[0] = "EVAL";
  out.args[1] = out.lua->text;
  out.lua = nullptr;
  return out;
}

} // namespace render::job_store
