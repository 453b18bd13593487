#include "app/ctl/leased.hpp"

#include "actors/io/redis/scripts/keys.hpp"
#include "app/ctl/context.hpp"
#include "messages/http.hpp"
#include "messages/text/json.hpp"

namespace render::ctl {

namespace keys = job_store::keys;

result<std::vector<leased_job>> read_leased(redis& db, uint32_t limit) {
  auto ids = db.scored(keys::leases(key_prefix), limit);
  if (!ids)
    return fail(ids.error());
  std::vector<leased_job> out;
  if (ids->empty())
    return out;
  auto now = db.time();
  if (!now)
    return fail(now.error());
  for (auto& [id, end_ms] : *ids) {
    auto got = db.hash(keys::record(id));
    if (!got && got.error().kind == failure_kind::unavailable)
      return fail(got.error());
    leased_job x{id, {}, end_ms / 1000 - *now};
    if (got)
      x.fields = std::move(*got);
    out.push_back(std::move(x));
  }
  return out;
}

std::string leased_table(const std::vector<leased_job>& jobs) {
  std::vector<std::vector<std::string>> rows{
    {"job", "type", "progress", "attempt", "lease", "held by"}};
  for (auto& x : jobs)
    rows.push_back(
      {excerpt(x.id, 80), excerpt(field(x.fields, "type"), 10),
       progress_line(x.fields), excerpt(field(x.fields, "attempt"), 10),
       lease_text(x.left_s), excerpt(field(x.fields, "locked_by"), 60)});
  return columns_text(rows);
}

std::string leased_json(const std::vector<leased_job>& jobs) {
  std::string out;
  for (auto& x : jobs)
    out += (out.empty() ? "" : ",") + std::string{"{\"id\":"}
           + json::quote(x.id)
           + ",\"type\":" + json::quote(field(x.fields, "type"))
           + ",\"held_by\":" + json::quote(field(x.fields, "locked_by"))
           + ",\"lease_left_s\":" + std::to_string(x.left_s) + "}";
  return "[" + out + "]";
}

} // namespace render::ctl
