// URLs of results: endpoint, bucket, name, time, a line each.
#include "actors/io/object_store/s3_policy.hpp"
#include "actors/io/object_store/sigv4.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace render;
using fuzz::must;

namespace {

std::string decoded(std::string_view x) {
  std::string out;
  for (size_t i = 0; i < x.size(); ++i)
    if (x[i] == '%') {
      must(i + 2 < x.size(), "an escape has two digits");
      out += static_cast<char>(
        std::stoi(std::string{x.substr(i + 1, 2)}, nullptr, 16));
      i += 2;
    } else {
      out += x[i];
    }
  return out;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto text = fuzz::text_of(data, size);
  auto where = s3::parse_endpoint(fuzz::take_line(text), false);
  must(where.host.find('/') == std::string::npos, "a host has no path");
  auto bucket = fuzz::take_line(text);
  auto now_s = std::abs(fuzz::take_number(text) % 4'000'000'000);
  std::string name{text};
  auto key = s3::object_key(name);
  if (!key) {
    fuzz::must_be_fit_to_show(key.error(), 2'000);
    return 0;
  }
  must(*key == "output/" + name, "a result stays in its folder");
  auto path = s3::object_path(bucket, *key);
  must(decoded(path) == "/" + bucket + "/" + *key,
       "a path says bucket and key");
  s3::signer signer{{"access", "secret-of-ours", "us-east-1"}};
  s3::endpoint fixed{"https", "s3.example"};
  auto url = signer.presign_get(fixed, path, now_s, 604'800);
  must(is_web_url(url) && url.starts_with("https://s3.example/"),
       "a result has a URL");
  must(url.find('#') == std::string::npos && url.find('?') == url.rfind('?'),
       "the name is no part of the query");
  must(url.find("secret-of-ours") == std::string::npos
         || name.find("secret-of-ours") != std::string::npos
         || bucket.find("secret-of-ours") != std::string::npos,
       "the secret stays here");
  for (auto& header : signer.sign_request(fixed, "PUT", path, now_s,
                                          "UNSIGNED-PAYLOAD", "audio/mpeg"))
    must(fuzz::is_printable(header.value), "a header is one line");
  return 0;
}
