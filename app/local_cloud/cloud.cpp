#include "app/local_cloud/cloud.hpp"

#include "app/local_cloud/json_text.hpp"
#include "messages/text/json.hpp"

#include <spdlog/spdlog.h>

namespace render::local_cloud {

namespace {

namespace fs = std::filesystem;

constexpr size_t garbage_bytes = 512;

fs::path made(fs::path folder) {
  fs::create_directories(folder);
  return folder;
}

service_context shared_parts(const options& config, fault_board& faults,
                             ledger& books, random_source& random) {
  service_context out;
  out.config = &config;
  out.faults = &faults;
  out.books = &books;
  out.random = &random;
  return out;
}

} // namespace

cloud::cloud(const options& config, const fs::path& root)
  : config_(config), books_(config_.price), random_(config_.seed),
    nodes_(shared_parts(config_, faults_, books_, random_),
           made(root / "nodes")),
    api_(shared_parts(config_, faults_, books_, random_), nodes_),
    files_(config_.serve_dir.empty() ? made(root / "files")
                                     : fs::path{config_.serve_dir}) {
  for (auto& x : config_.faults)
    arm(x);
}

std::string cloud::environment() const {
  return "C3_API_KEY=" + config_.api_key + "\nC3_API_URL=" + base_
         + "/api/v0\nC3_NODE_URL=" + base_ + "/node/{node}\nC3_UI_URL=" + base_
         + "/ui/{node}\nC3_FILES_URL=" + base_
         + "\nALLOW_PRIVATE_URLS=127.0.0.0/8,::1\n";
}

void cloud::stop() {
  stop_.request_stop();
  nodes_.stop_all();
}

void cloud::handle(const httplib::Request& in, httplib::Response& out) {
  // Any web page may call, as with the real API: the key protects.
  // Administration has no key, so it is excluded.
  std::string_view path = in.path;
  if (!strip(path, "/cloud/")) {
    out.set_header("Access-Control-Allow-Origin", "*");
    if (in.method == "OPTIONS")
      return reply_preflight(out);
  }
  try {
    dispatch(in, out);
  } catch (const std::exception& error) {
    spdlog::error("{} {}: {}", in.method, in.path, error.what());
    reply_page(out, 500);
  }
  spdlog::debug("{} {} -> {}", in.method, in.path, out.status);
}

void cloud::dispatch(const httplib::Request& in, httplib::Response& out) {
  std::string_view path = in.path;
  bool get = in.method == "GET" || in.method == "HEAD";
  if (strip(path, "/api/v0")) {
    if (!played_fault({}, in, out))
      api_.handle(in, out, path);
  } else if (strip(path, "/node/")) {
    node_request(in, out, node_host::root, path);
  } else if (strip(path, "/ui/")) {
    node_request(in, out, node_host::ui, path);
  } else if (strip(path, "/cloud/")) {
    administer(in, out, path);
  } else if (path == "/files" && in.method == "POST") {
    if (from_loopback(in))
      files_.add(in, out, base_);
    else
      reply_message(out, 403, "files are taken from this machine only");
  } else if (get && strip(path, "/files/")) {
    files_.get(out, path);
  } else if (in.path == "/") {
    reply_text(out, "c3-local-cloud\n\n" + environment());
  } else {
    reply_page(out, 404);
  }
}

/// Plays the faults that concern any answer.
bool cloud::played_fault(const std::string& node, const httplib::Request& in,
                         httplib::Response& out) {
  auto of_any_answer = [](std::string_view argument) {
    return argument.find('=') == std::string_view::npos;
  };
  if (auto delay = faults_.take("slow", node, of_any_answer))
    if (!wait_unless_stopped(answer_delay(*delay), stop_.get_token())) {
      cut_connection(in);
      return true;
    }
  auto fits_path = [&](std::string_view argument) {
    return in.path.find(argument) != std::string::npos;
  };
  if (!faults_.take("garbage", node, fits_path))
    return false;
  out.set_content(random_.bytes(garbage_bytes), "application/octet-stream");
  return true;
}

void cloud::node_request(const httplib::Request& in, httplib::Response& out,
                         node_host host, std::string_view rest) {
  std::string name{rest.substr(0, rest.find('/'))};
  rest.remove_prefix(name.size());
  auto machine = nodes_.find(name);
  // 502 from a proxy that knows the name but finds no GPU; 404 for an unknown
  // name.
  if (!machine)
    return reply_page(out, nodes_.was_launched(name) ? 502 : 404);
  if (!played_fault(name, in, out))
    machine->handle(in, out, host, rest);
}

void cloud::administer(const httplib::Request& in, httplib::Response& out,
                       std::string_view path) {
  if (!from_loopback(in))
    return reply_message(out, 403, "administration is for this machine only");
  if (!has_local_host(in))
    return reply_message(out, 403, "Host is not this machine");
  // Every browser sends these headers; curl and the tests send none.
  if (in.has_header("Origin") || in.has_header("Sec-Fetch-Site"))
    return reply_message(out, 403, "administration is for no web page");
  bool get = in.method == "GET";
  if (get && path == "ledger")
    return reply_json(out, books_.to_json(unix_now()));
  if (get && path == "faults")
    return reply_json(out, faults_.to_json());
  if (in.method == "POST" && path == "faults")
    return arm_fault(in, out);
  if (in.method == "DELETE" && path == "faults") {
    faults_.clear();
    return reply_json(out, "[]");
  }
  reply_message(out, 404, "there are GET ledger and GET, POST, DELETE faults");
}

void cloud::arm_fault(const httplib::Request& in, httplib::Response& out) {
  auto body = json::parse(in.body);
  if (!body || !body->IsObject())
    return reply_message(out, 400,
                         R"(expected {"fault","arg","count","node"})");
  fault what;
  what.name = json::string_or_empty(*body, "fault");
  what.node = json::string_or_empty(*body, "node");
  if (auto* argument = json::find(*body, "arg"))
    what.argument = argument->IsString() ? argument->GetString()
                                         : json::to_text(*argument);
  auto count = json::integer(*body, "count").value_or(-1);
  if (count == 0 || count > 1'000'000)
    return reply_message(out, 400,
                         "count must be 1 or more; without it, the fault is "
                         "played until it is cleared");
  what.count = static_cast<int>(std::max<int64_t>(count, -1));
  if (auto done = arm(std::move(what)); !done)
    return reply_message(out, 400, done.error().message);
  reply_json(out, faults_.to_json());
}

result<void> cloud::arm(fault what) {
  bool listed = what.name == "die_listed_after";
  // A GPU takes such a fault at its launch, so a GPU that runs already is told
  // here.
  if (!what.node.empty() && (listed || what.name == "die_after")
      && nodes_.doom(what.node, number_or(what.argument, 0), listed))
    return {};
  return faults_.arm(std::move(what));
}

} // namespace render::local_cloud
