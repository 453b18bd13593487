#pragma once
// The RENDERER's handlers: the steps of the plan in renderer.cpp, the end and
// whose the job is in end.cpp. Internal to it.
#include "actors/renderer/renderer.hpp"
#include "messages/failure_caf.hpp"
#include "messages/moment.hpp"

#include <functional>
#include <optional>
#include <utility>

namespace render::renderer {

using std::chrono::milliseconds;

enum timer : uint32_t {
  progress_tick,
  deadline,
  wait_over,
  grace_over,
  store_again,
  folder_late,
};

inline step finish_with(failure why) {
  step out;
  out.next = finish{failed_outcome(std::move(why))};
  return out;
}

template <class F>
step guarded(F f) {
  try {
    return f();
  } catch (const std::exception& err) {
    return finish_with({failure_kind::internal,
                        std::string{"unexpected exception: "} + err.what()});
  }
}

/// Copied into callbacks, so no more than a pointer.
struct shell {
  renderer_shell_actor::stateful_pointer<renderer_state> self;

  renderer_state& st() const {
    return self->state;
  }

  void log(spdlog::level::level_enum level, const std::string& text,
           event about = {}) const;
  /// Groups of this attempt. The slash at its end keeps job 1 from job 10.
  std::string group_prefix() const;
  std::string next_group() const;
  void arm(timer which, milliseconds delay, uint64_t generation = 0) const;
  milliseconds time_left() const;
  /// By the steady clock.
  double now_s() const;
  void note_stages() const;

  // -- its spans; nothing without a trace
  moment now() const;
  void tell_spans() const;
  /// A request to the node, and to nobody else, tells its trace.
  void tell_trace(http_request& x) const;

  // -- the plan's steps
  void start() const;
  void begin() const;
  void on_folder(const folder_made& x) const;
  void on_folder_late() const;
  /// Asks for ownership first when the process has slept.
  void perform(step next) const;
  void carry_out(step next) const;
  void listen(side_channel x) const;
  void heard(const std::string& message) const;
  void note(const std::string& stage, double progress) const;
  void carry_out(call& x, uint64_t number) const;
  void ask(http_request& x, uint64_t number, size_t index) const;

  template <class Answer, class Handle, class Question>
  void request(const Handle& whom, milliseconds limit, uint64_t number,
               size_t index, Question& question) const {
    self->request(whom, limit, question)
      .then(
        [sh = *this, number, index](Answer& got) {
          sh.answered(number, index, answer{std::move(got)});
        },
        [sh = *this, number, index](caf::error& err) {
          sh.answered(number, index, fail(to_failure(err)));
        });
  }

  void ask(msg::identify_file& x, uint64_t number, size_t index) const;
  void ask(msg::prepare_image& x, uint64_t number, size_t index) const;
  void ask(msg::prepare_audio& x, uint64_t number, size_t index) const;

  template <class Answer, class Question>
  void ask_media(Question& x, uint64_t number, size_t index) const {
    x.group = next_group();
    request<Answer>(st().deps.media, st().cfg.media_timeout, number, index, x);
  }

  void ask(msg::store_file& x, uint64_t number, size_t index) const;

  // -- a result and the storage (storing.cpp)
  void store(renderer_state::unstored x) const;
  void store_failed(renderer_state::unstored x, failure why) const;
  void park(const failure& why) const;
  void try_to_store(uint64_t number) const;
  bool is_from_owner() const;

  void answered(uint64_t number, size_t index, result<answer> got) const;
  void answered_all(uint64_t number) const;
  void carry_out(stream& x, uint64_t number) const;
  void on_chunk(const msg::http_chunk& x) const;
  void stream_ended(uint64_t number, result<http_response> got) const;
  void carry_out(wait& x, uint64_t number) const;
  void waited(uint64_t number) const;
  void carry_out(finish& x, uint64_t) const;

  // -- the end
  void stop(const failure& why) const;
  void interrupt(failure why) const;
  void one_interrupted() const;
  void interrupted() const;
  /// Ends, and before that asks whether this worker is cut off where nothing
  /// else tells.
  void conclude() const;
  void end() const;

  // -- progress, ownership, timers
  void report() const;
  /// The next report is sent when it is time, once.
  void report_soon() const;

  using owner_handler = std::function<void(std::optional<failure> lost)>;
  /// Writes progress, and tells why the job is no longer this worker's. An
  /// outage of Redis tells nothing and stops no render.
  void ask_owner(const std::string& stage, double progress,
                 milliseconds patience, milliseconds timeout,
                 owner_handler then) const;
  void on_timer(const msg::timer_due& x) const;
};

} // namespace render::renderer
