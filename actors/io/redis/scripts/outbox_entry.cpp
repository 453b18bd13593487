#include "actors/io/redis/scripts/outbox_entry.hpp"

#include "actors/io/redis/scripts/codec.hpp"
#include "messages/job_params.hpp"
#include "messages/text/digest.hpp"
#include "messages/text/hex.hpp"

#include <algorithm>

namespace render::job_store {

namespace {

std::string text_at(reply& x, size_t index) {
  if (index >= x.elements.size())
    return {};
  auto& field = x.elements[index];
  return field.type == reply::kind::text ? std::move(field.text)
                                         : std::string{};
}

double number_at(reply& x, size_t index) {
  auto number = parse_number(text_at(x, index)).value_or(0);
  return number >= 0 && number < 9e15 ? number : 0;
}

/// Takes as long wherever they differ.
bool same_mac(std::string_view a, std::string_view b) {
  if (a.empty() || a.size() != b.size())
    return false;
  unsigned difference = 0;
  for (size_t i = 0; i < a.size(); ++i)
    difference |= static_cast<unsigned char>(a[i] ^ b[i]);
  return difference == 0;
}

job_outcome outcome_of(outbox_entry& x) {
  if (x.state == "failed")
    return failed_outcome({failure_kind::internal, std::move(x.error)});
  job_outcome out;
  out.result_url = std::move(x.result_url);
  out.text = std::move(x.result);
  return out;
}

} // namespace

std::string webhook_mac(std::string_view key, const webhook& x) {
  if (key.empty())
    return {};
  // Neither ids nor URLs hold line breaks; lengths tell them apart for sure.
  auto said = std::to_string(x.job_id.size()) + ' '
              + std::to_string(x.url.size()) + '\n' + x.job_id + x.url + x.body;
  return to_hex(hmac_sha256(key, said));
}

result<std::vector<outbox_entry>> decode_webhooks(reply x) {
  if (x.type == reply::kind::error)
    return fail(failure_of(x.text));
  if (x.type != reply::kind::array)
    return fail(failure_kind::internal,
                "Redis: unexpected reply to take_webhooks");
  std::vector<outbox_entry> out;
  for (auto& y : x.elements) {
    if (!y.is_array(8))
      continue;
    outbox_entry z;
    z.entry.job_id = text_at(y, 0);
    z.entry.id = text_at(y, 1);
    z.entry.url = text_at(y, 2);
    z.entry.body = text_at(y, 3);
    z.entry.attempts = static_cast<uint32_t>(
      std::min(number_at(y, 4), static_cast<double>(UINT32_MAX)));
    z.entry.created_ms = static_cast<int64_t>(number_at(y, 5));
    z.mac = text_at(y, 6);
    auto& record = y.elements[7];
    z.state = text_at(record, 0);
    z.data = text_at(record, 1);
    z.found_url = text_at(record, 2);
    z.error = text_at(record, 3);
    z.result_url = text_at(record, 4);
    z.result = text_at(record, 5);
    out.push_back(std::move(z));
  }
  return out;
}

result<std::optional<webhook>> trusted(outbox_entry x, std::string_view key) {
  auto out = x.entry;
  out.id = "msg_" + out.job_id;
  auto said_by_us = !out.body.empty() && same_mac(x.mac, webhook_mac(key, out));
  auto unsigned_anyway = key.empty() && !out.body.empty();
  if (x.state == "missing") {
    if (said_by_us || unsigned_anyway)
      return std::optional{std::move(out)};
    return fail(failure_kind::rejected,
                "its job has no record, and nothing shows that the body is "
                "ours");
  }
  auto wanted = x.data.empty() ? x.found_url : notify_url_of(x.data);
  auto says_nothing = x.data.empty() && x.found_url.empty();
  auto same_url = wanted == out.url && !out.url.empty();
  if (said_by_us && (same_url || says_nothing))
    return std::optional{std::move(out)};
  if (x.state == "open")
    return std::optional<webhook>{};
  if (wanted.empty() || (x.state != "success" && x.state != "failed"))
    return fail(failure_kind::rejected,
                "it is not what the job's record says of its webhook");
  out.url = std::move(wanted);
  job subject;
  subject.id = out.job_id;
  out.body = webhook_body(subject, outcome_of(x));
  return std::optional{std::move(out)};
}

} // namespace render::job_store
