// WEBHOOK_SECRET, and a signature that is checked: secrets in the first line,
// then id, timestamp and signature, then the body.
#include "actors/webhook/signature.hpp"
#include "app/ctl/webhook_check.hpp"
#include "messages/text/base64.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace render;
using fuzz::must;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto text = fuzz::text_of(data, size);
  must(from_base64(to_base64(text)) == text, "base64 that is written is read");
  if (auto bytes = from_base64(text))
    must(to_base64(*bytes).size() == text.size(),
         "each symbol of base64 is read");
  auto line = fuzz::take_line(text);
  auto keys = webhook_sender::parse_secrets(line);
  if (!keys) {
    fuzz::must_be_fit_to_show(keys.error());
    return 0;
  }
  for (auto& key : *keys)
    must(!key.empty(), "a key has bytes");
  auto id = fuzz::take_line(text);
  auto time = fuzz::take_line(text);
  auto signature = fuzz::take_line(text);
  auto flaw = ctl::signature_flaw(*keys, {id, time, signature}, text, 1e9);
  must(fuzz::is_printable(flaw), "a flaw is printable");
  auto ours = webhook_sender::sign(*keys, "msg_1", 1'000'000'000, text);
  must(ours.empty() == keys->empty(), "keys sign");
  ctl::webhook_headers sent{"msg_1", "1000000000", ours};
  must(keys->empty() || ctl::signature_flaw(*keys, sent, text, 1e9).empty(),
       "what is signed is accepted");
  must(!ctl::signature_flaw(*keys, sent, std::string{text} + ".", 1e9).empty(),
       "another body is not");
  return 0;
}
