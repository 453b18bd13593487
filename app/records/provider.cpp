#include "app/records/provider.hpp"

#include "messages/text/json.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace render::records {

namespace {

constexpr double young_s = 600;

std::string counted(uint64_t n) {
  return std::to_string(n) + (n == 1 ? " GPU" : " GPUs");
}

/// Takes from `x` what it says of types that nobody later has spoken of.
void add(provider_sight& to, std::set<std::string>& spoken,
         const provider_list& x) {
  std::set<std::string> news;
  for (auto& [type, count] : x.types)
    if (!spoken.contains(type)) {
      news.insert(type);
      to.gpus += count;
    }
  if (news.empty())
    return;
  spoken.insert(news.begin(), news.end());
  to.at_s = x.at_s;
  for (auto& gpu : x.unknown)
    if (news.contains(gpu.type))
      to.unknown.push_back(gpu);
  for (auto& gpu : x.lost)
    if (news.contains(gpu.type))
      to.lost.push_back(gpu);
  to.more_unknown += x.more_unknown;
  to.more_lost += x.more_lost;
}

/// A list is minutes old; the ledger is of now.
void leave_out_what_has_changed(provider_sight& x,
                                const std::vector<open_gpu>& ledger) {
  std::set<std::string> workloads;
  std::set<std::string> open;
  for (auto& gpu : ledger) {
    workloads.insert(field(gpu.fields, "workload"));
    if (gpu_state(gpu) != "stopping")
      open.insert(gpu.id);
  }
  std::erase_if(x.unknown, [&](auto& y) {
    return workloads.contains(y.workload);
  });
  std::erase_if(x.lost, [&](auto& y) {
    return !open.contains(y.id);
  });
}

std::string seconds(double x) {
  return std::to_string(static_cast<int64_t>(x));
}

template <class Xs, class Fn>
std::string list_json(const Xs& xs, Fn text) {
  std::string out;
  for (auto& x : xs)
    out += (out.empty() ? "{" : ",{") + text(x) + "}";
  return "[" + out + "]";
}

} // namespace

std::optional<provider_sight>
provider_of(const std::vector<worker_view>& workers,
            const std::vector<open_gpu>& ledger) {
  std::vector<provider_list> told;
  double now_s = 0;
  for (auto& x : workers) {
    now_s = std::max(now_s, x.now_s);
    if (auto list = read_provider_list(field(x.fields, "provider")))
      told.push_back(std::move(*list));
  }
  if (told.empty())
    return std::nullopt;
  std::stable_sort(told.begin(), told.end(), [](auto& x, auto& y) {
    return x.at_s > y.at_s;
  });
  provider_sight out;
  std::set<std::string> spoken;
  for (auto& x : told)
    add(out, spoken, x);
  // What is none of ours to the worker with the latest list may be another
  // one's.
  uint64_t all = told.front().others;
  for (auto& [type, count] : told.front().types)
    all += count;
  out.others = all - std::min(all, out.gpus);
  out.age_s = std::max(0.0, now_s - out.at_s);
  leave_out_what_has_changed(out, ledger);
  return out;
}

bool is_young(const provider_list::unknown_gpu& x, double now_s) {
  return now_s - x.created_s < young_s;
}

std::string provider_json(const provider_sight& x) {
  auto unknown = list_json(x.unknown, [&x](auto& gpu) {
    return "\"workload\":" + json::quote(gpu.workload)
           + ",\"type\":" + json::quote(gpu.type)
           + (gpu.created_s > 0 ? ",\"created\":" + seconds(gpu.created_s) : "")
           + ",\"since\":" + seconds(gpu.since_s)
           + ",\"young\":" + (is_young(gpu, x.at_s) ? "true" : "false");
  });
  auto lost = list_json(x.lost, [](auto& gpu) {
    return "\"id\":" + json::quote(gpu.id) + ",\"workload\":"
           + json::quote(gpu.workload) + ",\"type\":" + json::quote(gpu.type)
           + ",\"since\":" + seconds(gpu.since_s);
  });
  return "{\"at\":" + seconds(x.at_s) + ",\"gpus\":" + std::to_string(x.gpus)
         + ",\"others\":" + std::to_string(x.others) + ",\"unknown\":" + unknown
         + ",\"more_unknown\":" + std::to_string(x.more_unknown) + ",\"lost\":"
         + lost + ",\"more_lost\":" + std::to_string(x.more_lost) + "}";
}

std::string provider_line(const provider_sight& x) {
  auto out = "the provider listed " + counted(x.gpus) + " " + span_text(x.age_s)
             + " ago";
  if (x.others > 0)
    out += ", and " + std::to_string(x.others)
           + " of types that no worker rents";
  auto unknown = x.unknown.size() + x.more_unknown;
  auto lost = x.lost.size() + x.more_lost;
  if (unknown > 0)
    out += "; " + std::to_string(unknown) + (unknown == 1 ? " is" : " are")
           + " not in the ledger";
  else if (x.gpus > 0)
    out += x.gpus == 1 ? "; it is in the ledger" : "; all are in the ledger";
  if (lost > 0)
    out += "; " + counted(lost) + " of the ledger "
           + (lost == 1 ? "was" : "were") + " not on the list";
  return out;
}

} // namespace render::records
