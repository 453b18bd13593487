#include "app/records/provider_findings.hpp"

#include "messages/http.hpp"

#include <algorithm>

namespace render::records {

namespace {

/// Two looks at the list, at least: a GPU INSTANCE notices within that time.
constexpr double long_lost_s = 100;

std::string names_of(const std::string& id, const workload_type& type) {
  return excerpt(id, 60) + " (" + excerpt(type, 40) + ")";
}

finding unknown_gpus(const provider_list::unknown_gpu& first, uint64_t count) {
  finding out;
  out.what = std::to_string(count) + (count == 1 ? " GPU runs" : " GPUs run")
             + " at the provider that no entry of the launch ledger names: "
             + names_of(first.workload, first.type)
             + (count > 1 ? " and others" : "");
  out.cause = "somebody has rented it by hand, another fleet shares the "
              "account, or it was lost; it costs money";
  out.advice = "stop it at the provider if nobody uses it; workers never touch "
               "it";
  out.code = "gpu_unknown";
  return out;
}

finding lost(const provider_list::lost_gpu& x, double for_s) {
  finding out;
  out.what = "GPU " + names_of(x.id, x.type)
             + " is in the launch ledger, but not on the provider's list since "
             + span_text(for_s);
  out.cause = "it has ended at the provider, and its worker has not noticed";
  out.advice = "look whether it does jobs; if not, c3ctl gpus --stop "
               + excerpt(x.id, 60);
  out.code = "gpu_lost";
  out.gpu = x.id;
  return out;
}

} // namespace

std::vector<finding> findings_of(const provider_sight& x) {
  std::vector<finding> out;
  const provider_list::unknown_gpu* first = nullptr;
  uint64_t old = 0;
  for (auto& gpu : x.unknown)
    if (!is_young(gpu, x.at_s)) {
      first = first ? first : &gpu;
      ++old;
    }
  if (first)
    out.push_back(unknown_gpus(*first, old + x.more_unknown));
  for (auto& gpu : x.lost)
    if (auto for_s = x.at_s - gpu.since_s; for_s >= long_lost_s)
      out.push_back(lost(gpu, for_s));
  return out;
}

} // namespace render::records
