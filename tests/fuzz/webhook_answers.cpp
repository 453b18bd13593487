// A receiver's answer, and texts about it: Retry-After in the first line.
#include "actors/webhook/receiver.hpp"
#include "messages/lower.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace render;
using fuzz::must;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto text = fuzz::text_of(data, size);
  http_response x;
  x.status = 429;
  x.headers["retry-after"] = fuzz::take_line(text);
  auto wait = webhook_sender::retry_after(x, 1.7e9);
  must(wait.count() >= 0, "a wait is not before now");
  must(wait <= std::chrono::hours{24 * 366 * 10'000}, "a wait has an end");
  auto url = fuzz::take_line(text);
  if (!is_web_url(url))
    return 0;
  auto path = url.find_first_of("/?#", url.find("://") + 3);
  auto shown = webhook_sender::without_paths(std::string{text} + " " + url,
                                             url);
  auto secret = path == std::string::npos ? std::string{} : url.substr(path);
  // Of "https://h/h" the host alone looks like the path, of "https://h//h" with
  // what stands before it; and so may another URL's host in the text.
  auto hosts = lower(std::string{text}) + " " + webhook_sender::shown_url(url);
  auto in_host = secret.starts_with("//")
                 || hosts.find("/" + lower(secret)) != secret.npos;
  auto is_word = secret.find_first_of(" \t\r\n\"'<>") == secret.npos;
  if (secret.size() > 1 && is_word && !in_host)
    must(shown.find(secret) == std::string::npos, "no path is told");
  return 0;
}
