#include "app/records/spend.hpp"

#include "actors/io/redis/scripts/keys.hpp"

#include <cmath>
#include <vector>

namespace render::records {

namespace {

namespace keys = job_store::keys;

void add(spent_span& out, const record& hour) {
  for (auto& [name, text] : hour) {
    auto value = std::llround(number_field(hour, name));
    if (name == "usd")
      out.micro += value;
    else if (name == "reserved")
      out.reserved += value;
    else if (name.starts_with("ms:"))
      out.by_type[name.substr(3)].ms += value;
    else if (name.starts_with("usd:"))
      out.by_type[name.substr(4)].micro += value;
  }
}

result<std::map<int64_t, spent_span>> read(redis& db, int64_t first,
                                           int64_t last, int64_t of_each) {
  std::vector<std::string> names;
  for (auto hour = first; hour <= last; ++hour)
    names.push_back(keys::spend_prefix(key_prefix) + std::to_string(hour));
  auto all = db.whole_hashes(names);
  if (!all)
    return fail(all.error());
  std::map<int64_t, spent_span> out;
  for (auto hour = first; hour <= last; ++hour) {
    auto& fields = (*all)[static_cast<size_t>(hour - first)];
    spent_span x;
    add(x, fields);
    if (!x.empty())
      add(out[hour / of_each * of_each], fields);
  }
  return out;
}

// What is reserved is for hours to come, too.
constexpr int64_t ahead = 24;

} // namespace

result<std::map<int64_t, spent_span>> spent_by_hour(redis& db, uint32_t hours) {
  auto now = db.time();
  if (!now)
    return fail(now.error());
  auto last = static_cast<int64_t>(*now / 3600);
  return read(db, last - hours + 1, last + ahead, 1);
}

result<std::map<int64_t, spent_span>> spent_by_day(redis& db, uint32_t days) {
  auto now = db.time();
  if (!now)
    return fail(now.error());
  auto last = static_cast<int64_t>(*now / 3600);
  return read(db, (last / 24 - days + 1) * 24, last + ahead, 24);
}

} // namespace render::records
