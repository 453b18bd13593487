// XML of an S3 storage.
#include "actors/io/object_store/s3_policy.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace render;
using fuzz::must;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto text = fuzz::text_of(data, size);
  auto said = s3::read_error(text);
  must(fuzz::is_printable(said.code) && fuzz::is_printable(said.message),
       "words of the storage are printable");
  must(said.code.size() < 200 && said.message.size() < 200,
       "words of the storage are few");
  auto got = fuzz::answer_of(text);
  auto x = s3::judge("upload output/x.mp3", got);
  must((x.move == s3::next_move::done) == (got && got->ok()),
       "an upload is done, or it is not");
  if (x.move != s3::next_move::done)
    fuzz::must_be_fit_to_show(x.why);
  return 0;
}
