// URLs of producers, receivers and nodes.
#include "actors/io/http/web_target.hpp"
#include "actors/io/websocket/socket_address.hpp"
#include "actors/webhook/receiver.hpp"
#include "messages/text/web_url.hpp"
#include "tests/fuzz/fuzz.hpp"

#include <arpa/inet.h>

using namespace render;
using fuzz::must;

namespace {

void check(const web_target& x) {
  must(x.scheme == "http" || x.scheme == "https", "the scheme");
  must(x.port > 0, "the port");
  must(!x.host.empty() && fuzz::is_printable(x.host)
         && x.host.find_first_of("/?#@[] ") == std::string::npos,
       "a host is a host");
  // A user's name may be in any encoding.
  must(is_web_url(x.url) && fuzz::is_printable(valid_utf8(x.url)),
       "a URL is one");
  // A resolver would take 127.1 and 0x7f000001 for addresses.
  in_addr address{};
  must(inet_aton(x.host.c_str(), &address) == 0 || x.literal.has_value(),
       "what is an address is known to be one");
  must(x.literal == parse_ip(x.host), "an address is the host");
  auto again = read_web_target(x.url);
  must(again && again->host == x.host && again->port == x.port
         && again->scheme == x.scheme && again->literal == x.literal,
       "what is dialled is what was checked");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string text{fuzz::text_of(data, size)};
  auto normal = normalized_url(text);
  must(normalized_url(normal) == normal, "a URL is normal after once");
  if (is_web_url(text))
    must(fuzz::is_printable(valid_utf8(text)), "a URL moves no cursor");
  auto target = read_web_target(text);
  if (target)
    check(*target);
  else
    fuzz::must_be_fit_to_show(target.error());
  auto origin = origin_of(text);
  must(origin.empty() == !target, "a URL has an origin");
  auto shown = redacted_url(text);
  must(shown.find_first_of("?#") == std::string::npos, "no query is shown");
  if (target) {
    // The same host, wherever it is read for.
    auto host = webhook_sender::host_of(text);
    must(host.find('@') == std::string::npos, "no password is shown");
    must(webhook_sender::shown_url(text).find('@') == std::string::npos,
         "no password is shown");
  }
  webhook_sender::without_paths(text, "https://hooks.example/T0/secret?x=1");
  auto socket = read_socket_address(text);
  must(socket.target.starts_with('/'), "a WebSocket has a path");
  must(socket.host.empty() == (socket.port == 0), "host and port");
  return 0;
}
