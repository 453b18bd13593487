// The body of POST /v1/jobs: `Prefer` in the first line, then the body.
#include "app/web/submission.hpp"
#include "messages/job_params.hpp"
#include "messages/text/json.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace render;
using namespace render::web;
using fuzz::must;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto text = fuzz::text_of(data, size);
  auto wait = preferred_wait(fuzz::take_line(text));
  must(wait >= 0 && wait <= 60, "a wait is in its range");
  constexpr double now = 1'800'000'000;
  auto got = read_job_request(
    text, now, [](std::string_view id) -> std::optional<std::string> {
      if (id.size() != 3)
        return std::nullopt;
      return "https://c3.example/v1/files/abc";
    });
  must(got.job.has_value() == got.errors.empty(), "a job, or errors");
  if (!got.job) {
    auto told = problem(400, "", got.errors);
    must(json::parse(told.body).has_value(), "errors are JSON");
    must(told.body.size() < 100'000, "errors are short");
    return 0;
  }
  auto& x = got.job->record;
  auto kind = job_kind_from(x.type);
  must(kind.has_value(), "a job has a type");
  must(parse_params(*kind, x.data).has_value(),
       "what is taken is what a worker takes");
  must(x.complete_by_s > now && x.complete_by_s <= now + 7 * 86'400,
       "a deadline is in its range");
  for (auto& [name, value] : got.job->more)
    must(!name.empty() && name != "status" && name != "id" && name != "type"
           && name != "data",
         "no field of the record is written over");
  return 0;
}
