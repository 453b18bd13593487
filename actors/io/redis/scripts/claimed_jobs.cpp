#include "actors/io/redis/scripts/claimed_jobs.hpp"

#include "actors/io/redis/scripts/keys.hpp"
#include "actors/io/redis/scripts/reading.hpp"
#include "messages/http.hpp"
#include "messages/job_params.hpp"
#include "messages/public_error.hpp"
#include "messages/text/json.hpp"
#include "messages/text/loose_number.hpp"
#include "messages/text/utf8.hpp"

#include <cmath>

namespace render::job_store {

namespace {

/// The error of an id without a record; the id follows it.
constexpr std::string_view missing_record_text
  = "job record missing: the id was in the queue, but there is no hash job:";

failure reason_of(std::string_view reason, const job& subject,
                  const std::string& flaw) {
  if (reason == "expired")
    return {failure_kind::deadline_passed, std::string{expired_text}};
  if (reason == "missing")
    return {failure_kind::invalid_input,
            std::string{missing_record_text} + excerpt(subject.id, 80)};
  if (reason == "fence")
    return {failure_kind::invalid_input,
            "fence: got " + json::quote(valid_utf8(excerpt(flaw, 80)))
              + ", accepted is a whole number from 0 to 2^53, or none"};
  if (reason == "data")
    return {failure_kind::invalid_input, "data: got " + excerpt(flaw, 80)
                                           + " bytes, accepted is at most "
                                           + std::to_string(data_bytes_max)};
  return {failure_kind::invalid_input,
          "Unknown job type: " + json::quote(excerpt(subject.type, 80))
            + ", accepted is one of csm, whisper, portrait, analyze"};
}

// A time of the record; what cannot be read counts as absent and is told.
double time_field(const std::string& text, std::string_view name,
                  std::vector<std::string>& unread) {
  if (text.empty())
    return 0;
  if (auto x = loose_number(text); x && std::isfinite(*x))
    return *x;
  unread.push_back(std::string{name} + ": got "
                   + json::quote(valid_utf8(excerpt(text, 80)))
                   + ", accepted is a number of seconds; it counts as absent");
  return 0;
}

} // namespace

std::vector<std::string> keys_of(const claimer& x) {
  auto& prefix = x.worker.prefix;
  return {std::string{keys::queue}, keys::running(prefix, x.worker.id),
          keys::leases(prefix),     keys::mark(prefix, x.mark.session),
          keys::events(prefix),     keys::ended(prefix)};
}

std::vector<std::string> argv_of(const claimer& x) {
  return redis_words(x.worker.id, x.now_s, x.worker.lock, x.worker.lease,
                     x.mark.confirmed, x.mark.number, x.made_record,
                     missing_record_text, x.ids_max, x.ended.most,
                     x.ended.kept);
}

const std::string_view claimer_lua = R"lua(
local queue, running, leases, mark, events, ended = unpack(KEYS)
local worker, now, lock_s, lease_ms, confirmed, number, made_s, missing_text,
      ids_max, ended_max, ended_s = unpack(ARGV, 1, 11)
ids_max = tonumber(ids_max)
)lua";

// Of one more job that is taken, `take` only reads. All is written at the end,
// what many jobs share in one command: first the sets that say whose they are,
// so that what fails there has changed no job, then the jobs, last the queue.
// The first of these writes is one that Redis refuses when out of memory.
const std::string_view take_lua = R"lua(
-- What a claim asks of a record, behind status and locked_by.
local wide = {'type', 'complete_by', 'attempt', 'created_at', 'max_time',
              'fence', 'job_ttl', 'traceparent', 'tracestate', 'settled_by',
              'cancelling', 'finished_at', 'stage', 'progress'}
local wide_and_data = {unpack(wide)}
table.insert(wide_and_data, 'data')
local taken, is_taken, removed_ids, removed_at = {}, {}, {}, {}
-- look(id), with what `take` needs: of a job that is likely to be taken.
local function look_well(id)
  local size = redis.pcall('HSTRLEN', 'job:' .. id, 'data')
  local short = type(size) == 'number' and size <= data_max
  return look(id, unpack(short and wide_and_data or wide))
end
local function data_of(key)
  local data, over = bounded(key, 'data', data_max)
  if not over then return data end
  local url = notify_url_of(key, 16 * data_max)
  return url and '{"notify_url":"' .. url .. '"}' or '{}', over
end
-- It stands at this place of the queue as the script has found it.
local function remove(id, at)
  removed_ids[#removed_ids + 1] = id
  removed_at[#removed_at + 1] = at
end
local function take(id, r, at)
  local key = 'job:' .. id
  if #r < 16 then
    r = redis.call('HMGET', key, 'status', 'locked_by', unpack(wide))
  end
  local attempt = (whole(r[5]) or 0) + 1
  local former = whole(r[8])
  local fence = (former or 0) + 1
  local data, over = r[17]
  if not data or data == '' then data, over = data_of(key) end
  -- Workers of ours leave these, and a fence.
  local history, remote = false, false
  if r[5] or r[8] then
    history = history_of(key)
    remote = bounded(key, 'remote', 65536)
  end
  local waited = (tonumber(now) or 0) - (tonumber(r[6] or '') or 1e18)
  waited = waited >= 0 and waited < 1e9 and string.format('%.3f', waited) or ''
  taken[#taken + 1] = {id, key, attempt, fence, waited, r}
  is_taken[id] = true
  remove(id, at)
  local flaw = not former and 'fence' or over and 'data' or false
  return {id, attempt, clip(r[3], 80), clip(r[6], 64), clip(r[4], 64),
          clip(r[7], 64), data, fence, history, remote,
          not former and clip(r[8], 80) or over or 0, clip(r[10], 128),
          clip(r[11], 512)}, flaw
end
local function write_taken()
  local until_text = ms_text(clock_ms + lease_ms)
  for first = 1, #taken, 100 do
    local ids, leased = {'SADD', running}, {'ZADD', leases}
    for i = first, math.min(first + 99, #taken) do
      ids[#ids + 1] = taken[i][1]
      leased[#leased + 1] = until_text
      leased[#leased + 1] = taken[i][1]
    end
    redis.call(unpack(ids))
    redis.call(unpack(leased))
  end
  for _, x in ipairs(taken) do
    local id, key, attempt, fence, waited, r = unpack(x)
    attempt = attempt == 1 and '1' or attempt
    fence = fence == 1 and '1' or fence
    if attempt == '1' and waited ~= '' then
      redis.call('HSET', key, 'locked_by', worker, 'locked_at', clock[1],
                 'status', 'running', 'started_at', now, 'attempt', attempt,
                 'fence', fence, 'worker', worker, 'waited_s', waited)
    else
      redis.call('HSET', key, 'locked_by', worker, 'locked_at', clock[1],
                 'status', 'running', 'started_at', now, 'attempt', attempt,
                 'fence', fence, 'worker', worker)
    end
    -- A record that nobody has had yet has none of these.
    if r[5] or r[8] or r[9] or r[12] or r[13] or r[14] or r[15] or r[16] then
      redis.call('HDEL', key, 'stage', 'progress', 'progress_at', 'finished_at',
                 'settled_by', 'cancelling', 'notice', 'gpu', 'stages',
                 'receipt', 'job_ttl')
    end
    -- A front end has queued an ended job anew.
    if r[9] then redis.call('PERSIST', key) end
    redis.call('SET', key .. ':lock', worker, 'EX', lock_s)
    event(events, 'job_claimed', 'job', id, 'type', clip(r[3] or '', 80),
          'worker', worker, 'attempt', attempt, 'waited_s', waited)
  end
end
-- How many went. Those at the head go at once.
local function write_removed()
  local count = #removed_ids
  if count == 0 then return 0 end
  local is_head = true
  for i, at in ipairs(removed_at) do is_head = is_head and at == i - 1 end
  if is_head then
    redis.call('LTRIM', queue, count, -1)
    return count
  end
  local gone = 0
  for _, id in ipairs(removed_ids) do
    gone = gone + redis.call('LREM', queue, 1, id)
  end
  return gone
end
local function take_missing(id, at)
  redis.call('SADD', running, id)
  remove(id, at)
  return {'missing', {id, 0}}
end
local function fail_missing(id, at)
  local key = 'job:' .. id
  redis.call('HSET', key, 'id', id, 'type', 'unknown', 'status', 'failed',
             'error', missing_text .. id, 'error_code', 'invalid_input',
             'finished_at', now)
  redis.call('EXPIRE', key, made_s)
  remove(id, at)
  index_ended(ended, id, 'unknown', 'failed', ended_max, ended_s)
  event(events, 'job_ended', 'job', id, 'type', 'unknown', 'worker', worker,
        'status', 'failed', 'reason', 'job record missing')
end
)lua";

job_read read_job(reply x) {
  job_read out;
  out.subject.id = job_id{text_at(x, 0)};
  out.subject.attempt = count_at(x, 1);
  out.subject.type = text_at(x, 2);
  // When it was made is for statistics only: garbage harms nobody.
  std::vector<std::string> ignored;
  out.subject.created_at_s = time_field(text_at(x, 3), "created_at", ignored);
  out.subject.complete_by_s = time_field(text_at(x, 4), "complete_by",
                                         out.unread);
  out.subject.max_time_s = time_field(text_at(x, 5), "max_time", out.unread);
  out.subject.data = text_at(x, 6);
  out.subject.fence = static_cast<uint64_t>(integer_at(x, 7));
  out.subject.history = split_history(text_at(x, 8));
  auto& history = out.subject.history;
  if (history.size() > history_lines_max)
    history.erase(history.begin(),
                  history.end() - static_cast<long>(history_lines_max));
  out.subject.remote = text_at(x, 9);
  // One that is none counts as absent.
  out.subject.trace = read_span_context(text_at(x, 11), text_at(x, 12));
  return out;
}

result<claim_answer> read_claim(reply x) {
  if (auto wrong = unless_array(x, 6, "claim"))
    return fail(std::move(*wrong));
  claim_answer out;
  out.queue_length = static_cast<uint64_t>(integer_at(x, 0));
  for (auto& entry : x.elements[1].elements) {
    auto read = read_job(std::move(entry));
    for (auto& text : read.unread)
      out.remarks.push_back({read.subject.id, std::move(text)});
    out.jobs.push_back(std::move(read.subject));
  }
  for (auto& entry : x.elements[2].elements) {
    if (!entry.is_array(2))
      continue;
    auto flaw = text_at(entry.elements[1], 10);
    auto subject = read_job(std::move(entry.elements[1])).subject;
    auto reason = reason_of(entry.elements[0].text, subject, flaw);
    out.unfit.push_back({std::move(subject), std::move(reason)});
  }
  for (auto& id : x.elements[3].elements)
    out.dropped.push_back(std::move(id.text));
  out.removed = static_cast<uint64_t>(integer_at(x, 6));
  if (x.elements[4].type == reply::kind::text)
    out.walk = {std::move(x.elements[4].text), std::move(x.elements[5].text)};
  return out;
}

} // namespace render::job_store
