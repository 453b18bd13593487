// Answers of Comput3's API: launch, list, stop, probe, types, balance.
#include "actors/io/gpu_cloud/comput3.hpp"

#include "actors/io/gpu_cloud/account.hpp"
#include "tests/fuzz/fuzz.hpp"

#include <cmath>

using namespace render;
using fuzz::must;

namespace {

gpu_cloud::config account() {
  gpu_cloud::config out;
  out.api_key = "key";
  return out;
}

void check(const gpu_cloud::config& cfg, const gpu_workload& x) {
  must(!x.workload.empty(), "a workload has an id");
  must(x.workload.size() <= 200 && fuzz::is_printable(x.workload),
       "an id is a word");
  must(x.node.empty() || x.node == "comput3.ai"
         || x.node.ends_with(".comput3.ai"),
       "a node is the provider's");
  if (x.node.empty())
    return;
  auto url = gpu_cloud::node_url(cfg.node_url, x.node);
  must(url == "https://" + x.node && is_web_url(url), "a node has a URL");
}

template <class T>
void must_be_fit_to_show(const result<T>& x) {
  if (!x)
    fuzz::must_be_fit_to_show(x.error());
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto got = fuzz::answer_of(fuzz::text_of(data, size));
  static const auto cfg = account();
  msg::launch_gpu wanted{"media:fast", 2'000'000'000};
  auto launched = gpu_cloud::read_launch(cfg, wanted, got);
  must_be_fit_to_show(launched);
  if (launched)
    check(cfg, *launched);
  // Only the API's own words are a refusal.
  auto without_words
    = got
      && (got->status == 502 || got->status == 504
          || ((got->status >= 500 || got->status == 408)
              && got->content_type().find("json") == std::string::npos));
  must(!without_words || launched.has_value()
         || launched.error().kind == failure_kind::outcome_unknown,
       "a server that fails may have launched");
  auto listed = gpu_cloud::read_list(cfg, got);
  must_be_fit_to_show(listed);
  if (listed)
    for (auto& x : *listed)
      check(cfg, x);
  auto stopped = gpu_cloud::read_stop({"w-1"}, got);
  must_be_fit_to_show(stopped);
  must(!stopped || std::isfinite(*stopped), "a refund is a number");
  for (auto* service : {"", "csm", "portrait", "analyze"}) {
    msg::probe_gpu asked;
    asked.node = "n1.comput3.ai";
    asked.service = service;
    must_be_fit_to_show(gpu_cloud::read_probe(asked, got));
  }
  must_be_fit_to_show(gpu_cloud::read_types(got));
  must_be_fit_to_show(gpu_cloud::read_balance(got));
  return 0;
}
