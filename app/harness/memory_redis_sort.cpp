// The Redis in memory: SORT without sorting, to read fields of many records.
#include "app/harness/redis_access.hpp"
#include "app/harness/redis_scripts.hpp"

namespace render::harness {

using namespace redis_text;

void memory_redis::cmd_sort(args a, reply_writer& out) {
  std::vector<std::string_view> patterns;
  auto sorts = true;
  for (size_t i = 2; i < a.size(); i += 2) {
    if (i + 1 == a.size())
      return out.error(syntax_error);
    if (is_word(a[i], "by"))
      sorts = a[i + 1].find('*') != std::string_view::npos;
    else if (is_word(a[i], "get"))
      patterns.push_back(a[i + 1]);
    else
      return out.error(syntax_error);
  }
  if (sorts)
    return out.error("ERR this Redis sorts nothing");
  std::vector<std::string_view> all;
  if (auto* x = live(a[1])) {
    if (auto* list = std::get_if<redis_list>(&x->data))
      all.assign(list->begin(), list->end());
    else if (auto* set = std::get_if<redis_set>(&x->data))
      all.assign(set->begin(), set->end());
    else if (auto* zset = std::get_if<redis_zset>(&x->data))
      for (auto& [score, member] : zset->order)
        all.push_back(member);
    else
      return out.error(wrong_type);
  }
  if (patterns.empty())
    patterns.push_back("#");
  out.array(all.size() * patterns.size());
  for (auto& element : all)
    for (auto& pattern : patterns)
      write_looked_up(pattern, element, out);
}

void memory_redis::write_looked_up(std::string_view pattern,
                                   std::string_view element,
                                   reply_writer& out) {
  if (pattern == "#")
    return out.text(element);
  auto star = pattern.find('*');
  if (star == std::string_view::npos)
    return out.nil();
  auto arrow = pattern.find("->", star);
  if (arrow != std::string_view::npos && arrow + 2 == pattern.size())
    arrow = std::string_view::npos;
  auto end = std::min(arrow, pattern.size());
  auto key = std::string{pattern.substr(0, star)};
  key.append(element).append(pattern.substr(star + 1, end - star - 1));
  auto* x = live(key);
  auto* text = x ? std::get_if<std::string>(&x->data) : nullptr;
  auto* hash = x ? std::get_if<redis_hash>(&x->data) : nullptr;
  if (arrow == std::string_view::npos)
    return text ? out.text(*text) : out.nil();
  for (size_t i = 0; hash && i < hash->size(); ++i)
    if ((*hash)[i].first == pattern.substr(arrow + 2))
      return out.text((*hash)[i].second);
  out.nil();
}

} // namespace render::harness
