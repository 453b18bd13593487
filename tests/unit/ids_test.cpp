// Ids of different things do not mix, and cost nothing to read.
#include "messages/ids.hpp"

#include <boost/test/unit_test.hpp>

#include <map>
#include <unordered_set>

using namespace render;
using namespace std::literals;

namespace {

template <class A, class B>
concept assignable = requires(A a, B b) {
  a = b;
};

template <class A, class B>
concept comparable = requires(A a, B b) {
  a == b;
}
|| requires(A a, B b) {
  a < b;
};

template <class A, class B>
constexpr bool mixes
  = std::is_constructible_v<
      A,
      B> || std::is_convertible_v<B, A> || assignable<A&, B> || comparable<A, B>;

template <class A, class... Others>
constexpr bool mixes_with_any = (mixes<A, Others> || ...)
                                || (mixes<Others, A> || ...);

static_assert(!mixes_with_any<job_id, worker_id, workload_type, workload_id,
                              gpu_host, ledger_id>);
static_assert(
  !mixes_with_any<worker_id, workload_type, workload_id, gpu_host, ledger_id>);
static_assert(!mixes_with_any<workload_type, workload_id, gpu_host, ledger_id>);
static_assert(!mixes_with_any<workload_id, gpu_host, ledger_id>);
static_assert(!mixes_with_any<gpu_host, ledger_id>);
static_assert(!mixes_with_any<node_id, job_id, workload_type, workload_id,
                              gpu_host, ledger_id>);

// The check sees what would be wrong.
static_assert(mixes_with_any<std::string, std::string_view>);

// Text becomes an id where somebody says so, and nowhere else.
template <class Id>
constexpr bool needs_a_word = std::
                                is_constructible_v<Id,
                                                   std::string> && !std::is_convertible_v<std::string, Id> && !std::is_convertible_v<const std::string&, Id> && !std::is_convertible_v<std::string_view, Id> && !std::is_convertible_v<const char*, Id> && !assignable<Id&, std::string> && !comparable<Id, std::string>;

static_assert(
  needs_a_word<
    job_id> && needs_a_word<worker_id> && needs_a_word<workload_type> && needs_a_word<workload_id> && needs_a_word<gpu_host> && needs_a_word<ledger_id>);

static_assert(
  std::is_convertible_v<
    job_id,
    const std::string&> && std::is_convertible_v<job_id, std::string_view>);

static_assert(
  std::totally_ordered<
    job_id> && std::totally_ordered<worker_id> && std::totally_ordered<node_id>);

} // namespace

BOOST_AUTO_TEST_SUITE(an_id)

BOOST_AUTO_TEST_CASE(is_its_text_in_a_sentence_and_in_a_map) {
  job_id id{"a"s};
  BOOST_TEST("job " + id + " (csm)" == "job a (csm)");
  BOOST_TEST(id == "a");
  BOOST_TEST(id != "b");
  BOOST_TEST((std::map<job_id, int>{{"b", 2}, {"a", 1}}.begin()->second == 1));
  BOOST_TEST((std::unordered_set<worker_id>{"a", "b", "a"}.size() == 2u));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(a_node)

// The text stands in Redis, and in journals of workers before this one.
BOOST_AUTO_TEST_CASE(is_written_as_it_always_was) {
  BOOST_TEST(to_string(node_id{"w1", 1'700'000'000'123}) == "w1:1700000000123");
  BOOST_TEST(to_string(node_id{"w1"}) == "w1");
  BOOST_TEST(to_string(node_id{}) == "");
}

BOOST_AUTO_TEST_CASE(is_read_from_its_end_since_a_worker_may_have_any_name) {
  auto is = [](std::string_view text, const node_id& x) {
    BOOST_TEST((node_id_from(text) == x), text);
  };
  is("w1:17", {"w1", 17});
  is("rack:4:17", {"rack:4", 17});
  is("a b:18446744073709551615", {"a b", UINT64_MAX});
  is(":17", {"", 17});
  is("", {});
}

BOOST_AUTO_TEST_CASE(gives_any_text_back_as_it_was) {
  for (auto text :
       {"w1:17"sv, "w1"sv, ""sv, ":"sv, "w1:"sv, "w1:0"sv, "w1:017"sv,
        "w1:+17"sv, "w1:-17"sv, "w1: 17"sv, "w1:17 "sv, "w1:17:"sv, "w1:1e3"sv,
        "w1:18446744073709551616"sv, "w1:17\0"sv, "\xFF:17"sv})
    BOOST_TEST(to_string(node_id_from(text)) == text);
}

BOOST_AUTO_TEST_SUITE_END()
