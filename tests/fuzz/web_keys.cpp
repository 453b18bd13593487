// WEB_KEYS_FILE, and what a request says who it is: the headers Authorization,
// Cookie, Origin and Host in four lines, then the file.
#include "app/web/access.hpp"
#include "messages/text/digest.hpp"
#include "messages/text/hex.hpp"
#include "tests/fuzz/fuzz.hpp"

#include <set>

using namespace render;
using namespace render::web;
using fuzz::must;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto text = fuzz::text_of(data, size);
  request x;
  for (auto* name : {"authorization", "cookie", "origin", "host"})
    x.headers[name] = fuzz::take_line(text);
  auto key = presented_key(x);
  must(key.empty() || x.header("authorization").ends_with(key),
       "a key is what was sent");
  auto token = cookie(x, session_cookie);
  must(token.find(';') == std::string::npos, "a cookie is one");
  must(x.header("cookie").find(token) != std::string::npos,
       "a cookie is what was sent");
  if (!x.header("origin").empty())
    must(is_cross_site(x)
           || x.header("origin").ends_with("://" + x.header("host")),
         "an origin is the host");
  auto keys = parse_keys(text);
  if (!keys) {
    fuzz::must_be_fit_to_show(keys.error());
    must(keys.error().message.size() < 200, "no line is told back");
    return 0;
  }
  std::set<std::string> names;
  std::string again;
  for (auto& one : *keys) {
    must(one.may != role::nobody, "a key may do something");
    must(one.sha256.size() == 64 && names.insert(one.name).second
           && fuzz::is_printable(one.name),
         "a key has a digest and a name of its own");
    again += key_line(one) + "\n";
  }
  auto copy = parse_keys(again);
  must(copy && copy->size() == keys->size(), "it reads the same once written");
  keyring ring{*keys};
  must(ring.empty() == keys->empty(), "no key is lost");
  // libFuzzer copies digests that it sees compared, so it may find one.
  if (ring.find(key))
    must(text.find(to_hex(sha256(key))) != std::string_view::npos,
         "a key is known by its digest alone");
  return 0;
}
