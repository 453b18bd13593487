#include "app/records/members.hpp"

#include "actors/io/redis/scripts/keys.hpp"

namespace render::records {

result<members>
read_members(redis& db, const std::string& set, uint32_t limit,
             const std::function<std::string(const std::string&)>& key_of,
             const std::vector<std::string>& fields) {
  auto ids = db.scored(set, limit);
  if (!ids)
    return fail(ids.error());
  auto now = db.time();
  if (!now)
    return fail(now.error());
  std::vector<std::string> names;
  for (auto& [id, score] : *ids)
    names.push_back(key_of(id));
  auto got = fields.empty() ? db.whole_hashes(names) : db.hashes(names, fields);
  if (!got)
    return fail(got.error());
  members out;
  out.now_s = *now;
  for (size_t i = 0; i < ids->size(); ++i)
    out.all.push_back(
      {std::move((*ids)[i].first), (*ids)[i].second, std::move((*got)[i])});
  return out;
}

result<members> read_heartbeats(redis& db,
                                const std::vector<std::string>& fields) {
  constexpr uint32_t workers_max = 10'000;
  return read_members(
    db, job_store::keys::workers(key_prefix), workers_max,
    [](const std::string& id) {
      return job_store::keys::worker(key_prefix, id);
    },
    fields);
}

} // namespace render::records
