#include "app/local_cloud/node.hpp"

#include "app/local_cloud/comfyui_server.hpp"
#include "app/local_cloud/csm_app.hpp"
#include "app/local_cloud/vision_server.hpp"
#include "app/local_cloud/whisper_app.hpp"

namespace render::local_cloud {

node::node(const service_context& shared, std::string name,
           const std::string& type, const std::filesystem::path& root,
           bool never_boots)
  : name_(std::move(name)), key_(shared.config->api_key), dir_(root / name_),
    service_boot_(shared.config->service_boot_time),
    booted_(never_boots ? steady::time_point::max()
                        : steady::now() + shared.config->boot_time) {
  if (type.starts_with("ollama_webui:"))
    add_vision_services(shared);
  else
    add_media_services(shared);
}

node::~node() {
  stop();
  services_.clear();
  std::error_code ignored;
  std::filesystem::remove_all(dir_, ignored);
}

service_context node::context_for(const service_context& shared,
                                  const std::string& name) const {
  auto out = shared;
  out.node = name_;
  out.dir = dir_ / name;
  out.stop = stop_.get_token();
  std::filesystem::create_directories(out.dir);
  return out;
}

node::steady::time_point node::ready_at(const std::string& service) const {
  auto found = service_boot_.find(service);
  if (found == service_boot_.end() || booted_ == steady::time_point::max())
    return booted_;
  return booted_ + found->second;
}

void node::add_media_services(const service_context& shared) {
  auto add_app = [&](const std::string& service, auto endpoints) {
    auto context = context_for(shared, service);
    auto app = std::make_shared<gradio_app>(service, context,
                                            endpoints(context));
    services_.push_back({node_host::root, '/' + service, ready_at(service),
                         [this, app](auto& in, auto& out, auto path) {
                           app->handle(in, out, path, shared_from_this());
                         }});
  };
  add_app("csm", csm_endpoints);
  add_app("whisper", whisper_endpoints);
  auto comfyui
    = std::make_shared<comfyui_server>(context_for(shared, "comfyui"));
  services_.push_back({node_host::ui, "", ready_at("comfyui"),
                       [comfyui](auto& in, auto& out, auto path) {
                         comfyui->handle(in, out, path);
                       }});
  services_.push_back(
    {node_host::root, "", booted_, [](auto&, auto& out, auto path) {
       if (!path.empty() && path != "/")
         return reply_page(out, 404);
       out.set_content("<!doctype html><title>media</title>", "text/html");
     }});
}

void node::add_vision_services(const service_context& shared) {
  auto ollama = std::make_shared<vision_server>(context_for(shared, "ollama"));
  services_.push_back({node_host::root, "", ready_at("ollama"),
                       [this, ollama](auto& in, auto& out, auto path) {
                         if (!ollama->handle(in, out, path, shared_from_this()))
                           reply_text(out, "404 page not found", 404);
                       }});
  services_.push_back(
    {node_host::ui, "", booted_, [](auto&, auto& out, auto) {
       out.set_content("<!doctype html><title>Open WebUI</title>", "text/html");
     }});
}

bool node::is_authorized(const httplib::Request& in,
                         httplib::Response& out) const {
  auto given = in.get_header_value("X-C3-API-KEY");
  if (auto bearer = in.get_header_value("Authorization");
      given.empty() && bearer.starts_with("Bearer "))
    given = bearer.substr(7);
  if (given == key_)
    return true;
  reply_page(out, given.empty() ? 401 : 403);
  return false;
}

void node::handle(const httplib::Request& in, httplib::Response& out,
                  node_host host, std::string_view path) {
  auto now = steady::now();
  // Until the GPU is up there is no proxy of its own that could ask for the
  // key.
  if (now < booted_)
    return reply_page(out, 502);
  if (!is_authorized(in, out))
    return;
  for (auto& x : services_) {
    auto rest = path;
    if (x.host != host || !strip(rest, x.prefix)
        || !(x.prefix.empty() || rest.empty() || rest.front() == '/'))
      continue;
    if (now < x.ready)
      return reply_page(out, 502);
    return x.handle(in, out, rest);
  }
  reply_page(out, 404);
}

} // namespace render::local_cloud
