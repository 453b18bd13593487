#include "actors/io/redis/scripts/outbox_entry.hpp"

#include "actors/io/redis/scripts/codec.hpp"
#include "messages/job_params.hpp"
#include "messages/text/digest.hpp"
#include "messages/text/hex.hpp"

namespace render::job_store {

namespace {

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
