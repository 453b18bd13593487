#pragma once
// The Lua scripts: each is one atomic step of the job's or the webhook's life.
// They build keys from job ids, so they need one Redis, not a Redis Cluster.
// Pure text; who runs them: redis_loop (EVALSHA, EVAL when Redis has forgotten
// them).
#include <string>
#include <string_view>

namespace render::job_store {

struct script {
  std::string_view name;
  std::string text;
  /// Lower-case hex, Redis' name for the text.
  std::string sha1;
};

// A "mark" is a process' key with the number of its latest write that Redis
// has seen. Scripts that move it take "confirmed, number": the highest number
// that Redis has answered, and this write's own (0: do not move it).

/// Claims waiting jobs that fit quotas.
/// KEYS: queue, running set, leases, mark.
/// ARGV: worker id, now (Unix s), lock time (s), lease time (ms), confirmed,
///       number, lifetime of a record that is made (s), the error of an id
///       without a record (the id follows it), most ids to look at, most unfit
///       jobs to take, known types
///       (comma-separated), the id after which to go on once the first hundred
///       ids are seen (may be empty, or gone: then nothing is left out), the
///       queue as the last claim has left it ("": not known; when it is still
///       the same, nothing is looked at), then for each quota: count, types
///       (comma-separated).
/// Returns {queue length after, claimed, unfit, dropped, passed, left,
/// removed}:
///   claimed = array of job entries {id, attempt, type, created_at,
///     complete_by, max_time, data, fence, history, remote, flaw};
///   unfit = array of {reason, job entry}, reason: missing|type|expired, or
///     fence|data: the flaw is the record's fence, cut, or the length of its
///     data, of which only the `notify_url` comes along;
///   dropped = ids removed because their key holds something else;
///   passed = of the ids left in the queue, the last one before which no job
///     for these quotas waits, "" when there is none. Jobs that others hold
///     do not count as waiting;
///   left = the queue, for the next claim of these types; "" when it may come
///     to have something for them just as it is;
///   removed = how many ids without a record were failed on the spot, beyond
///     those in `unfit`.
const script& claim_script();

/// Claims one job whatever its type, or nothing when it is not claimable.
/// KEYS: queue, running set, leases, mark.
/// ARGV: worker id, now (Unix s), lock time (s), lease time (ms), confirmed,
///       number, lifetime and error as above, job id, most ids to look at.
/// Returns {queue length after, claimed, unfit, dropped, false, false, removed}
/// as above; `unfit` has the job when its record is missing, or has a flaw.
const script& claim_one_script();

/// Claimable jobs, oldest first; writes nothing but the count.
/// KEYS: queue, count.
/// ARGV: worker id, most jobs to return, most ids to look at, longest data, now
///       (Unix s), types to count (comma-separated), the longest queue that
///       each look counts anew, for how long the count of a longer one holds
///       (ms), then the ids that the asker knows.
/// Returns {queue length, array of job entries, array of positions among the
/// known ids, count, rest}; `data` is false where absent and the integer length
/// where it is too long; count = the claimable jobs of each type, in the order
/// of the types, with spaces between, as far as the look went; rest = where
/// `count_rest` goes on, empty when all were counted.
const script& peek_script();

/// Puts a job back at the head of the queue, if we still hold it.
/// KEYS: queue, record, lock, running set, leases.
/// ARGV: worker id, job id, fence.
/// Returns 1, or 0 when it is not ours.
const script& release_script();

/// Writes progress, renews the lease, and asks who owns the job.
/// KEYS: record, lock, leases.
/// ARGV: worker id, lock time (s), stage (may be empty), progress, now, fence,
///       lease time (ms), job id.
/// Returns {1 or 0: ours, status found or ""}.
const script& progress_script();

/// Asks who owns the job.
/// KEYS: record.
/// ARGV: worker id, fence.
/// Returns {1 or 0: ours, status found or ""}.
const script& ask_owner_script();

/// Writes the final status and the outbox entry, if the job is ours.
/// KEYS: record, lock, running set, outbox, outbox entry, leases, mark.
/// ARGV: worker id, job id, now (Unix s), status, error, text, result_url,
///       "1" when `text` is the result even if empty,
///       "1" to create a missing record, its lifetime (s),
///       webhook: url ("" for none), body, created (Unix ms), lease (ms),
///       fence, confirmed, number, "1" for `cancelling`, the webhook's MAC,
///       notice (may be empty).
/// Returns {1 or 0: written, webhook entry}; the entry {attempts, created_ms}
/// only where one waits in the outbox.
const script& settle_script();

/// Takes back what a lost answer left behind: jobs in our running set that
/// this process does not know go to the head of the queue.
/// KEYS: queue, running set, leases.
/// ARGV: worker id, then the ids this process knows.
/// Returns the ids put back.
const script& reconcile_script();

/// Renews the leases of jobs that we hold.
/// KEYS: leases.
/// ARGV: worker id, lock time (s), lease time (ms), then id and fence of each.
/// Returns the ids that are not ours any more.
const script& renew_script();

/// Puts jobs whose lease has run out back at the head of the queue, whoever
/// held them; their attempt counts. Counts the workers that do so.
/// KEYS: queue, leases, workers.
/// ARGV: most jobs, key prefix of the running sets, the text that goes into the
///       job's history before the dead owner's id, worker id, for how long it
///       is counted (ms).
/// Returns {ms until the first lease runs out (-1: there is none), jobs, number
/// of workers}; job = {id, former owner, attempt}.
const script& recover_script();

/// Makes a claim again that Redis had confirmed and then lost.
/// KEYS: record, lock, running set, leases, queue, mark.
/// ARGV: worker id, job id, fence, number of the latest confirmed write about
///       it, lock time (s), lease time (ms; 0: nobody works on it, so no lock),
///       now (Unix s), then field, value,
///       ...: the first two for every record, all for a missing one.
/// Returns known: Redis lost nothing of it; restored: it is the worker's again;
///       taken: somebody else had it since, or it has a final status.
const script& restore_script();

/// Remembers a failed attempt with the job, if it is ours.
/// KEYS: record.
/// ARGV: worker id, fence, number of the new attempt, history.
/// Returns 1, or 0 when it is not ours.
const script& note_attempt_script();

/// Remembers where a job's render runs, if the job is ours.
/// KEYS: record.
/// ARGV: worker id, fence, remote ("": nowhere).
/// Returns 1, or 0 when it is not ours.
const script& note_remote_script();

/// Writes a ledger entry, unless another worker owns it, or another entry has
/// its workload. Its `intent_at` is now at the latest, by Redis' clock.
/// KEYS: gpus, gpu entry, mark.
/// ARGV: worker id, lease time (ms; 0: what is left of the one it has), entry
///       id, entry key prefix, confirmed, number, then field, value, ...
/// Returns 1, 0 when another worker owns it, -1 when another entry has its
/// workload.
const script& write_gpu_script();

/// Renews the leases of our ledger entries.
/// KEYS: gpus.
/// ARGV: worker id, lease time (ms), entry key prefix, then the ids.
/// Returns the ids that are not ours any more.
const script& renew_gpus_script();

/// What became of a ledger entry that a process had written.
/// KEYS: gpu entry, mark of that process.
/// ARGV: the owner it had, number of that write.
/// Returns lost: Redis has lost the write; there: nobody else has had it since;
///       gone: another worker owns it, or it has been ended.
const script& look_at_gpu_script();

/// Takes over entries whose lease has run out.
/// KEYS: gpus, mark.
/// ARGV: worker id, lease time (ms), entry key prefix, most entries, confirmed,
///       number.
/// Returns {entries, all workloads in the ledger}, the latter only when there
/// are entries; entry = {id, type, state, expires, intent_at, workload, node,
/// launched_at, known_before}.
const script& take_gpus_script();

/// Reads all entries of a workload type.
/// KEYS: gpus.
/// ARGV: entry key prefix, workload type.
/// Returns an array of entries as take_gpus does.
const script& view_gpus_script();

/// Ends a ledger entry.
/// KEYS: gpus, gpu entry, closed list, mark.
/// ARGV: worker id, entry id, JSON for the closed list, its greatest length,
///       entry key prefix, workload, what the closed list says of that workload
///       and of this entry, confirmed, number.
/// Returns 1, or 0 when another worker owns it.
const script& close_gpu_script();

/// Leases due outbox entries.
/// KEYS: outbox.
/// ARGV: lease (ms), most entries, entry key prefix.
/// Returns an array of {job id, id, url, body, attempts, created_ms, mac,
/// record}; url and body are false where they are too long; record = {state,
/// data, notify_url found in longer data, error, result_url, result}, state:
/// success|failed, open: it waits or runs anew, ended: it does not tell an end
/// of ours, or missing.
const script& take_webhooks_script();

/// Records one delivery try.
/// KEYS: outbox, dead letters, outbox entry, mark.
/// ARGV: job id, state (delivered|retry_later|dead), attempts, error,
///       due again after (ms), most dead letters, entry key prefix,
///       confirmed, number (both ignored with retry_later).
/// Returns how many dead letters were trimmed.
const script& record_delivery_script();

} // namespace render::job_store
