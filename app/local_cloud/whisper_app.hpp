#pragma once
// The transcription app: pocketsphinx with its American English model listens,
// whatever language is asked for.
#include "app/local_cloud/gradio_app.hpp"

namespace render::local_cloud {

std::vector<gradio_endpoint> whisper_endpoints(service_context context);

struct timed_word {
  std::string text;
  double start = 0;
  double end = 0;
  double score = 0;
};

struct segment {
  std::string text;
  double start = 0;
  double end = 0;
  std::vector<timed_word> words;
};

/// Reads the output of `pocketsphinx_continuous -time yes`: one segment for
/// every utterance that has words.
std::vector<segment> read_segments(std::string_view printed);

} // namespace render::local_cloud
