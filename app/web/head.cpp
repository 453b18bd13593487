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
  auto& length = x.header("content-length");
  // "5, 5" may be read as 5, or as nothing: no two readers must differ.
  if (length.find_first_not_of("0123456789") != std::string::npos)
    return "Content-Length is no number";
  if (!coding.empty() && !length.empty())
    return "Content-Length and Transfer-Encoding exclude each other";
  if (!coding.empty() && (coding != "chunked" || version < 11))
    return "the only Transfer-Encoding is chunked";
  return std::nullopt;
}

response too_long() {
  return problem(431, "a request has 16 KiB of headers at most");
}

/// The last of a list is what the proxy itself has seen.
std::string last_of(const std::string& list) {
  auto comma = list.find_last_of(", ");
  return comma == std::string::npos ? list : list.substr(comma + 1);
}

} // namespace

read_head head_of(const http::request_header<>& head, std::string peer,
                  const std::vector<std::string>& proxies, size_t most) {
  read_head out;
  std::optional<std::string> flaw;
  out.x.method = std::string{head.method_string()};
  auto bytes = head.target().size();
  for (auto& field : head) {
    bytes += field.name_string().size() + field.value().size() + 4;
    auto name = lower({field.name_string().data(), field.name_string().size()});
    std::string value{field.value()};
    auto [at, fresh] = out.x.headers.emplace(name, value);
    if (!fresh)
      at->second += ", " + value;
    if (!fresh && comes_once(name))
      flaw = "a header that may come once came twice";
  }
  auto by_proxy = std::find(proxies.begin(), proxies.end(), peer);
  out.x.peer = std::move(peer);
  if (auto client = last_of(out.x.header("x-forwarded-for"));
      by_proxy != proxies.end() && !client.empty())
    out.x.peer = excerpt(client, 60);
  if (!flaw)
    flaw = flaw_of(out.x, head.version());
  if (bytes > most)
    out.refused = too_long();
  else if (flaw)
    out.refused = problem(400, *flaw);
  return out;
}

std::optional<response> refusal_of(boost::system::error_code err) {
  if (err == http::error::header_limit || err == http::error::buffer_overflow)
    return too_long();
  if (err == beast::error::timeout)
    return std::nullopt;
  auto& of_http = http::make_error_code(http::error::end_of_stream).category();
  if (err.category() == of_http && err != http::error::end_of_stream
      && err != http::error::partial_message)
    return problem(400, "no HTTP request");
  return std::nullopt;
}

} // namespace render::web
