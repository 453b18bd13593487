#include "app/local_cloud/api_server.hpp"

#include "app/local_cloud/json_text.hpp"
#include "messages/text/json.hpp"

#include <algorithm>
#include <cmath>

namespace render::local_cloud {

namespace {

std::string workload_json(const workload& x) {
  return json_object{}
    .add("workload", x.id)
    .add("node", x.node)
    .add("type", x.type)
    .add("status", x.running ? "running" : "stopped")
    .add("running", x.running)
    .add("created", static_cast<int64_t>(x.created))
    .add("expires", static_cast<int64_t>(x.expires))
    .raw("tags", "[]")
    .str();
}

/// The JSON body of a call; nothing after an error answer.
std::optional<json::document> read_body(const httplib::Request& in,
                                        httplib::Response& out) {
  auto doc = json::parse(in.body);
  if (doc && doc->IsObject())
    return std::move(*doc);
  reply_message(out, 400, "Invalid request body");
  return std::nullopt;
}

} // namespace

void api_server::handle(const httplib::Request& in, httplib::Response& out,
                        std::string_view path) {
  bool get = in.method == "GET" || in.method == "HEAD";
  if (get && path == "/types") {
    json_array types;
    for (auto& x : shared_.config->types)
      types.add(x);
    return reply_json(out, types.str());
  }
  if (!is_authorized(in, out))
    return;
  if (get && path == "/balance")
    return balance(out);
  if (get && path == "/profile")
    return reply_json(out, R"({"addr":"local","tags":[],"user_uuid":)"
                           R"("00000000-0000-4000-8000-000000000001"})");
  if (in.method == "POST" && path == "/launch")
    return launch(in, out);
  if (in.method == "POST" && path == "/workloads")
    return workloads(in, out);
  if (in.method == "POST" && path == "/stop")
    return stop(in, out);
  reply_message(out, 404, "Not Found");
}

bool api_server::is_authorized(const httplib::Request& in,
                               httplib::Response& out) const {
  auto given = in.get_header_value("X-C3-API-KEY");
  if (given == shared_.config->api_key)
    return true;
  reply_message(out, given.empty() ? 401 : 403,
                given.empty() ? "Missing API key" : "Invalid API key");
  return false;
}

launch_order api_server::order_for(std::string type, double expires) const {
  launch_order out;
  out.type = std::move(type);
  out.expires = expires;
  out.never_boots = shared_.faults->take("boot_forever").has_value();
  if (auto lag = shared_.faults->take("list_lag"))
    out.list_lag = number_or(*lag, 5);
  if (auto after = shared_.faults->take("die_after")) {
    out.dies_after = number_or(*after, 1);
  } else if (auto listed = shared_.faults->take("die_listed_after")) {
    out.dies_after = number_or(*listed, 1);
    out.dies_listed = true;
  }
  return out;
}

void api_server::lose_answer(std::string_view how, const httplib::Request& in,
                             httplib::Response& out) {
  if (how == "html")
    return reply_page(out, 502);
  auto status = static_cast<int>(number_or(how, 0));
  if (status < 400 || status > 599)
    return cut_connection(in);
  // The text of a web framework whose handler threw.
  if (status == 500)
    return reply_message(out, status, "Internal server error");
  reply_page(out, status);
}

void api_server::launch(const httplib::Request& in, httplib::Response& out) {
  if (shared_.faults->take("launch_refuse"))
    return reply_page(out, 503);
  if (auto status = shared_.faults->take("launch_error"))
    return reply_message(out, static_cast<int>(number_or(*status, 402)),
                         "No GPU available");
  auto body = read_body(in, out);
  if (!body)
    return;
  auto type = json::string_or_empty(*body, "type");
  auto& types = shared_.config->types;
  if (std::find(types.begin(), types.end(), type) == types.end())
    return reply_message(out, 400, "Unknown workload type '" + type + "'");
  auto expires = json::number(*body, "expires");
  if (!expires || *expires <= unix_now())
    return reply_message(out, 400, "expires must be a Unix time in the future");
  if (shared_.config->balance <= shared_.books->charged())
    return reply_message(out, 402, "Insufficient balance");
  auto made = nodes_.launch(order_for(type, *expires));
  if (auto how = shared_.faults->take("launch_lost_answer"))
    return lose_answer(*how, in, out);
  reply_json(out, json_object{}
                    .add("node", made.node)
                    .add("workload", made.id)
                    .add("workload_key", shared_.random->hex32())
                    .str());
}

void api_server::workloads(const httplib::Request& in, httplib::Response& out) {
  if (shared_.faults->take("list_html"))
    return reply_page(out, 502);
  auto body = read_body(in, out);
  if (!body)
    return;
  json_array list;
  for (auto& x : nodes_.list(json::boolean(*body, "running").value_or(false)))
    list.raw(workload_json(x));
  reply_json(out, list.str());
}

void api_server::stop(const httplib::Request& in, httplib::Response& out) {
  if (shared_.faults->take("stop_refuse"))
    return reply_page(out, 403);
  auto body = read_body(in, out);
  if (!body)
    return;
  auto id = json::string_or_empty(*body, "workload");
  auto what = nodes_.find_workload(id);
  auto now = unix_now();
  switch (nodes_.stop(id)) {
  case fleet::stop_outcome::unknown:
    return reply_message(out, 404, "Workload not found");
  case fleet::stop_outcome::not_running:
    return reply_message(out, 400, "Workload is not running");
  case fleet::stop_outcome::stopped:
    break;
  }
  auto hours = std::max(0.0, what->expires - now) / 3600;
  reply_json(out, json_object{}
                    .add("stopped", static_cast<int64_t>(now))
                    .add("refund_amount", hours * shared_.books->price())
                    .str());
}

void api_server::balance(httplib::Response& out) const {
  auto left = shared_.config->balance - shared_.books->charged();
  reply_json(out, json_object{}.add("balance", left).str());
}

} // namespace render::local_cloud
