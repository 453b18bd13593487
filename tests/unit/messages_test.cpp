// Every record that can travel between nodes survives the wire, and none is
// forgotten in the type-id block: an unregistered type would serialize to
// nothing, without an error.
#include "messages/failure_caf.hpp"
#include "messages/type_ids.hpp"

#include <boost/test/unit_test.hpp>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/binary_deserializer.hpp>
#include <caf/binary_serializer.hpp>
#include <caf/deep_to_string.hpp>
#include <caf/message.hpp>

#include <map>
#include <vector>

using namespace render;

namespace {

struct fixture {
  fixture() {
    add_message_types(cfg);
    system = std::make_unique<caf::actor_system>(cfg);
  }

  template <class T>
  std::vector<char> to_bytes(const T& x) {
    std::vector<char> bytes;
    caf::binary_serializer sink{*system, bytes};
    auto message = caf::make_message(x);
    if (auto err = sink(message))
      BOOST_ERROR("cannot serialize: " << caf::to_string(err));
    return bytes;
  }

  caf::message from_bytes(const std::vector<char>& bytes) {
    caf::message out;
    caf::binary_deserializer source{*system, bytes};
    if (auto err = source(out))
      BOOST_ERROR("cannot deserialize: " << caf::to_string(err));
    return out;
  }

  template <class T>
  void check_round_trip(const T& x) {
    auto bytes = to_bytes(x);
    BOOST_TEST(!bytes.empty());
    const caf::message back = from_bytes(bytes);
    BOOST_REQUIRE(back.match_elements<T>());
    BOOST_TEST((to_bytes(back.get_as<T>(0)) == bytes));
  }

  // Recurses over CAF's own list of the block, so that a new type is tested
  // as soon as it is registered.
  template <uint16_t Id>
  void check_block() {
    if constexpr (Id < caf::id_block::render::end) {
      check_round_trip(typename caf::type_by_id<Id>::type{});
      check_block<Id + 1>();
    }
  }

  caf::actor_system_config cfg;
  std::unique_ptr<caf::actor_system> system;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(messages, fixture)

BOOST_AUTO_TEST_CASE(every_registered_type_survives_the_wire) {
  check_block<caf::id_block::render::begin>();
}

BOOST_AUTO_TEST_CASE(the_fields_of_a_job_survive_the_wire) {
  job x{"id", "csm", 1.5, 2.5, 3.5, R"({"a":1})", 4, 5, {"one"}, "there"};
  auto back = from_bytes(to_bytes(x));
  BOOST_REQUIRE(back.match_elements<job>());
  BOOST_TEST((back.get_as<job>(0) == x));
}

BOOST_AUTO_TEST_CASE(an_id_travels_and_is_printed_as_its_text) {
  auto same = [this](auto id, auto text) {
    std::vector<char> bytes, expected;
    caf::binary_serializer sink{*system, bytes}, other{*system, expected};
    BOOST_TEST(!sink(id));
    BOOST_TEST(!other(text));
    BOOST_TEST((bytes == expected));
    BOOST_TEST(caf::deep_to_string(id) == caf::deep_to_string(text));
  };
  std::string text = "media:\"fast\"\n";
  same(workload_type{text}, text);
  same(std::vector<job_id>{"a", "", "b"},
       std::vector<std::string>{"a", "", "b"});
  same(std::map<workload_type, int>{{"a", 1}, {"b", 2}},
       std::map<std::string, int>{{"a", 1}, {"b", 2}});
}

BOOST_AUTO_TEST_CASE(a_failure_keeps_kind_and_text_through_a_caf_error) {
  failure x{failure_kind::outcome_unknown, "launch media:fast: no answer"};
  BOOST_TEST((to_failure(to_error(x)) == x));
}

BOOST_AUTO_TEST_CASE(a_request_timeout_means_that_the_outcome_is_unknown) {
  auto x = to_failure(caf::make_error(caf::sec::request_timeout));
  BOOST_TEST((x.kind == failure_kind::outcome_unknown));
}

BOOST_AUTO_TEST_SUITE_END()
