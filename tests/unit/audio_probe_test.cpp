// What ffprobe says of a file.
#define BOOST_TEST_MODULE audio_probe
#include "actors/io/media/audio_probe.hpp"

#include <boost/test/unit_test.hpp>

using namespace render::media;

BOOST_AUTO_TEST_CASE(a_cover_is_no_video) {
  auto x = read_probe(R"({"streams":[{"codec_type":"audio"},
    {"codec_type":"video","disposition":{"attached_pic":1}}],
    "format":{"format_name":"mp3","duration":"12.5"}})");
  BOOST_TEST_REQUIRE(x.has_value());
  BOOST_TEST(x->has_audio);
  BOOST_TEST(!x->has_video);
  BOOST_TEST(x->duration_s == 12.5);
  BOOST_TEST(is_widely_readable(*x));
}

BOOST_AUTO_TEST_CASE(a_duration_that_is_none_is_unknown) {
  for (std::string text : {"N/A", "inf", "nan", "-1", "0", ""}) {
    auto x = read_probe(R"({"format":{"duration":")" + text + "\"}}");
    BOOST_TEST_REQUIRE(x.has_value());
    BOOST_TEST(x->duration_s == -1, text);
  }
}
