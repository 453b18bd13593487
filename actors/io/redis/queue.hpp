#pragma once
// The queue: waits until it has a head, looks at it, takes jobs out of it, and
// puts back what a claim without an answer may have taken.
#include "actors/io/redis/durable/claim_hold.hpp"
#include "actors/io/redis/job_ends.hpp"
#include "actors/io/redis/queue_walk.hpp"
#include "messages/queue.hpp"

namespace render::job_store {

struct claim_answer;

class queue {
public:
  queue(durable& redis, job_ends& jobs) : redis_(redis), jobs_(jobs) {
    // nop
  }

  void on_up();
  /// `why`: a sentence for those whose claims are held back.
  void on_down(const std::string& why);

  /// All who ask while a wait is under way hear its end.
  void await(const msg::await_work& x, answer_to<msg::queue_head> then);
  /// Without BLMOVE: it is time for another look.
  void look_at_head();

  void peek(const msg::peek_queue& x, answer_to<msg::queue_snapshot> then);
  void claim(const msg::claim_jobs& x, answer_to<msg::claimed_jobs> then);
  void claim_unfit(const msg::claim_unfit& x,
                   answer_to<msg::claimed_jobs> then);
  /// The time is over for which claims were held back.
  void claim_held();
  /// Jobs that are claimed for this worker, and not among its own, go back.
  void reconcile();
  /// There are such.
  void expect_lost_jobs(uint32_t looks);

private:
  using call_maker = std::function<script_call(write_number)>;

  void block();
  void on_head(const answer& got);
  void answer_askers(const result<msg::queue_head>& x);
  double seconds_left() const;

  /// What is left to be counted, a piece at a time. Says the counts of all; of
  /// as much as could be counted when Redis fails.
  void count_rest(queue_count so_far,
                  std::function<void(queue_count all)> then);
  struct claimer claimer_of(write_number number) const;
  void claim_with(call_maker make, answer_to<msg::claimed_jobs> then);
  void send_claim(const call_maker& make, answer_to<msg::claimed_jobs> then);
  result<msg::claimed_jobs> on_claimed(answer got, write_number number);
  void log(const claim_answer& said) const;

  durable& redis_;
  job_ends& jobs_;
  /// Who wait for a head, until when by the steady clock.
  std::vector<answer_to<msg::queue_head>> askers_;
  double waits_until_s_ = 0;
  bool waiting_ = false;
  bool has_blmove_ = true;
  uint32_t claims_under_way_ = 0;
  claim_hold hold_;
  /// To be sent when that is over, or failed when Redis is away again.
  struct held_claim {
    call_maker make;
    answer_to<msg::claimed_jobs> then;
  };
  std::vector<held_claim> held_;
  queue_walk walk_;
  /// How often to look for jobs that a lost answer left behind.
  uint32_t reconciles_due_ = 0;
};

} // namespace render::job_store
