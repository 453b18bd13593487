// Replies of our Redis scripts, as they come over the wire.
#include "actors/io/redis/link/hiredis_reply.hpp"
#include "actors/io/redis/scripts/ask_owner.hpp"
#include "actors/io/redis/scripts/claimed_jobs.hpp"
#include "actors/io/redis/scripts/count.hpp"
#include "actors/io/redis/scripts/peek.hpp"
#include "actors/io/redis/scripts/recover.hpp"
#include "actors/io/redis/scripts/settle.hpp"
#include "actors/io/redis/scripts/take_gpus.hpp"
#include "actors/io/redis/scripts/view_gpus.hpp"
#include "messages/job_params.hpp"
#include "messages/text/json.hpp"
#include "tests/fuzz/fuzz.hpp"

#include <hiredis/hiredis.h>

#include <cmath>
#include <memory>
#include <optional>

using namespace render;
using namespace render::job_store;
using fuzz::must;

namespace {

std::optional<reply> read_reply(std::string_view wire) {
  auto reader = make_reader();
  redisReaderFeed(reader.get(), wire.data(), wire.size());
  void* got = nullptr;
  if (redisReaderGetReply(reader.get(), &got) != REDIS_OK || !got)
    return std::nullopt;
  std::unique_ptr<void, void (*)(void*)> owned{got, freeReplyObject};
  return to_reply(*static_cast<redisReply*>(got));
}

template <class T>
void must_be_fit_to_show(const result<T>& x) {
  if (!x)
    fuzz::must_be_fit_to_show(x.error());
}

void check(const job& x) {
  for (auto time : {x.created_at_s, x.complete_by_s, x.max_time_s})
    must(std::isfinite(time), "a time is a number");
  must(x.history.size() <= 20, "a history is short");
  if (auto params = validate(x); !params)
    fuzz::must_be_fit_to_show(params.error());
  for (auto& outcome : {failed_outcome({failure_kind::internal, x.type}),
                        job_outcome{x.data, {}}}) {
    auto body = json::parse(webhook_body(x, outcome));
    must(body && json::string(*body, "id") == valid_utf8(x.id),
         "a webhook is JSON and names its job");
  }
}

void check_claim(const reply& x) {
  auto claim = read_claim(x);
  if (!claim)
    return fuzz::must_be_fit_to_show(claim.error());
  for (auto& y : claim->jobs)
    check(y);
  for (auto& y : claim->unfit) {
    check(y.subject);
    fuzz::must_be_fit_to_show(y.reason);
  }
}

reply entry_of(const gpu_entry& x) {
  std::vector<reply> out{reply::of(x.id)};
  auto fields = gpu_fields(x);
  for (size_t i = 1; i < fields.size(); i += 2)
    out.push_back(reply::of(fields[i]));
  return reply::of(std::move(out));
}

void check_gpus(const reply& x) {
  auto taken = read_take_gpus(x);
  if (!taken)
    return fuzz::must_be_fit_to_show(taken.error());
  std::vector<reply> written;
  for (auto& y : taken->entries) {
    must(std::isfinite(y.intent_s) && std::isfinite(y.launched_s),
         "a time of the ledger is a number");
    written.push_back(entry_of(y));
  }
  for (auto& [id, idle_s] : taken->given)
    must(std::isfinite(idle_s) && idle_s >= 0, "a GPU was idle for some time");
  auto again = read_take_gpus(
    reply::of({reply::of(std::move(written)), reply::of(std::vector<reply>{}),
               reply::of(int64_t{0}), reply::of(std::vector<reply>{})}));
  must(again && again->entries == taken->entries,
       "an entry that is written is read again");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto read = read_reply(fuzz::text_of(data, size));
  if (!read)
    return 0;
  auto& x = *read;
  check_claim(x);
  check_gpus(x);
  if (auto peek = read_peek(x); !peek)
    fuzz::must_be_fit_to_show(peek.error());
  else
    for (auto& y : peek->seen.waiting)
      check(y);
  if (auto found = read_recover(x); !found)
    fuzz::must_be_fit_to_show(found.error());
  else
    must(found->workers > 0, "there is one worker at least");
  must_be_fit_to_show(read_owner(x));
  must_be_fit_to_show(read_settle(x));
  must_be_fit_to_show(decode_version(x));
  must_be_fit_to_show(read_count(x));
  must_be_fit_to_show(read_view_gpus(x));
  return 0;
}
