#include "app/web/gate.hpp"

#include "app/web/multipart.hpp"
#include "app/worker/status_address.hpp"
#include "messages/text/lower.hpp"

namespace render::web {

namespace {

bool is_safe(std::string_view method) {
  return method == "GET" || method == "HEAD";
}

bool has_body(const request& x) {
  auto& length = x.header("content-length");
  return !x.header("transfer-encoding").empty()
         || (!length.empty() && length != "0");
}

bool is_json(std::string_view type) {
  auto end = type.find_first_of("; ");
  return lower(type.substr(0, end)) == "application/json";
}

} // namespace

gate::gate(settings how, router routes, std::shared_ptr<doorkeeper> keeper)
  : how_(std::move(how)), routes_(std::move(routes)),
    keeper_(std::move(keeper)) {
  // nop
}

gate::verdict gate::admit(request& x, std::string_view target, double now_s) {
  if (!is_our_host(x.header("host"), how_.hosts))
    return {nullptr, problem(421, "this Host is not one of mine; see "
                                  "WEB_HOSTS")};
  auto& base = how_.base_path;
  if (!target.starts_with(base)
      || (target.size() > base.size() && target[base.size()] != '/'
          && target[base.size()] != '?'))
    return {nullptr, problem(404, "")};
  target.remove_prefix(base.size());
  auto where = parse_target(
    target.starts_with('/') ? std::string{target} : "/" + std::string{target});
  if (!where)
    return {nullptr, problem(400, where.error().message)};
  auto found = routes_.find(x.method, *where);
  x.path = where->path();
  x.query = std::move(where->query);
  x.vars = std::move(found.vars);
  if (!found.to && found.allowed.empty())
    return {nullptr, problem(404, "")};
  if (!found.to) {
    auto out = problem(405, "");
    out.headers.emplace_back("Allow", found.allowed);
    return {nullptr, std::move(out)};
  }
  if (!is_safe(x.method) && is_cross_site(x))
    return {nullptr, problem(403, "a page of another origin sent this")};
  auto from = keeper_->sender_of(x, now_s);
  if (from.refused)
    return {nullptr, std::move(*from.refused)};
  x.who = std::move(from.who);
  auto least = found.to->least;
  if (x.who.may < least && x.who.may == role::nobody)
    return {nullptr, unauthorized("a key is needed here: Authorization: Bearer "
                                  "KEY, or X-C3-RENDER-KEY")};
  if (x.who.may < least)
    return {nullptr,
            problem(403, "the role of this key is "
                           + std::string{to_string(x.who.may)} + "; "
                           + std::string{to_string(least)} + " is needed")};
  auto& type = x.header("content-type");
  auto takes = found.to->takes;
  if (takes == route::body::files && x.method == "POST" && !boundary_of(type))
    return {nullptr, problem(415, "",
                             {{"Content-Type", type,
                               "multipart/form-data; boundary=…"}})};
  if (takes == route::body::json && has_body(x) && !is_json(type))
    return {nullptr,
            problem(415, "", {{"Content-Type", type, "application/json"}})};
  return {found.to, {}};
}

} // namespace render::web
