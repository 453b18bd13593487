// Frames of other workers, and what they tell in them.
#include "actors/io/peers/facts.hpp"
#include "actors/io/peers/wire.hpp"
#include "tests/fuzz/fuzz.hpp"

#include <cmath>

using namespace render;
using fuzz::must;

namespace {

void check(const peers::word& x) {
  must(x.facts.size() <= peers::longest_facts, "facts are of bounded size");
  must(x.age_s >= 0 && x.age_s <= peers::oldest_word_s, "an age is sane");
  must(x.number > 0 && !x.who.name.empty(), "a word is somebody's");
  auto facts = peers::decode_facts(x.facts);
  must(facts.has_value(), "facts are an object");
  for (auto& type : facts->types) {
    must(type.slots_per_gpu >= 1, "a GPU has a slot");
    for (auto left : type.runs_left_s)
      must(std::isfinite(left), "times are numbers");
  }
  auto again = peers::encode_facts(*facts);
  must(again.size() <= peers::longest_facts, "told facts are of bounded size");
  auto read = peers::decode_facts(again);
  must(read && peers::encode_facts(*read) == again, "facts come back");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto got = peers::decode(fuzz::text_of(data, size));
  if (!got) {
    fuzz::must_be_fit_to_show(got.error());
    return 0;
  }
  if (auto* x = std::get_if<peers::news>(&*got))
    for (auto& word : x->words)
      check(word);
  if (std::holds_alternative<peers::unknown>(*got))
    return 0;
  // What is passed on is understood by the next.
  auto text = peers::encode(*got);
  auto again = peers::decode(text);
  must(again && peers::encode(*again) == text, "a frame comes back");
  return 0;
}
