// Server-sent events of a Gradio app, and the run that is read from them.
#include "actors/renderer/gradio/run_reader.hpp"
#include "actors/renderer/gradio/sse.hpp"
#include "tests/fuzz/fuzz.hpp"

#include <vector>

namespace {

using namespace render;
using fuzz::must;

constexpr size_t event_bytes_max = 96;

struct heard {
  std::vector<std::string> events;
  bool overflowed = false;

  friend bool operator==(const heard&, const heard&) = default;
};

template <class Feed>
heard events_of(Feed feed) {
  heard out;
  gradio::event_parser parser{event_bytes_max};
  feed([&](std::string_view bytes) {
    parser.add(bytes, [&](std::string_view data) {
      must(data.size() <= event_bytes_max, "an event is bounded");
      must(data.find('\r') == std::string_view::npos, "lines end");
      out.events.emplace_back(data);
    });
  });
  out.overflowed = parser.overflowed();
  return out;
}

struct run {
  std::vector<std::string> stages;
  double progress = -1;
  bool ended = false;
  failure error;
  std::string outputs;
  std::string event;

  friend bool operator==(const run&, const run&) = default;
};

template <class Feed>
run run_of(Feed feed) {
  run out;
  gradio::run_reader reader{"csm"};
  feed([&](std::string_view bytes) {
    reader.add(bytes);
    auto progress = reader.progress();
    must(progress == -1 || (progress >= 0 && progress <= 1), "the progress");
  });
  if (auto stage = reader.take_stage(); !stage.empty())
    out.stages.push_back(std::move(stage));
  for (auto& stage : out.stages)
    must(fuzz::is_printable(stage) && stage.size() < 100, "the stage");
  out.progress = reader.progress();
  out.ended = reader.ended();
  out.event = reader.event();
  must(!reader.failed() || reader.ended(), "what failed has ended");
  if (reader.failed()) {
    out.error = reader.error();
    fuzz::must_be_fit_to_show(out.error);
  } else if (reader.ended()) {
    must(reader.outputs().IsArray(), "the outputs are an array");
    out.outputs = json::to_text(reader.outputs());
  }
  return out;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto text = fuzz::text_of(data, size);
  auto whole = [&](auto add) {
    add(text);
  };
  auto pieces = [&](auto add) {
    fuzz::in_pieces(text, add);
  };
  auto in_one = events_of(whole);
  auto in_many = events_of(pieces);
  // Where the stream is too long is known at once, or a line later.
  if (!in_one.overflowed && !in_many.overflowed)
    must(in_one == in_many, "events do not depend on the borders of pieces");
  must(run_of(whole) == run_of(pieces),
       "a run does not depend on the borders of pieces");
  return 0;
}
