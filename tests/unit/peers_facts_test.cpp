// What workers tell of themselves: what comes back as it was, and what becomes
// of the words of a mad one. And where others may be found.
#include "actors/io/peers/facts.hpp"
#include "actors/io/peers/seeds.hpp"
#include "actors/io/peers/wire.hpp"
#include "messages/text/json.hpp"

#include <boost/test/unit_test.hpp>

#include <limits>

using namespace render;
using namespace render::peers;

namespace {

worker_facts some_facts() {
  type_facts media;
  media.type = "media:fast";
  media.slots_per_gpu = 2;
  media.gpus = 3;
  media.free_slots = 1;
  media.boots_left_s = {41.5, -3};
  media.runs_left_s = {12};
  media.boot = {7, 60, 95.5};
  media.runs[1] = {20, 4.5, 9};
  type_facts vision;
  vision.type = "ollama_webui:fast";
  return {true, "disk", {media, vision}};
}

worker_facts read(const std::string& text) {
  auto got = decode_facts(text);
  BOOST_REQUIRE(got);
  return *got;
}

// As protocol 1 writes them.
constexpr const char* recorded
  = R"({"draining":true,"unfit":"disk","types":[{"type":"media:fast","slots_per_gpu":2,"gpus":3,"free":1,"boots_left":[41.5,-3],"runs_left":[12],"boot":[7,60,95.5],"runs":[[0,0,0],[20,4.5,9],[0,0,0],[0,0,0]]},{"type":"ollama_webui:fast","slots_per_gpu":1,"gpus":0,"free":0}]})";

} // namespace

BOOST_AUTO_TEST_SUITE(facts)

BOOST_AUTO_TEST_CASE(come_back_as_they_were) {
  BOOST_TEST((read(encode_facts(some_facts())) == some_facts()));
  BOOST_TEST((read(encode_facts({})) == worker_facts{}));
  BOOST_TEST(encode_facts({}) == R"({"types":[]})");
}

BOOST_AUTO_TEST_CASE(of_protocol_1_are_still_read_and_written) {
  BOOST_TEST(encode_facts(some_facts()) == recorded);
  BOOST_TEST((read(recorded) == some_facts()));
}

BOOST_AUTO_TEST_CASE(of_a_newer_worker_are_read_as_far_as_they_are_known) {
  auto got = read(
    R"({"mood":[1],"types":[{"type":"t","gpus":2,"colour":{"a":1}}],"draining":1})");
  BOOST_REQUIRE(got.types.size() == 1u);
  BOOST_TEST(got.types[0].gpus == 2u);
  BOOST_TEST(got.types[0].slots_per_gpu == 1u);
  BOOST_TEST(!got.draining);
}

BOOST_AUTO_TEST_CASE(are_of_sane_size_whatever_was_written) {
  for (auto* text : {"", "x", "[]", "5", "{\"types\":[}"})
    BOOST_TEST(!decode_facts(text), text);
  for (auto* text :
       {R"({"types":5})", R"({"types":[5,null,{},{"type":""},{"type":7}]})",
        R"({"types":{"a":1}})", R"({"unfit":5})"})
    BOOST_TEST((read(text) == worker_facts{}), text);
  auto got = read(
    R"({"types":[{"type":"t","slots_per_gpu":-1,"gpus":1e300,"free":-5,"boots_left":[1e300,-1e300,"x",null],"boot":[3,-5,1e300],"runs":[5,[1],["a",1,1],[1,2,3],[1,2,3]]}]})");
  BOOST_REQUIRE(got.types.size() == 1u);
  auto& x = got.types[0];
  BOOST_TEST(x.slots_per_gpu == 1u);
  BOOST_TEST(x.gpus == 1'000'000u);
  BOOST_TEST(x.free_slots == 0u);
  BOOST_TEST((x.boots_left_s == std::vector<double>{1e6, -1e6}));
  BOOST_TEST((x.boot == measured{3, 0, 1e6}));
  BOOST_TEST((x.runs[0] == measured{}));
  BOOST_TEST((x.runs[3] == measured{1, 2, 3}));
}

BOOST_AUTO_TEST_CASE(have_lists_of_bounded_length) {
  std::string times = "0";
  for (int i = 0; i < 1000; ++i)
    times += ",1";
  std::string types;
  for (int i = 0; i < 100; ++i)
    types += std::string{i == 0 ? "" : ","} + R"({"type":"t)"
             + std::to_string(i) + R"(","runs_left":[)" + times + "]}";
  auto got = read("{\"types\":[" + types + "]}");
  BOOST_TEST(got.types.size() == 32u);
  BOOST_TEST(got.types[0].runs_left_s.size() == 200u);
}

BOOST_AUTO_TEST_CASE(never_become_longer_than_a_word_may_be) {
  worker_facts much;
  for (int i = 0; i < 40; ++i) {
    type_facts one;
    one.type = workload_type{"type " + std::to_string(i)};
    one.runs_left_s.assign(500, 123456.7);
    one.boots_left_s.assign(500, 0.1);
    much.types.push_back(one);
  }
  auto text = encode_facts(much);
  BOOST_TEST(text.size() <= longest_facts);
  BOOST_TEST(read(text).types.size() == 32u);
  for (auto& x : much.types)
    x.type = workload_type{std::string(99, '\x01')};
  text = encode_facts(much);
  BOOST_TEST(text.size() <= longest_facts);
  BOOST_TEST(decode_facts(text).has_value());
}

BOOST_AUTO_TEST_CASE(have_no_numbers_that_are_none) {
  worker_facts x;
  x.types.resize(1);
  x.types[0].type = "t";
  x.types[0].runs_left_s = {std::numeric_limits<double>::quiet_NaN(),
                            std::numeric_limits<double>::infinity()};
  BOOST_TEST(
    (read(encode_facts(x)).types[0].runs_left_s == std::vector<double>{0, 0}));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(the_seeds)

BOOST_AUTO_TEST_CASE(that_are_addresses_are_not_looked_up) {
  seeds x{{{"10.0.0.1", 1}, {"::1", 2}}};
  BOOST_TEST(!x.has_names());
  BOOST_TEST(x.due(true, 1e9).empty());
  BOOST_TEST(x.addresses().size() == 2u);
}

BOOST_AUTO_TEST_CASE(of_a_name_are_asked_for_again_at_a_slow_pace) {
  auto names = [](const char* one) {
    return std::vector<std::string>{one};
  };
  seeds x{{{"workers", 1}, {"workers", 2}}};
  auto now_s = 1e9;
  BOOST_TEST((x.due(true, now_s) == names("workers")));
  // Not before the answer.
  BOOST_TEST(x.due(true, now_s + 1000).empty());
  BOOST_TEST(!x.on_answer("workers", names("10.0.0.1"), now_s));
  BOOST_TEST(
    (x.addresses() == std::vector<address>{{"10.0.0.1", 1}, {"10.0.0.1", 2}}));
  BOOST_TEST(x.due(false, now_s + 59).empty());
  BOOST_TEST(x.due(true, now_s + 4).empty());
  BOOST_TEST((x.due(true, now_s + 5) == names("workers")));
  x.on_answer("workers", names("10.0.0.2"), now_s + 5);
  BOOST_TEST(x.addresses().at(0).host == "10.0.0.2");
  BOOST_TEST((x.due(false, now_s + 65) == names("workers")));
}

BOOST_AUTO_TEST_CASE(stay_as_they_were_while_the_name_is_not_found) {
  seeds x{{{"workers", 1}}};
  x.on_answer("workers", std::vector<std::string>{"10.0.0.1"}, 1e9);
  auto lost = fail(failure_kind::unavailable, "no such name");
  auto line = x.on_answer("workers", lost, 1e9);
  BOOST_REQUIRE(line);
  BOOST_TEST(line->text.find("workers is not found: no such name")
             != std::string::npos);
  BOOST_TEST(!x.on_answer("workers", lost, 1e9));
  BOOST_TEST(x.addresses().size() == 1u);
  BOOST_TEST(x.on_answer("workers", std::vector<std::string>{"10.0.0.1"}, 1e9)
               .has_value());
}

BOOST_AUTO_TEST_SUITE_END()
