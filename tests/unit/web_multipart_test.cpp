#include "app/web/multipart.hpp"

#include <boost/test/unit_test.hpp>

#include <random>
#include <vector>

using namespace render;
using namespace render::web;

namespace {

struct seen {
  std::vector<multipart_reader::part> parts;
  std::vector<std::string> bodies;
  std::string error;
  bool complete = false;
};

/// Reads `text` in pieces of these sizes, the last one again and again.
seen read(const std::string& text, const std::vector<size_t>& sizes,
          const std::string& boundary = "B") {
  seen out;
  size_t open = 0;
  multipart_reader reader{
    boundary,
    {[&](const multipart_reader::part& x) -> result<void> {
       out.parts.push_back(x);
       out.bodies.emplace_back();
       ++open;
       return {};
     },
     [&](std::string_view x) -> result<void> {
       BOOST_TEST(open == 1u);
       out.bodies.back() += x;
       return {};
     },
     [&]() -> result<void> {
       --open;
       return {};
     }}};
  size_t at = 0;
  for (size_t i = 0; at < text.size(); ++i) {
    auto size = std::max<size_t>(1, sizes[std::min(i, sizes.size() - 1)]);
    auto ok = reader.take(std::string_view{text}.substr(at, size));
    at += size;
    if (!ok) {
      out.error = ok.error().message;
      return out;
    }
  }
  out.complete = reader.complete();
  return out;
}

const std::string form
  = "--B\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nvalue\r\n"
    "--B\r\ncontent-disposition: form-data; name=file; "
    "filename=\"C:\\dir\\x;y.mp3\"\r\nContent-Type: audio/mpeg\r\n\r\n"
    "one\r\n--\r\n--Atwo\r\n\r\n--B--\r\nepilogue";

} // namespace

BOOST_AUTO_TEST_SUITE(web_multipart)

BOOST_AUTO_TEST_CASE(boundaries_come_from_the_type) {
  BOOST_TEST(*boundary_of("multipart/form-data; boundary=abc") == "abc");
  BOOST_TEST(*boundary_of("Multipart/Form-Data; charset=x; boundary=\"a b\"")
             == "a b");
  for (auto* type :
       {"", "application/json", "multipart/form-data",
        "multipart/form-data; boundary=", "multipart/mixed; boundary=a"})
    BOOST_TEST(!boundary_of(type), type);
  BOOST_TEST(
    !boundary_of("multipart/form-data; boundary=" + std::string(71, 'a')));
}

BOOST_AUTO_TEST_CASE(reads_parts_whatever_the_pieces) {
  std::mt19937 random{7};
  for (auto round = 0; round < 300; ++round) {
    std::vector<size_t> sizes;
    for (auto i = 0; i < 40; ++i)
      sizes.push_back(1 + random() % 30);
    auto got = read(form, round == 0   ? std::vector<size_t>{1}
                          : round == 1 ? std::vector<size_t>{form.size()}
                                       : sizes);
    BOOST_TEST(got.error == "");
    BOOST_TEST(got.complete);
    BOOST_REQUIRE(got.parts.size() == 2u);
    BOOST_TEST(got.parts[0].name == "a");
    BOOST_TEST(!got.parts[0].is_file);
    BOOST_TEST(got.bodies[0] == "value");
    BOOST_TEST(got.parts[1].name == "file");
    BOOST_TEST(got.parts[1].is_file);
    BOOST_TEST(got.parts[1].file_name == "x;y.mp3");
    BOOST_TEST(got.parts[1].content_type == "audio/mpeg");
    BOOST_TEST(got.bodies[1] == "one\r\n--\r\n--Atwo\r\n");
  }
}

BOOST_AUTO_TEST_CASE(an_end_that_is_missing_is_noticed) {
  for (size_t cut = 1; cut < form.size() - 14; ++cut)
    BOOST_TEST(!read(form.substr(0, form.size() - 10 - cut), {13}).complete);
}

BOOST_AUTO_TEST_CASE(what_is_no_form_is_refused) {
  BOOST_TEST(read("--Bx\r\n", {6}).error != "");
  BOOST_TEST(read("--B\r\nno header\r\n\r\n", {6}).error != "");
  BOOST_TEST(read("--B\r\nContent-Type: a/b\r\n\r\n", {6}).error != "");
  BOOST_TEST(read("--B\r\nX: " + std::string(5000, 'a'), {100}).error != "");
  std::string many;
  for (auto i = 0; i < 40; ++i)
    many += "--B\r\nContent-Disposition: form-data; name=a\r\n\r\nx\r\n";
  BOOST_TEST(read(many, {100}).error != "");
  BOOST_TEST(!read("no boundary at all", {3}).complete);
}

BOOST_AUTO_TEST_CASE(what_a_sink_says_ends_it) {
  multipart_reader reader{"B",
                          {[](const multipart_reader::part&) -> result<void> {
                             return fail(failure_kind::unfit, "no room");
                           },
                           {},
                           {}}};
  auto got = reader.take(form);
  BOOST_REQUIRE(!got);
  BOOST_TEST(got.error().message == "no room");
}

BOOST_AUTO_TEST_CASE(the_longest_head_is_one_wherever_its_pieces_begin) {
  auto form_of = [](size_t head) {
    std::string line{"Content-Disposition: form-data; name=\"a\"\r\nX: "};
    line.resize(head, 'x');
    return "--B\r\n" + line + "\r\n\r\nvalue\r\n--B--";
  };
  auto longest = multipart_reader::head_max;
  for (size_t first = 0; first < 10; ++first) {
    auto sizes = std::vector<size_t>{longest + first, 1};
    BOOST_TEST(read(form_of(longest), sizes).complete, first);
    BOOST_TEST(read(form_of(longest + 1), sizes).error != "", first);
  }
}

BOOST_AUTO_TEST_SUITE_END()
