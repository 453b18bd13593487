// Ids and names that may become part of a path.
#include "messages/ids.hpp"
#include "messages/text/path_below.hpp"

#include <boost/test/unit_test.hpp>

using namespace render;
using namespace std::literals;

BOOST_AUTO_TEST_SUITE(a_job_id)

BOOST_AUTO_TEST_CASE(is_made_of_letters_digits_and_three_more) {
  for (auto good :
       {"a"s, "7"s, "plain-id"s, "A.b_c-1"s, "_x"s,
        "0a1b2c3d-0000-4000-8000-000000000000"s, std::string(64, 'x')})
    BOOST_TEST(job_id::from(good).value().text() == good);
}

BOOST_AUTO_TEST_CASE(is_no_path_option_or_line_of_a_log) {
  for (auto bad : {""s, "."s, ".."s, ".work"s, "-rf"s, "/any/dir"s, "../keep"s,
                   "a/b"s, "a\0b"s, "/any/dir\0"s, "a b"s, "a\nb"s, "a\x1b[2J"s,
                   "a\\b"s, "a:b"s, "\xC3\xA9"s, "\xFF"s, std::string(65, 'x')})
    BOOST_TEST(!job_id::from(bad), "taken: " << bad);
}

BOOST_AUTO_TEST_CASE(is_shown_escaped_and_cut_when_it_is_refused) {
  auto why = job_id::from("a\n\x1b]\xE2\x80\xAE").error();
  BOOST_TEST((why.kind == failure_kind::invalid_input));
  BOOST_TEST(why.message
             == "id: got \"a\\x0a\\x1b]\\u{202e}\", accepted are 1 to 64 "
                "letters, digits and . _ -, not beginning with . or -");
  BOOST_TEST(job_id::from(std::string(100'000, '/')).error().message.size()
             < 250u);
}

BOOST_AUTO_TEST_CASE(knows_the_norm) {
  auto is_uuid = [](std::string_view text) {
    return job_id::from(text).value().is_uuid();
  };
  BOOST_TEST(is_uuid("0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9"));
  BOOST_TEST(is_uuid("0A1B2C3D-4E5F-6071-8293-A4B5C6D7E8F9"));
  BOOST_TEST(!is_uuid("0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8fg"));
  BOOST_TEST(!is_uuid("0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f"));
  BOOST_TEST(!is_uuid("0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9a"));
  BOOST_TEST(!is_uuid("0a1b2c3d04e5f-6071-8293-a4b5c6d7e8f9"));
  BOOST_TEST(!is_uuid("7"));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(a_path)

BOOST_AUTO_TEST_CASE(is_a_root_and_a_name) {
  BOOST_TEST(path_below("/out", "a.mp3").value() == "/out/a.mp3");
  BOOST_TEST(path_below("/out/", "a").value() == "/out/a");
  BOOST_TEST(path_below("out", "..a").value() == "out/..a");
  BOOST_TEST(path_below("/", std::string(255, 'a')).has_value());
}

BOOST_AUTO_TEST_CASE(never_leaves_its_root) {
  for (auto bad : {""s, "."s, ".."s, "/etc"s, "../x"s, "a/b"s, "a/"s, "a\0"s,
                   std::string(256, 'a')}) {
    BOOST_TEST(!is_file_name(bad));
    BOOST_TEST(
      (path_below("/out", bad).error().kind == failure_kind::invalid_input));
  }
  BOOST_TEST(path_below("/out", "/etc\n").error().message
             == "not a file name: \"/etc\\x0a\"");
}

BOOST_AUTO_TEST_SUITE_END()
