// What ffprobe says of a file: names and numbers of the file itself.
#include "actors/io/media/audio_probe.hpp"

#include "tests/fuzz/fuzz.hpp"

#include <cmath>

using namespace render;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto x = media::read_probe(fuzz::text_of(data, size));
  if (!x) {
    fuzz::must_be_fit_to_show(x.error());
    return 0;
  }
  fuzz::must(x->duration_s == -1
               || (x->duration_s > 0 && std::isfinite(x->duration_s)),
             "a duration is positive");
  auto kept = media::is_widely_readable(*x);
  fuzz::must(!kept || media::extension_of_format(x->format).size() > 1,
             "what is kept has a name");
  return 0;
}
