#include "app/records/timeline.hpp"

#include "messages/text/json.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

namespace render::records {

namespace {

void add(std::vector<told_event>& to, double at_s, std::string what,
         record fields = {}) {
  if (at_s > 0)
    to.push_back({at_s, std::move(what), std::move(fields)});
}

/// Lines of `stages`: "{Unix seconds} {name}".
void add_stages(std::vector<told_event>& to, const std::string& lines) {
  for (size_t at = 0; at < lines.size();) {
    auto end = std::min(lines.find('\n', at), lines.size());
    auto line = lines.substr(at, end - at);
    at = end + 1;
    auto blank = line.find(' ');
    if (blank == std::string::npos)
      continue;
    record parts{{"at", line.substr(0, blank)}};
    add(to, number_field(parts, "at"), "stage",
        {{"stage", line.substr(blank + 1)}});
  }
}

} // namespace

std::set<std::string> gpus_of(const record& job) {
  std::set<std::string> out{field(job, "gpu")};
  for (auto& [name, value] : job)
    if (name.starts_with("attempt_"))
      if (auto doc = json::parse(value); doc && doc->IsObject())
        out.insert(json::string_or_empty(*doc, "gpu"));
  out.erase("");
  return out;
}

bool belongs_to(const told_event& x, const std::string& id, const record& job,
                const std::set<std::string>& gpus) {
  if (field(x.fields, "job") == id)
    return true;
  auto end = number_field(job, "finished_at");
  return x.what.starts_with("gpu_") && gpus.contains(field(x.fields, "gpu"))
         && x.at_s >= number_field(job, "created_at")
         && (end == 0 || x.at_s <= end);
}

std::vector<told_event> timeline(const record& job,
                                 const std::vector<told_event>& events) {
  auto out = events;
  auto told = [&](std::string_view what) {
    return std::any_of(events.begin(), events.end(), [&](auto& x) {
      return x.what == what;
    });
  };
  add(out, number_field(job, "created_at"), "job_queued");
  add_stages(out, field(job, "stages"));
  // The stream is cut, and workers of older versions write none.
  if (!told("job_claimed"))
    add(out, number_field(job, "started_at"), "job_claimed",
        {{"worker", field(job, "worker")}});
  if (!told("job_ended") && is_final(field(job, "status")))
    add(out, number_field(job, "finished_at"), "job_ended",
        {{"status", field(job, "status")}, {"reason", field(job, "error")}});
  std::stable_sort(out.begin(), out.end(), [](auto& a, auto& b) {
    return a.at_s < b.at_s;
  });
  return out;
}

} // namespace render::records
