#include "app/ctl/leased.hpp"

#include "messages/http.hpp"
#include "messages/text/json.hpp"

namespace render::ctl {

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
