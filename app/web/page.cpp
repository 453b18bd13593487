#include "app/web/page.hpp"

#include "app/records/redis.hpp"
#include "app/web/legacy.hpp"
#include "messages/text/digest.hpp"
#include "messages/text/hex.hpp"
#include "messages/text/path_below.hpp"

#include <fstream>
#include <memory>
#include <sstream>

namespace render::web {

namespace {

constexpr std::string_view base_mark = "{{base}}";

std::string type_of(std::string_view name) {
  if (name.ends_with(".js"))
    return "text/javascript; charset=utf-8";
  if (name.ends_with(".css"))
    return "text/css; charset=utf-8";
  if (name.ends_with(".svg"))
    return "image/svg+xml";
  if (name.ends_with(".html"))
    return "text/html; charset=utf-8";
  if (name.ends_with(".json"))
    return "application/json";
  return "application/octet-stream";
}

/// "gzip;q=0" is a rare way to say no, and counts as one.
bool takes_gzip(const request& x) {
  auto& codings = x.header("accept-encoding");
  return codings.find("gzip") != std::string::npos
         && codings.find("gzip;q=0") == std::string::npos;
}

bool wants_page(const request& x) {
  return x.header("accept").find("text/html") != std::string::npos;
}

} // namespace

page::page(settings how) : how_(std::move(how)) {
  // nop
}

page::content page::content_of(const std::string& name) const {
  if (!how_.folder.empty()) {
    auto path = path_below(how_.folder, name);
    std::ifstream in{path ? *path : std::string{}, std::ios::binary};
    std::stringstream out;
    out << in.rdbuf();
    if (!out.str().empty())
      return {out.str(), {}};
  }
  for (auto& x : embedded_assets())
    if (x.name == name)
      return {std::string{x.bytes}, std::string{x.packed}};
  return {};
}

response page::with_tag(const request& x, content of, std::string type) const {
  auto packs = !of.packed.empty() && takes_gzip(x);
  auto& text = packs ? of.packed : of.text;
  auto tag = "\"" + to_hex(sha256(text)).substr(0, 20) + "\"";
  response out;
  out.type = std::move(type);
  out.headers.emplace_back("ETag", tag);
  out.headers.emplace_back("Cache-Control", "no-cache");
  out.headers.emplace_back("Vary", "Accept, Accept-Encoding");
  if (x.header("if-none-match") == tag) {
    out.status = 304;
    return out;
  }
  if (packs)
    out.headers.emplace_back("Content-Encoding", "gzip");
  out.body = std::move(text);
  return out;
}

response page::frame(const request& x) const {
  auto text = content_of("index.html").text;
  for (auto at = text.find(base_mark); at != std::string::npos;
       at = text.find(base_mark, at))
    text.replace(at, base_mark.size(), how_.base_path + "/");
  auto out = with_tag(x, {std::move(text), {}}, type_of("index.html"));
  auto media = how_.storage_origin.empty() ? "" : " " + how_.storage_origin;
  out.headers.emplace_back(
    "Content-Security-Policy",
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src "
    "'self'; img-src 'self' data: blob:"
      + media + "; media-src 'self' blob:" + media
      + "; base-uri 'self'; form-action 'self'; frame-ancestors 'none'");
  out.headers.emplace_back("X-Frame-Options", "DENY");
  return out;
}

response page::file(const request& x, const std::string& name) const {
  auto of = content_of(name);
  if (of.text.empty() || name == "index.html")
    return problem(404, "");
  return with_tag(x, std::move(of), type_of(name));
}

std::vector<route> page_routes(page::settings how) {
  auto all = std::make_shared<page>(std::move(how));
  auto frame = [all](const request& x, records::redis&) {
    return all->frame(x);
  };
  auto root = [all](const request& x, records::redis&) {
    return wants_page(x) ? all->frame(x) : legacy_root(records::unix_now());
  };
  auto file = [all](const request& x, records::redis&) {
    return all->file(x, x.vars.at("name"));
  };
  auto description = [all](const request& x, records::redis&) {
    return all->file(x, "openapi.json");
  };
  std::vector<route> out{{"GET", "/", role::nobody, root},
                         {"GET", "/assets/{name}", role::nobody, file},
                         {"GET", "/openapi.json", role::nobody, description}};
  for (auto* path : {"/jobs", "/jobs/{id}", "/gpus", "/gpus/{id}", "/webhooks",
                     "/workers", "/new", "/login"})
    out.push_back({"GET", path, role::nobody, frame});
  return out;
}

} // namespace render::web
