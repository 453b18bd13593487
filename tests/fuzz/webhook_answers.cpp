// A receiver's answer, and texts about it: Retry-After in the first line.
#include "actors/webhook/receiver.hpp"
#include "messages/text/lower.hpp"
#include "tests/fuzz/fuzz.hpp"

#include <algorithm>
#include <cctype>

using namespace render;
using fuzz::must;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto text = fuzz::text_of(data, size);
  http_response x;
  x.status = 429;
  x.headers["retry-after"] = fuzz::take_line(text);
  auto wait = retry_after(x, 1.7e9);
  must(wait.count() >= 0, "a wait is not before now");
  must(wait <= std::chrono::hours{24 * 366 * 10'000}, "a wait has an end");
  auto url = fuzz::take_line(text);
  if (!is_web_url(url))
    return 0;
  auto path = url.find_first_of("/?#", url.find("://") + 3);
  auto secret = path == std::string::npos ? std::string{} : url.substr(path);
  webhook_sender::without_paths(text, url);
  auto shown = webhook_sender::without_paths("calling " + url + " failed", url);
  // The host of "https://secret/secret" is no secret.
  auto is_plain = std::all_of(secret.begin(), secret.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '/' || c == '-';
  });
  if (secret.size() >= 8 && is_plain
      && lower(url.substr(0, path)).find(lower(secret.substr(1)))
           == std::string::npos)
    must(shown.find(secret) == std::string::npos, "no path is told");
  return 0;
}
