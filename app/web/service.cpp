#include "app/web/service.hpp"

#include "app/records/redis.hpp"
#include "app/records/samples.hpp"
#include "app/web/file_api.hpp"
#include "app/web/fleet_api.hpp"
#include "app/web/job_api.hpp"
#include "app/web/json_object.hpp"
#include "app/web/legacy.hpp"
#include "app/web/openai_api.hpp"
#include "app/web/page.hpp"
#include "app/worker/listening.hpp"
#include "app/worker/status_address.hpp"
#include "messages/text/hex.hpp"
#include "messages/text/random_bytes.hpp"

#include <boost/asio/ip/address.hpp>

#include <chrono>
#include <fstream>
#include <sstream>

namespace render::web {

namespace {

using facts_ptr = std::shared_ptr<const service_facts>;

double steady_s() {
  auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration<double>(now).count();
}

failure needs_keys(const std::string& address) {
  return {failure_kind::invalid_input,
          "WEB_ADDRESS: " + address
            + " is reached from other machines, so WEB_KEYS_FILE is needed; "
              "without keys only loopback is served"};
}

result<keyring> read_keys(const std::string& path) {
  if (path.empty())
    return keyring{};
  std::ifstream in{path};
  if (!in)
    return fail(failure_kind::invalid_input,
                "WEB_KEYS_FILE: " + path + " cannot be read");
  std::stringstream text;
  text << in.rdbuf();
  auto keys = parse_keys(text.str());
  if (!keys)
    return fail(with_context("WEB_KEYS_FILE: " + path, keys.error()));
  if (keys->empty())
    return fail(failure_kind::invalid_input,
                "WEB_KEYS_FILE: " + path
                  + " has no key; make one with c3-render-web --make-key");
  return keyring{std::move(*keys)};
}

response me(const request& x, const service_facts& facts) {
  json_object out;
  out.add("name", x.who.name)
    .add("role", to_string(x.who.may))
    .add("version", facts.version)
    .some("commit", facts.commit);
  out.add("login", facts.login)
    .add("uploads", facts.files != nullptr)
    .add("upload_max", facts.upload_max)
    .add("time", records::unix_now());
  return answer(200, out.finish());
}

response follow_fleet(const request& x) {
  response out;
  out.stream = event_stream{{}, x.header("last-event-id"), {}, false};
  return out;
}

std::vector<route> session_routes(const std::shared_ptr<doorkeeper>& keeper) {
  auto login = [keeper](const request& x, records::redis&) {
    auto doc = json::parse(x.body);
    auto key = doc ? json::string_or_empty(*doc, "key") : std::string{};
    if (key.empty())
      return problem(400, "", {{"key", "nothing", "a key"}});
    auto token = random_bytes(32);
    if (!token)
      return problem(503, token.error().message);
    return keeper->login(x, key, to_hex(*token), steady_s());
  };
  auto logout = [keeper](const request& x, records::redis&) {
    return keeper->logout(x);
  };
  return {{"POST", "/login", role::nobody, login},
          {"POST", "/logout", role::nobody, logout}};
}

std::vector<route> general_routes(const facts_ptr& facts) {
  auto who = [facts](const request& x, records::redis&) {
    return me(x, *facts);
  };
  auto follow = [](const request& x, records::redis&) {
    return follow_fleet(x);
  };
  return {{"GET", "/v1/me", role::view, who},
          {"GET", "/v1/fleet/events", role::view, follow}};
}

} // namespace

std::vector<route> all_routes(const facts_ptr& facts,
                              const page::settings& pages) {
  std::vector<route> out;
  auto add = [&out](std::vector<route> more) {
    for (auto& x : more)
      out.push_back(std::move(x));
  };
  add(general_routes(facts));
  add(job_routes(facts));
  add(fleet_routes());
  add(file_routes(facts));
  add(openai_routes(facts));
  add(legacy_routes());
  add(page_routes(pages));
  return out;
}

result<void> service::check(const service_config& cfg) {
  auto keys = read_keys(cfg.keys_file);
  if (!keys)
    return fail(keys.error());
  boost::system::error_code is_name;
  auto address = boost::asio::ip::make_address(split_address(cfg.address).host,
                                               is_name);
  if (keys->empty() && !is_name && !address.is_loopback())
    return fail(needs_keys(cfg.address));
  return {};
}

result<std::unique_ptr<service>> service::start(service_config cfg, hooks to) {
  auto keys = read_keys(cfg.keys_file);
  if (!keys)
    return fail(keys.error());
  auto where = split_address(cfg.address);
  std::unique_ptr<service> out{new service};
  server_options how;
  how.host = where.host;
  how.port = where.port;
  how.more_ports = cfg.next_free ? 100 : 0;
  how.redis = cfg.redis;
  how.upload_folder = cfg.files_dir;
  how.limits.upload_bytes = cfg.upload_max;
  how.proxies = cfg.proxies;
  auto facts = std::make_shared<service_facts>();
  auto look = [facts](records::redis& db, const std::string& id) {
    return look_at_job(db, id, *facts, false);
  };
  auto each_minute = [facts](records::redis& db) {
    facts->files->sweep(records::unix_now());
    // A minute without a sample is a gap in a chart, no more.
    (void)records::take_sample(db);
  };
  auto no_keys = keys->empty();
  auto keeper = std::make_shared<doorkeeper>(doorkeeper::settings{
    std::move(*keys), cfg.base_path.empty() ? "/" : cfg.base_path,
    cfg.url.starts_with("https://")});
  router routes;
  routes.add(session_routes(keeper));
  routes.add(
    all_routes(facts, {cfg.assets_dir, cfg.base_path, cfg.storage_origin}));
  auto hosts = machine_names();
  hosts.push_back(where.host);
  hosts.insert(hosts.end(), cfg.hosts.begin(), cfg.hosts.end());
  out->gate_ = std::make_unique<gate>(gate::settings{cfg.base_path, hosts},
                                      std::move(routes), keeper);
  auto made = server::listen(
    std::move(how), *out->gate_,
    {std::move(to.audit), look, gists_of, each_minute, std::move(to.served)});
  if (!made)
    return fail(failure_kind::invalid_input, "WEB_ADDRESS: cannot listen on "
                                               + cfg.address + " ("
                                               + made.error().message + ")");
  if (no_keys && !(*made)->on_loopback())
    return fail(needs_keys(cfg.address));
  out->server_ = std::move(*made);
  auto origin = url_of({where.host, out->server_->port()});
  out->address_ = origin + cfg.base_path + "/";
  auto files = file_store::open(
    cfg.files_dir, cfg.url.empty() ? origin + cfg.base_path : cfg.url,
    cfg.files_ttl_s);
  if (!files)
    return fail(files.error());
  facts->files = std::make_shared<file_store>(std::move(*files));
  facts->base_path = cfg.base_path;
  facts->output_dir = cfg.output_dir;
  facts->upload_max = cfg.upload_max;
  facts->version = cfg.version;
  facts->commit = cfg.commit;
  facts->login = !no_keys;
  out->server_->serve();
  return out;
}

service::~service() {
  // Its handlers use the gate.
  server_.reset();
}

int service::port() const noexcept {
  return server_->port();
}

} // namespace render::web
