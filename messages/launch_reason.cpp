#include "messages/launch_reason.hpp"

#include <algorithm>
#include <cmath>

namespace render {

namespace {

std::string seconds(double s) {
  return std::to_string(std::llround(std::max(0.0, s))) + " s";
}

std::string quoted(const std::string& words) {
  return words.empty() ? "" : ": " + words;
}

} // namespace

std::string_view to_string(launch_reason_kind kind) noexcept {
  switch (kind) {
  case launch_reason_kind::no_job_waits:
    return "no_job_waits";
  case launch_reason_kind::slot_free:
    return "slot_free";
  case launch_reason_kind::gpus_boot:
    return "gpus_boot";
  case launch_reason_kind::jitter:
    return "jitter";
  case launch_reason_kind::looking_at_ledger:
    return "looking_at_ledger";
  case launch_reason_kind::looking_at_queue:
    return "looking_at_queue";
  case launch_reason_kind::slots_elsewhere:
    return "slots_elsewhere";
  case launch_reason_kind::jobs_taken:
    return "jobs_taken";
  case launch_reason_kind::looking_at_inputs:
    return "looking_at_inputs";
  case launch_reason_kind::inputs_refused:
    return "inputs_refused";
  case launch_reason_kind::provider_refuses:
    return "provider_refuses";
  case launch_reason_kind::max_gpus:
    return "max_gpus";
  case launch_reason_kind::budget:
    return "budget";
  case launch_reason_kind::making_room:
    return "making_room";
  case launch_reason_kind::launching:
    return "launching";
  case launch_reason_kind::out_of_time:
    return "out_of_time";
  case launch_reason_kind::others_turn:
    return "others_turn";
  case launch_reason_kind::draining:
    return "draining";
  case launch_reason_kind::unfit:
    return "unfit";
  case launch_reason_kind::paused:
    return "paused";
  }
  return "no_job_waits";
}

std::string clause_of(const launch_reason& x, double now_s) {
  auto count = std::to_string(x.count);
  auto left = seconds(x.until_s - now_s);
  switch (x.kind) {
  case launch_reason_kind::no_job_waits:
    return "no job waits";
  case launch_reason_kind::slot_free:
    return "a slot is free";
  case launch_reason_kind::gpus_boot:
    return count + " GPU(s) boot here";
  case launch_reason_kind::jitter:
    return "jitter, launch in " + left;
  case launch_reason_kind::looking_at_ledger:
    return "the ledger is asked what other workers launch";
  case launch_reason_kind::looking_at_queue:
    return "the queue is looked at once more before the launch";
  case launch_reason_kind::slots_elsewhere:
    return count + " slot(s) come on GPUs of other workers (seen "
           + seconds(now_s - x.since_s) + " ago)"
           + (x.until_s > 0 ? ", next look in " + left : "");
  case launch_reason_kind::jobs_taken:
    return "other workers took the jobs that were looked at, next look in "
           + left;
  case launch_reason_kind::looking_at_inputs:
    return "the inputs of the first of " + count
           + " job(s) are looked at before a launch";
  case launch_reason_kind::inputs_refused:
    return count
           + " job(s) are refused for their inputs, and no GPU is launched for "
             "them";
  case launch_reason_kind::provider_refuses:
    if (x.attempt == 0)
      return "launches fail (" + x.words + ")";
    return "GPUs fail since " + seconds(now_s - x.since_s) + " (attempt "
           + std::to_string(x.attempt) + quoted(x.words) + "), launch in "
           + left;
  case launch_reason_kind::max_gpus:
    return "all of MAX_GPUS (" + count + ") are rented";
  case launch_reason_kind::budget:
    return x.words + " allows no launch now, new budget in " + left;
  case launch_reason_kind::making_room:
    return "another GPU stops first, to make room";
  case launch_reason_kind::launching:
    return count + " GPU(s) are launched";
  case launch_reason_kind::out_of_time:
    return "its deadline is before a GPU could be ready";
  case launch_reason_kind::others_turn:
    return "workers before this one launch for " + count + " job(s)";
  case launch_reason_kind::draining:
    return "the worker drains";
  case launch_reason_kind::unfit:
    return "the worker is unfit (" + x.words + ")";
  case launch_reason_kind::paused:
    return "launches are paused" + quoted(x.words);
  }
  return "";
}

std::string sentence_of(const workload_type& type, const launch_reason& x,
                        double now_s) {
  return "waits for a GPU of " + type + ": " + clause_of(x, now_s);
}

} // namespace render
