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
constexpr std::string_view frame_name = "index.html";

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
  for (auto& x : embedded_assets()) {
    std::string name{x.name};
    files_[name] = name == frame_name
                     ? content{form_of(based(std::string{x.bytes})), {}}
                     : content{form_of(std::string{x.bytes}),
                               form_of(std::string{x.packed})};
  }
}

page::form page::form_of(std::string bytes) {
  auto tag = "\"" + to_hex(sha256(bytes)).substr(0, 20) + "\"";
  return {std::move(bytes), std::move(tag)};
}

std::string page::based(std::string frame) const {
  for (auto at = frame.find(base_mark); at != std::string::npos;
       at = frame.find(base_mark, at))
    frame.replace(at, base_mark.size(), how_.base_path + "/");
  return frame;
}

std::optional<page::content> page::from_folder(const std::string& name) const {
  auto path = path_below(how_.folder, name);
  std::ifstream in{path ? *path : std::string{}, std::ios::binary};
  std::stringstream text;
  text << in.rdbuf();
  if (text.str().empty())
    return std::nullopt;
  return content{form_of(name == frame_name ? based(text.str()) : text.str()),
                 {}};
}

const page::content* page::found(const std::string& name) const {
  auto at = files_.find(name);
  return at == files_.end() ? nullptr : &at->second;
}

response page::answer_of(const request& x, const content& of,
                         const std::string& name) {
  auto packs = !of.packed.bytes.empty() && takes_gzip(x);
  auto& sent = packs ? of.packed : of.plain;
  response out;
  out.type = type_of(name);
  out.headers.emplace_back("ETag", sent.tag);
  out.headers.emplace_back("Cache-Control", "no-cache");
  out.headers.emplace_back("Vary", "Accept, Accept-Encoding");
  if (x.header("if-none-match") == sent.tag) {
    out.status = 304;
    return out;
  }
  if (packs)
    out.headers.emplace_back("Content-Encoding", "gzip");
  out.body = sent.bytes;
  return out;
}

response page::send(const request& x, const std::string& name) const {
  auto fresh = how_.folder.empty() ? std::nullopt : from_folder(name);
  auto* of = fresh ? &*fresh : found(name);
  return of ? answer_of(x, *of, name) : problem(404, "");
}

response page::frame(const request& x) const {
  auto out = send(x, std::string{frame_name});
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
  return name == frame_name ? problem(404, "") : send(x, name);
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
