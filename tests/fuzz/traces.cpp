// A trace: what c3ctl writes of a record (its fields in the first five lines),
// and what c3-sim reads.
#include "app/ctl/trace_line.hpp"
#include "app/simulator/trace.hpp"
#include "messages/job.hpp"
#include "tests/fuzz/fuzz.hpp"

#include <cmath>

using namespace render;
using fuzz::must;

namespace {

void check_written(std::string_view text) {
  auto line = [&] {
    return fuzz::take_line(text);
  };
  auto type = line();
  auto created = line();
  auto started = line();
  auto finished = line();
  auto made = ctl::make_trace_line({type, created, started, finished, line()});
  if (!made)
    return fuzz::must_be_fit_to_show(made.error());
  must(made->text.find('\n') + 1 == made->text.size(), "a job is one line");
  auto jobs = simulator::read_trace(made->text);
  must(jobs && jobs->size() == 1, "what c3ctl writes, c3-sim reads");
  auto took = std::strtod(finished.c_str(), nullptr)
              - std::strtod(started.c_str(), nullptr);
  must(std::abs(jobs->front().duration_s - std::max(0.1, took)) < 1e-2,
       "a job takes as long as it took");
  must(jobs->front().type == type, "the type is kept");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto text = fuzz::text_of(data, size);
  check_written(text);
  auto jobs = simulator::read_trace(text);
  if (!jobs) {
    fuzz::must_be_fit_to_show(jobs.error());
    return 0;
  }
  auto last = harness::virtual_duration{0};
  for (auto& x : *jobs) {
    must(job_kind_from(x.type).has_value(), "a job has a type");
    must(x.at >= last, "jobs come in order");
    last = x.at;
    must(x.duration_s > 0 && std::isfinite(x.duration_s), "work takes time");
    must(x.complete_within_s >= 0 && std::isfinite(x.complete_within_s),
         "a deadline is a time");
  }
  return 0;
}
