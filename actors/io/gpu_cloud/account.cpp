#include "actors/io/gpu_cloud/account.hpp"

#include "messages/text/json.hpp"

namespace render::gpu_cloud {

namespace {

http_request get(const config& cfg, const std::string& call) {
  http_request out;
  out.url = cfg.api_url + call;
  out.headers = {{"X-C3-API-KEY", cfg.api_key}, {"Origin", cfg.origin}};
  out.total_timeout = cfg.call_timeout;
  out.max_body_bytes = 64u << 10;
  out.group = "comput3";
  return out;
}

result<json::document> read(const std::string& what,
                            const result<http_response>& got) {
  if (!got)
    return fail(with_context(what, got.error()));
  if (!got->ok())
    return fail(failure_kind::unavailable,
                what + ": HTTP " + std::to_string(got->status));
  auto doc = json::parse(got->body);
  if (!doc)
    return fail(with_context(what, doc.error()));
  return doc;
}

} // namespace

http_request types_request(const config& cfg) {
  return get(cfg, "/types");
}

http_request balance_request(const config& cfg) {
  return get(cfg, "/balance");
}

result<std::vector<workload_type>>
read_types(const result<http_response>& got) {
  auto doc = read("types", got);
  if (!doc)
    return fail(doc.error());
  if (!doc->IsArray())
    return fail(failure_kind::unavailable, "types: the answer is no list");
  std::vector<workload_type> out;
  for (auto& x : doc->GetArray())
    if (x.IsString())
      out.emplace_back(std::string{x.GetString(), x.GetStringLength()});
  return out;
}

result<double> read_balance(const result<http_response>& got) {
  auto doc = read("balance", got);
  if (!doc)
    return fail(doc.error());
  if (doc->IsObject())
    if (auto at = doc->FindMember("balance");
        at != doc->MemberEnd() && at->value.IsNumber())
      return at->value.GetDouble();
  return fail(failure_kind::unavailable, "balance: the answer has none");
}

} // namespace render::gpu_cloud
