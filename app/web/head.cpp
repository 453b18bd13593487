#include "app/web/head.hpp"

#include "messages/http.hpp"
#include "messages/text/lower.hpp"

#include <boost/beast/core.hpp>

#include <algorithm>

namespace render::web {

namespace {

namespace beast = boost::beast;
namespace http = beast::http;

bool comes_once(std::string_view name) {
  return name == "host" || name == "authorization" || name == "content-length"
         || name == "transfer-encoding" || name == "cookie";
}

std::optional<std::string> flaw_of(const request& x, unsigned version) {
  if (version >= 11 && x.header("host").empty())
    return "no Host";
  auto coding = lower(x.header("transfer-encoding"));
  if (!coding.empty() && !x.header("content-length").empty())
    return "Content-Length and Transfer-Encoding exclude each other";
  if (!coding.empty() && (coding != "chunked" || version < 11))
    return "the only Transfer-Encoding is chunked";
  return std::nullopt;
}

/// The last of a list is what the proxy itself has seen.
std::string last_of(const std::string& list) {
  auto comma = list.find_last_of(", ");
  return comma == std::string::npos ? list : list.substr(comma + 1);
}

} // namespace

read_head head_of(const http::request_header<>& head, std::string peer,
                  const std::vector<std::string>& proxies) {
  read_head out;
  out.x.method = std::string{head.method_string()};
  for (auto& field : head) {
    auto name = lower({field.name_string().data(), field.name_string().size()});
    std::string value{field.value()};
    auto [at, fresh] = out.x.headers.emplace(name, value);
    if (!fresh)
      at->second += ", " + value;
    if (!fresh && comes_once(name))
      out.flaw = "a header that may come once came twice";
  }
  auto by_proxy = std::find(proxies.begin(), proxies.end(), peer);
  out.x.peer = std::move(peer);
  if (auto client = last_of(out.x.header("x-forwarded-for"));
      by_proxy != proxies.end() && !client.empty())
    out.x.peer = excerpt(client, 60);
  if (!out.flaw)
    out.flaw = flaw_of(out.x, head.version());
  return out;
}

std::optional<response> refusal_of(boost::system::error_code err) {
  if (err == http::error::header_limit || err == http::error::buffer_overflow)
    return problem(431, "a request has 16 KiB of headers at most");
  if (err == beast::error::timeout)
    return std::nullopt;
  auto& of_http = http::make_error_code(http::error::end_of_stream).category();
  if (err.category() == of_http && err != http::error::end_of_stream
      && err != http::error::partial_message)
    return problem(400, "no HTTP request");
  return std::nullopt;
}

} // namespace render::web
