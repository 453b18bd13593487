#include "actors/io/gpu_cloud/comput3.hpp"

#include "actors/io/http/web_target.hpp"
#include "messages/text/json.hpp"
#include "messages/text/lower.hpp"
#include "messages/text/printable.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>

namespace render::gpu_cloud {

namespace {

http_request post(const config& cfg, std::string_view call, std::string body) {
  http_request out;
  out.method = "POST";
  out.url = cfg.api_url + std::string{call};
  out.headers = {{"X-C3-API-KEY", cfg.api_key},
                 {"Content-Type", "application/json"},
                 {"Origin", cfg.origin}};
  out.body = std::move(body);
  out.total_timeout = cfg.call_timeout;
  out.group = "comput3";
  return out;
}

bool is_json(const http_response& x) {
  return x.content_type().find("json") != std::string::npos;
}

/// The answer's status and error text, short enough for a log.
std::string described(const http_response& x) {
  auto out = "HTTP " + std::to_string(x.status);
  auto type = excerpt(x.content_type(), 60);
  out += " (" + (type.empty() ? std::string{"no content type"} : type) + ")";
  if (auto doc = json::parse(x.body); doc) {
    auto message = json::string_or_empty(*doc, "message");
    if (message.empty())
      message = json::string_or_empty(*doc, "error");
    return message.empty() ? out : out + ": " + excerpt(message, 160);
  }
  auto text = excerpt(x.body, 80);
  return text.empty() ? out : out + ": " + text;
}

/// What a status outside 2xx means for a call that changes nothing.
failure_kind kind_of(const http_response& x) {
  if (x.status == 429 || x.status == 408 || x.status >= 500)
    return failure_kind::unavailable;
  // A proxy's page tells nothing about the account; the API's own JSON does.
  if (x.status == 403 && !is_json(x))
    return failure_kind::unavailable;
  return failure_kind::rejected;
}

/// Statuses with which a proxy gives up on a server that may still act.
bool is_given_up(int status) {
  return status == 502 || status == 504 || (status >= 520 && status <= 527);
}

/// Does the API itself say that nothing was made? The forms of its errors are
/// not documented, and proxies and web frameworks send JSON too, for a handler
/// that threw after the fact. So only words that speak of the launch itself
/// count.
bool is_refusal(const http_response& x) {
  if (!is_json(x))
    return false;
  auto doc = json::parse(x.body);
  if (!doc || !doc->IsObject())
    return false;
  auto text = json::string_or_empty(*doc, "message");
  if (text.empty())
    text = json::string_or_empty(*doc, "error");
  text = lower(text);
  auto says = [&](std::string_view what) {
    return text.find(what) != std::string::npos;
  };
  static constexpr std::string_view troubles[] = {"internal", "timed out",
                                                  "timeout", "time-out"};
  static constexpr std::string_view refusals[]
    = {"no gpu free",         "no gpus free",          "no gpu available",
       "no gpus available",   "no gpu is available",   "no gpus are available",
       "no free gpu",         "no available gpu",      "sold out",
       "no capacity",         "out of capacity",       "insufficient capacity",
       "not enough capacity", "insufficient balance",  "insufficient credit",
       "insufficient funds",  "not enough balance",    "not enough credit",
       "not enough funds",    "unknown workload type", "invalid workload type"};
  return std::none_of(std::begin(troubles), std::end(troubles), says)
         && std::any_of(std::begin(refusals), std::end(refusals), says);
}

/// May a machine have been made although the launch got this answer?
bool hides_the_outcome(const http_response& x) {
  return is_given_up(x.status)
         || ((x.status >= 500 || x.status == 408) && !is_refusal(x));
}

std::string launch_name(const msg::launch_gpu& x) {
  return "launch " + x.type;
}

double number_or(const json::value& x, std::string_view name, double other) {
  return json::number(x, name).value_or(other);
}

/// Ids are lines of the launch ledger, and parts of commands that people copy.
bool is_id(std::string_view x) {
  constexpr size_t bytes_max = 200;
  return x.size() <= bytes_max && printable(x) == x;
}

gpu_workload read_workload(const config& cfg, const json::value& x) {
  gpu_workload out;
  out.workload = workload_id{json::string_or_empty(x, "workload")};
  if (!is_id(out.workload))
    out.workload.clear();
  out.node = gpu_host{json::string_or_empty(x, "node")};
  if (!is_node_of(cfg, out.node))
    out.node.clear();
  out.type = workload_type{json::string_or_empty(x, "type")};
  out.status = json::string_or_empty(x, "status");
  out.running = json::boolean(x, "running").value_or(true);
  out.created_s = number_or(x, "created", 0);
  out.expires_s = number_or(x, "expires", 0);
  return out;
}

/// JSON of the answer to a call that changes nothing.
result<json::document> read_json(std::string_view call,
                                 const result<http_response>& got) {
  if (!got)
    return fail(with_context(call, got.error()));
  if (!got->ok())
    return fail(kind_of(*got), std::string{call} + ": " + described(*got));
  auto doc = json::parse(got->body);
  if (!doc)
    return fail(failure_kind::unavailable,
                std::string{call} + ": " + described(*got));
  return doc;
}

std::string service_path(std::string_view service) {
  if (service == "csm")
    return "/csm/config";
  if (service == "whisper")
    return "/whisper/config";
  if (service == "portrait")
    return "/system_stats";
  if (service == "analyze")
    return "/api/tags";
  return "/";
}

/// Does `{node}` end the host, so that a GPU's name decides the domain?
bool names_the_domain(std::string_view url_template) {
  constexpr std::string_view mark = "{node}";
  auto scheme = url_template.find("://");
  auto host = scheme == std::string_view::npos ? 0 : scheme + 3;
  auto end = std::min(url_template.size(),
                      url_template.find_first_of("/?#", host));
  auto authority = url_template.substr(host, end - host);
  auto at = authority.rfind(mark);
  if (at == std::string_view::npos)
    return false;
  // "{node}", "{node}:8443" and "{node}." but not "{node}.example.com" and not
  // "gpu.example.com:{node}".
  auto after = authority.substr(at + mark.size());
  auto before = authority.substr(0, at);
  auto is_port = before.ends_with(':');
  return !is_port && (after.empty() || after[0] == ':' || after == ".");
}

} // namespace

std::string node_domain_of(std::string_view wanted, std::string_view api_url,
                           std::string_view node_url, std::string_view ui_url) {
  if (!wanted.empty())
    return std::string{wanted};
  if (!names_the_domain(node_url) && !names_the_domain(ui_url))
    return "*";
  auto api = read_web_target(api_url);
  if (!api || api->literal)
    return api ? api->host : std::string{};
  auto dot = api->host.find('.');
  auto rest = dot == std::string::npos ? std::string{}
                                       : api->host.substr(dot + 1);
  // A domain of one label, such as "ai", would admit any host.
  return rest.find('.') == std::string::npos ? api->host : rest;
}

bool is_node_of(const config& cfg, std::string_view node) {
  if (!is_plain_host(node))
    return false;
  auto& domain = cfg.node_domain;
  if (domain == "*" || node == domain)
    return true;
  return node.size() > domain.size() + 1 && node.ends_with(domain)
         && node[node.size() - domain.size() - 1] == '.';
}

std::string node_url(std::string_view url_template, std::string_view node) {
  static constexpr std::string_view mark = "{node}";
  std::string out{url_template};
  for (auto at = out.find(mark); at != std::string::npos;
       at = out.find(mark, at + node.size()))
    out.replace(at, mark.size(), node);
  while (!out.empty() && out.back() == '/')
    out.pop_back();
  return out;
}

http_request launch_request(const config& cfg, const msg::launch_gpu& x) {
  auto out = post(cfg, "/launch",
                  R"({"type":)" + json::quote(x.type) + R"(,"expires":)"
                    + std::to_string(x.expires_s) + "}");
  out.once = true;
  return out;
}

http_request list_request(const config& cfg, const msg::list_gpus& x) {
  return post(cfg, "/workloads", x.running_only ? R"({"running":true})" : "{}");
}

http_request stop_request(const config& cfg, const msg::stop_gpu& x) {
  return post(cfg, "/stop", R"({"workload":)" + json::quote(x.workload) + "}");
}

http_request probe_request(const config& cfg, const msg::probe_gpu& x) {
  http_request out;
  auto& base = x.service == "portrait" ? cfg.ui_url : cfg.node_url;
  // A host that is not the provider's gets no URL, so that nothing is sent to
  // it.
  if (is_node_of(cfg, x.node))
    out.url = node_url(base, x.node) + service_path(x.service);
  out.headers = {{"X-C3-API-KEY", cfg.api_key}};
  out.connect_timeout = std::min(out.connect_timeout, x.timeout);
  out.total_timeout = x.timeout;
  out.group = "probe";
  return out;
}

result<gpu_workload> read_launch(const config& cfg,
                                 const msg::launch_gpu& asked,
                                 const result<http_response>& got) {
  auto name = launch_name(asked);
  if (!got)
    return fail(with_context(name, got.error()));
  if (!got->ok()) {
    auto kind = hides_the_outcome(*got) ? failure_kind::outcome_unknown
                                        : kind_of(*got);
    return fail(kind, name + ": " + described(*got));
  }
  auto doc = json::parse(got->body);
  auto out = doc ? read_workload(cfg, *doc) : gpu_workload{};
  if (out.workload.empty())
    return fail(failure_kind::outcome_unknown,
                name + ": no workload in the answer, " + described(*got));
  out.type = asked.type;
  out.running = true;
  out.expires_s = static_cast<double>(asked.expires_s);
  return out;
}

result<std::vector<gpu_workload>> read_list(const config& cfg,
                                            const result<http_response>& got) {
  auto doc = read_json("list workloads", got);
  if (!doc)
    return fail(doc.error());
  if (!doc->IsArray())
    return fail(failure_kind::unavailable,
                "list workloads: not an array, " + described(*got));
  std::vector<gpu_workload> out;
  for (auto& x : doc->GetArray())
    if (auto one = read_workload(cfg, x); !one.workload.empty())
      out.push_back(std::move(one));
  return out;
}

result<double> read_stop(const msg::stop_gpu& asked,
                         const result<http_response>& got) {
  auto name = "stop " + asked.workload;
  if (got && got->status == 404 && is_json(*got))
    return 0.0;
  if (got && !got->ok() && is_json(*got)) {
    auto text = lower(described(*got));
    for (auto* gone : {"not found", "already stopped", "not running"})
      if (text.find(gone) != std::string::npos)
        return 0.0;
  }
  auto doc = read_json(name, got);
  if (!doc)
    return fail(doc.error());
  return number_or(*doc, "refund_amount", 0);
}

result<void> read_probe(const msg::probe_gpu& asked,
                        const result<http_response>& got) {
  auto name = "probe " + asked.node
              + (asked.service.empty() ? "" : " " + asked.service);
  if (!got)
    return fail(with_context(name, got.error()));
  // The service is up, but is no Ollama: vLLM and llama.cpp send JSON with a
  // 404, a proxy whose service is not up sends none.
  if (asked.service == "analyze" && got->status == 404)
    if (auto other = json::parse(got->body); other && other->IsObject())
      return {};
  if (got->status != 200)
    return fail(failure_kind::unavailable, name + ": " + described(*got));
  if (asked.service.empty())
    return {};
  auto doc = json::parse(got->body);
  if (!doc || !doc->IsObject())
    return fail(failure_kind::unavailable,
                name + ": not the service's own answer, " + described(*got));
  if (asked.service == "portrait" && !json::find(*doc, "system"))
    return fail(failure_kind::unavailable, name + ": ComfyUI says no `system`");
  return {};
}

std::string code_of(const result<http_response>& got) {
  if (!got)
    return std::string{to_string(got.error().kind)};
  // A label has few values, whatever a proxy says.
  return got->status >= 100 && got->status < 600 ? std::to_string(got->status)
                                                 : "other";
}

event call_event(std::string_view call, const result<http_response>& got,
                 double seconds) {
  event out{"provider_called"};
  out.part = call;
  out.outcome = code_of(got);
  out.seconds = seconds;
  return out;
}

} // namespace render::gpu_cloud
