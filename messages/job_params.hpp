#pragma once
// The `data` of a job, parsed and checked. The worker (for any record in Redis)
// and c3ctl (before it writes) use the same rules. A bad value fails with the
// field, its value and what is accepted.
#include "messages/job.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace render {

struct csm_params {
  /// Sentences; a plain string or `text` counts as one.
  std::vector<std::string> monologue;
  /// The producer's name for the voice: random, conversational_a,
  /// conversational_b, clone.
  std::string voice = "random";
  /// Both set exactly when `voice` is clone.
  std::string reference_audio_url;
  std::string reference_text;
  // Numbers may come as text or as true and false. Where a whole number is
  // meant, the fraction is cut off.
  double temperature = 0.9;             // 0 to 2
  int64_t topk = 50;                    // 1 to 100
  int64_t max_audio_length_ms = 10'000; // 1000 to 30000
  int64_t pause_duration_ms = 150;      // 0 to 500
};

struct whisper_params {
  std::string audio_url;
  std::string model = "medium";
  std::string task = "transcribe";
  /// Lower-case ISO code; empty: detect.
  std::string language;
};

struct portrait_params {
  std::string image_url;
  std::string audio_url;
};

struct analyze_params {
  std::string image_url;
  std::string prompt;
};

/// The question about a picture when the job has none.
inline constexpr std::string_view default_analyze_prompt
  = "Describe this picture in detail: the subject and setting, people and "
    "objects, colours and light, any text that can be read, and the mood.";

using job_params
  = std::variant<csm_params, whisper_params, portrait_params, analyze_params>;

/// Parses and checks `data` for this kind. `max_data_bytes` guards against a
/// record that is no job (10 MB of text). Failures are `invalid_input`.
result<job_params> parse_params(job_kind kind, std::string_view data);

/// Checks type, times and data of a whole record.
result<job_params> validate(const job& x);

/// Whether inputs have to be fetched for this job. Also true when the record
/// does not tell: its data is bad or was left out.
bool has_inputs(const job& x);

/// `notify_url` of any job's data, even of data that does not validate or is
/// broken JSON; empty when absent, or not http(s).
std::string notify_url_of(std::string_view data);

/// What is wrong with a `notify_url` that is set but unusable. Such a job runs
/// all the same, without a webhook.
std::optional<failure> notify_url_flaw(std::string_view data);

/// Largest accepted `data`, bytes.
inline constexpr size_t data_bytes_max = 1u << 20;

} // namespace render
