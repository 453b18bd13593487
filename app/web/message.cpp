#include "app/web/message.hpp"

#include "messages/http.hpp"
#include "messages/text/json.hpp"

namespace render::web {

namespace {

/// Of a value that is told back.
constexpr size_t told_max = 100;

const std::string& found_in(const std::map<std::string, std::string>& all,
                            const std::string& name) {
  static const std::string none;
  auto at = all.find(name);
  return at == all.end() ? none : at->second;
}

} // namespace

std::string_view to_string(role x) noexcept {
  switch (x) {
  case role::view:
    return "view";
  case role::submit:
    return "submit";
  case role::operate:
    return "operate";
  case role::nobody:
    break;
  }
  return "nobody";
}

const std::string& request::header(const std::string& name) const {
  return found_in(headers, name);
}

std::optional<std::string> request::param(const std::string& name) const {
  auto at = query.find(name);
  if (at == query.end())
    return std::nullopt;
  return at->second;
}

std::string_view title_of(unsigned status) noexcept {
  switch (status) {
  case 400:
    return "Bad Request";
  case 401:
    return "Unauthorized";
  case 403:
    return "Forbidden";
  case 404:
    return "Not Found";
  case 405:
    return "Method Not Allowed";
  case 408:
    return "Request Timeout";
  case 409:
    return "Conflict";
  case 411:
    return "Length Required";
  case 413:
    return "Content Too Large";
  case 414:
    return "URI Too Long";
  case 415:
    return "Unsupported Media Type";
  case 416:
    return "Range Not Satisfiable";
  case 421:
    return "Misdirected Request";
  case 422:
    return "Unprocessable Content";
  case 429:
    return "Too Many Requests";
  case 431:
    return "Request Header Fields Too Large";
  case 500:
    return "Internal Server Error";
  case 503:
    return "Service Unavailable";
  case 507:
    return "Insufficient Storage";
  default:
    return status < 400 ? "OK" : "Error";
  }
}

response answer(unsigned status, std::string text) {
  response out;
  out.status = status;
  out.body = std::move(text);
  return out;
}

response problem(unsigned status, std::string_view detail,
                 const std::vector<field_error>& errors, std::string_view job) {
  std::string text = "{\"type\":\"about:blank\",\"title\":"
                     + json::quote(title_of(status))
                     + ",\"status\":" + std::to_string(status);
  if (!detail.empty())
    text += ",\"detail\":" + json::quote(detail);
  if (!errors.empty()) {
    text += ",\"errors\":[";
    for (auto& x : errors)
      text += (text.back() == '[' ? "" : ",")
              + ("{\"field\":" + json::quote(x.field))
              + ",\"got\":" + json::quote(excerpt(x.got, told_max))
              + ",\"accepted\":" + json::quote(x.accepted) + "}";
    text += "]";
  }
  if (!job.empty())
    text += ",\"job\":" + json::quote(job);
  auto out = answer(status, text + "}");
  out.type = "application/problem+json";
  return out;
}

} // namespace render::web
