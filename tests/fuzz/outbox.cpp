// Entries of the outbox, where anybody may have written. A line each: job id,
// URL, MAC, state, URL in the data, error, result URL; then body and data with
// a line "---" between.
#include "actors/io/redis/scripts/take_webhooks.hpp"
#include "messages/job_params.hpp"
#include "messages/text/json.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace render;
using namespace render::job_store;
using fuzz::must;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto text = fuzz::text_of(data, size);
  auto line = [&] {
    return reply::of(fuzz::take_line(text));
  };
  auto id = line();
  auto url = line();
  auto mac = line();
  auto state = line();
  auto found = line();
  auto error = line();
  auto result_url = line();
  constexpr std::string_view border = "\n---\n";
  auto end = std::min(text.find(border), text.size());
  auto body = reply::of(std::string{text.substr(0, end)});
  auto record_data = reply::of(
    std::string{text.substr(std::min(text.size(), end + border.size()))});
  auto record = reply::of({state, record_data, found, error, result_url,
                           reply::of(std::string{"said"})});
  auto entries = read_webhooks(reply::of({reply::of(
    {id, reply::of(std::string{}), url, body, reply::of(std::string{"1"}),
     reply::of(std::string{"17"}), mac, record})}));
  must(entries && entries->size() == 1, "an entry is read");
  auto& entry = entries->front();
  auto wanted = entry.data.empty() ? entry.found_url
                                   : notify_url_of(entry.data);
  // Nobody can guess the MAC, so nothing of the entry but its id may be sent.
  auto sent = trusted(entry, "a key that nobody knows");
  if (!sent) {
    fuzz::must_be_fit_to_show(sent.error());
  } else if (*sent) {
    auto& x = **sent;
    auto said = json::parse(x.body);
    must(x.url == wanted && !wanted.empty(), "the record says where to");
    must(said && json::string(*said, "id") == valid_utf8(x.job_id),
         "the body is made anew");
  }
  // What is ours goes as it is, unless the record wants it elsewhere.
  entry.mac = webhook_mac("key", entry.entry);
  auto ours = trusted(entry, "key");
  if (ours && *ours && !entry.entry.body.empty()
      && (wanted == entry.entry.url || entry.state == "missing"))
    must((*ours)->url == entry.entry.url || (*ours)->url == wanted,
         "what is ours goes where it should");
  return 0;
}
