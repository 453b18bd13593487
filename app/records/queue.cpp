#include "app/records/queue.hpp"

#include "actors/io/redis/scripts/keys.hpp"
#include "app/records/record.hpp"

namespace render::records {

namespace wire = job_store::keys;

result<std::vector<queued_job>> read_queue(redis& db, size_t first,
                                           size_t count) {
  if (count == 0)
    return std::vector<queued_job>{};
  auto ids = db.ask({"LRANGE", std::string{wire::queue}, std::to_string(first),
                     std::to_string(first + count - 1)});
  if (!ids)
    return fail(ids.error());
  std::vector<std::string> records;
  for (auto& x : ids->elements)
    records.push_back(wire::record(x.text));
  auto known = db.hashes(records,
                         {"type", "status", "created_at", "complete_by"});
  if (!known)
    return fail(known.error());
  std::vector<queued_job> out;
  for (size_t i = 0; i < records.size(); ++i) {
    auto& x = (*known)[i];
    out.push_back({std::move(ids->elements[i].text), field(x, "type"),
                   field(x, "status"), number_field(x, "created_at"),
                   number_field(x, "complete_by")});
  }
  return out;
}

std::vector<std::string> types_until(const std::vector<queued_job>& queue,
                                     const std::string& id) {
  std::vector<std::string> out;
  for (auto& x : queue) {
    out.push_back(x.type);
    if (x.id == id)
      return out;
  }
  return {};
}

} // namespace render::records
