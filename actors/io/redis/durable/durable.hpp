#pragma once
// The port through which duties write. It repeats a write until Redis has
// answered, and keeps what this worker owns in memory and in the journal, so
// that the `restorer` can write again what Redis has lost. To see a loss, the
// number of a write moves the mark of this process in Redis: a mark below the
// highest number that Redis has confirmed is one.
#include "actors/io/redis/durable/journal.hpp"
#include "actors/io/redis/port.hpp"

#include <map>

namespace render::job_store {

class durable : public port {
public:
  using maker = lasting_writes::maker;
  using asker = lasting_writes::asker;

  /// `started_s`: Unix time.
  durable(config terms, logger to, std::shared_ptr<journal> kept_in,
          double started_s);

  // -- writes

  /// Names of writes.
  static std::string claim_write(std::string_view what, const std::string& id,
                                 uint64_t fence);
  static std::string ledger_write(const std::string& id);

  /// See `lasting_writes`.
  void write(const std::string& name, maker make, asker then);
  void overwrite(const std::string& name, maker make, asker then);
  void retry_failed();

  bool is_writing(const std::string& name) const {
    return writes_.has(name);
  }

  /// Redis is told that the job is settled, or released.
  bool is_ending(const std::string& id, uint64_t fence) const {
    return is_writing(claim_write("settle", id, fence))
           || is_writing(claim_write("release", id, fence));
  }

  /// For a write that is sent once.
  write_number next_number() {
    return ++last_number_;
  }

  mark_move mark(write_number number) const {
    return {session, confirmed_, number};
  }

  /// A write about what an earlier process left moves no mark.
  mark_move mark(const node_id& of, write_number number) const {
    return {of, confirmed_, of == session ? number : 0};
  }

  write_number confirmed() const {
    return confirmed_;
  }

  /// Redis has answered the write with this number, which moved our mark.
  void confirm(write_number number) {
    confirmed_ = std::max(confirmed_, number);
  }

  // -- our jobs, from their claim until some time after their end

  const std::map<std::string, held_job>& jobs() const {
    return jobs_;
  }

  /// nullptr: there is no such claim.
  const held_job* find(const std::string& id, uint64_t fence) const;
  void keep(const job& subject, write_number number);
  // These do nothing when there is no such claim.
  void change(const std::string& id, uint64_t fence,
              const std::function<void(held_job&)>& how);
  /// `of`: the session in which it was claimed.
  void on_settled(const std::string& id, uint64_t fence, const node_id& of,
                  write_number number);
  void on_delivered(const std::string& id, uint64_t fence, const node_id& of,
                    write_number number);
  void drop(const std::string& id, uint64_t fence);
  void forget_ended();

  // -- ledger entries as Redis has confirmed them

  /// Ours, and those of dead workers that nobody has taken over yet.
  const std::map<std::string, held_gpu>& gpus() const {
    return gpus_;
  }

  void keep(held_gpu x, write_number number);
  void drop_gpu(const std::string& id);

  // -- what earlier processes left in the journal

  held left();
  void erase_job(const node_id& of, const std::string& id);
  void erase_gpu(const node_id& of, const std::string& id);

  /// Names this process' mark: worker id and start time.
  const node_id session;

private:
  void try_write(const std::string& name);
  void on_answer(const std::string& name, answer got);
  void put(held_job& x);
  void journaled(const result<void>& done);

  write_number last_number_ = 0;
  write_number confirmed_ = 0;
  lasting_writes writes_;
  std::shared_ptr<journal> journal_;
  bool journal_failing_ = false;
  std::map<std::string, held_job> jobs_;
  std::map<std::string, held_gpu> gpus_;
  /// When to look next for jobs that may be forgotten.
  time_point forgets_next_at_;
};

} // namespace render::job_store
