#include "app/ctl/worker_text.hpp"

#include "messages/http.hpp"
#include "messages/text/json.hpp"

#include <algorithm>

namespace render::ctl {

namespace {

/// Of a date in the record; 0 when there is none.
double since(const worker_view& x, const std::string& name) {
  auto at = number_field(x.fields, name);
  return at > 0 ? std::max(0.0, x.now_s - at) : 0;
}

std::string age(const worker_view& x, const std::string& name) {
  return field(x.fields, name).empty() ? "-" : span_text(since(x, name));
}

std::string error_text(const worker_view& x) {
  auto text = field(x.fields, "error");
  return text.empty()
           ? "-"
           : span_text(since(x, "error_at")) + " ago: " + excerpt(text, 100);
}

/// How many of the other workers with a cluster it sees.
std::string peers_text(const worker_view& x, size_t in_cluster) {
  if (field(x.fields, "cluster").empty())
    return "-";
  auto out = std::to_string(records::count_field(x.fields, "peers")) + " of "
             + std::to_string(in_cluster - 1);
  if (records::count_field(x.fields, "peers") > 0
      && field(x.fields, "plans_with_peers") != "1")
    out += ", no plan";
  return out;
}

} // namespace

std::string gpus_text(const record& x) {
  std::string out;
  for (std::string phase : records::gpu_phases)
    if (auto count = records::count_field(x, "gpus_" + phase); count > 0)
      out += (out.empty() ? "" : ", ") + std::to_string(count) + " " + phase;
  return out.empty() ? "-" : out;
}

std::string workers_table(const std::vector<worker_view>& xs) {
  auto in_cluster
    = static_cast<size_t>(std::count_if(xs.begin(), xs.end(), [](auto& x) {
        return !field(x.fields, "cluster").empty();
      }));
  std::vector<std::vector<std::string>> rows{{"worker", "state", "up", "free",
                                              "gpus", "jobs", "seen", "version",
                                              "host"}};
  if (in_cluster > 0) {
    rows[0].emplace_back("peers");
    rows[0].emplace_back("cluster");
  }
  rows[0].emplace_back("last error");
  for (auto& x : xs) {
    auto silent = x.fields.empty();
    auto count = [&](const std::string& name) {
      return silent ? "-"
                    : std::to_string(records::count_field(x.fields, name));
    };
    auto slots = silent ? "-" : count("free_slots") + " of " + count("slots");
    auto seen = age(x, "seen_at");
    std::vector<std::string> row{excerpt(x.id, 60),
                                 worker_state(x),
                                 age(x, "started_at"),
                                 std::move(slots),
                                 gpus_text(x.fields),
                                 count("jobs"),
                                 seen == "-" ? seen : seen + " ago",
                                 or_dash(field(x.fields, "version"), 20),
                                 or_dash(field(x.fields, "host"), 40)};
    if (in_cluster > 0) {
      row.push_back(peers_text(x, in_cluster));
      row.push_back(or_dash(field(x.fields, "cluster"), 60));
    }
    row.push_back(error_text(x));
    rows.push_back(std::move(row));
  }
  return columns_text(rows);
}

std::string worker_json(const worker_view& x) {
  auto out = "{\"id\":" + json::quote(x.id)
             + ",\"state\":" + json::quote(worker_state(x));
  if (x.fields.empty())
    return out + "}";
  for (std::string name : {"version", "host", "cluster", "unfit", "unfit_text"})
    out += ",\"" + name + "\":" + json::quote(field(x.fields, name));
  for (std::string name :
       {"incarnation", "max_gpus", "slots", "free_slots", "jobs", "peers"})
    out += ",\"" + name
           + "\":" + std::to_string(records::count_field(x.fields, name));
  out += ",\"gpus\":{";
  for (std::string phase : records::gpu_phases)
    out += (out.ends_with('{') ? "\"" : ",\"") + phase + "\":"
           + std::to_string(records::count_field(x.fields, "gpus_" + phase));
  out += "},\"draining\":";
  out += field(x.fields, "draining") == "1" ? "true" : "false";
  out += ",\"plans_with_peers\":";
  out += field(x.fields, "plans_with_peers") == "1" ? "true" : "false";
  out += ",\"up_s\":" + std::to_string(since(x, "started_at"))
         + ",\"seen_s_ago\":" + std::to_string(since(x, "seen_at"));
  // Of older workers there are none of these.
  auto launches = field(x.fields, "launches");
  if (auto doc = json::parse(launches); doc && doc->IsObject())
    out += ",\"launches\":" + json::to_text(*doc);
  if (auto text = field(x.fields, "settings"); !text.empty())
    out += ",\"settings\":" + json::quote(text);
  if (auto text = field(x.fields, "error"); !text.empty())
    out += ",\"error\":" + json::quote(text)
           + ",\"error_s_ago\":" + std::to_string(since(x, "error_at"));
  return out + "}";
}

} // namespace render::ctl
