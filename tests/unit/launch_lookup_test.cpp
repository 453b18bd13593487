// Launches whose answers were lost in the same second: each workload goes to
// one of them, none is left over, and a stranger's is left alone.
#include "actors/gpu_instance/lookup.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <map>
#include <numeric>

using namespace render;
using namespace render::gpu_instance;

namespace {

constexpr double t0 = 1'700'000'000;
constexpr int64_t end_s = 1'700'007'200;

gpu_entry launch_number(size_t i, int64_t later_s = 0) {
  gpu_entry out;
  out.id = ledger_id{"e" + std::to_string(i)};
  out.type = "media:fast";
  out.intent_s = t0;
  out.expires_s = end_s + later_s;
  return out;
}

gpu_workload workload(const std::string& id, int64_t later_s = 0) {
  gpu_workload out;
  out.workload = workload_id{id};
  out.type = "media:fast";
  out.running = true;
  out.created_s = t0 + 1;
  out.expires_s = static_cast<double>(end_s + later_s);
  return out;
}

/// Several workers, the list and the ledger.
struct fleet {
  std::vector<gpu_entry> ledger;
  std::vector<gpu_workload> listed;

  std::set<workload_id> held() const {
    std::set<workload_id> out;
    for (auto& x : ledger)
      if (!x.workload.empty())
        out.insert(x.workload);
    return out;
  }

  finding look(size_t launch) const {
    return find_workload(ledger[launch], listed, ledger, held());
  }

  /// As the ledger does it: the first has it.
  bool write(size_t launch, const workload_id& workload) {
    if (held().contains(workload))
      return false;
    ledger[launch].workload = workload;
    return true;
  }

  /// All look before anybody writes, in this order; whether something changed.
  bool look_at_once(const std::vector<size_t>& order) {
    std::vector<std::pair<size_t, workload_id>> found;
    for (auto i : order)
      if (ledger[i].workload.empty())
        if (auto x = look(i).mine)
          found.emplace_back(i, x->workload);
    auto changed = false;
    for (auto& [i, workload] : found)
      changed = write(i, workload) || changed;
    return changed;
  }

  bool look_one_by_one(const std::vector<size_t>& order) {
    auto changed = false;
    for (auto i : order)
      if (ledger[i].workload.empty())
        if (auto x = look(i).mine)
          changed = write(i, x->workload) || changed;
    return changed;
  }
};

std::vector<size_t> numbers(size_t count) {
  std::vector<size_t> out(count);
  std::iota(out.begin(), out.end(), size_t{0});
  return out;
}

/// Every order of 0 … count - 1.
template <class F>
void for_each_order(size_t count, F f) {
  auto order = numbers(count);
  do
    f(order);
  while (std::next_permutation(order.begin(), order.end()));
}

} // namespace

BOOST_AUTO_TEST_SUITE(launches_of_one_second)

BOOST_AUTO_TEST_CASE(get_a_workload_each_by_rank) {
  for (size_t launches = 1; launches <= 5; ++launches)
    for (size_t candidates = 0; candidates <= 7; ++candidates) {
      fleet x;
      for (size_t i = 0; i < launches; ++i)
        x.ledger.push_back(launch_number(i));
      for (size_t i = candidates; i > 0; --i)
        x.listed.push_back(workload("w" + std::to_string(i - 1)));
      for (size_t rank = 0; rank < launches; ++rank) {
        auto got = x.look(rank);
        BOOST_TEST(got.candidates == candidates);
        BOOST_TEST(got.launches == (candidates > 0 ? launches : 1));
        BOOST_TEST(got.ambiguous == (candidates > launches));
        auto has_one = !got.ambiguous && rank < candidates;
        BOOST_REQUIRE(got.mine.has_value() == has_one);
        if (has_one)
          BOOST_TEST(got.mine->workload.text() == "w" + std::to_string(rank));
      }
    }
}

// Whichever of them had worked, whatever their ids, ends and turns.
BOOST_AUTO_TEST_CASE(leave_no_workload_over) {
  constexpr size_t count = 3;
  size_t tried = 0;
  for (unsigned made = 0; made < 1u << count; ++made)
    for (unsigned ends = 0; ends < 27; ++ends)
      for_each_order(count, [&](const std::vector<size_t>& ids) {
        for_each_order(count, [&](const std::vector<size_t>& turns) {
          for (auto at_once : {true, false}) {
            fleet x;
            auto rest = ends;
            for (size_t i = 0; i < count; ++i, rest /= 3) {
              x.ledger.push_back(launch_number(i, rest % 3));
              if (made >> i & 1)
                x.listed.push_back(
                  workload("w" + std::to_string(ids[i]), rest % 3));
            }
            while (at_once ? x.look_at_once(turns) : x.look_one_by_one(turns))
              ++tried;
            BOOST_REQUIRE_EQUAL(x.held().size(), x.listed.size());
          }
        });
      });
  BOOST_TEST(tried > 1'000u);
}

// The list shows them one after another: what is taken too soon does not come
// back, and the last one has to fit the last launch.
BOOST_AUTO_TEST_CASE(leave_none_over_when_the_list_lags) {
  constexpr size_t count = 4;
  for (unsigned ends = 0; ends < 81; ++ends)
    for_each_order(count, [&](const std::vector<size_t>& shown) {
      fleet x;
      std::vector<gpu_workload> made;
      auto rest = ends;
      for (size_t i = 0; i < count; ++i, rest /= 3) {
        x.ledger.push_back(launch_number(i, rest % 3));
        made.push_back(workload("w" + std::to_string(i), rest % 3));
      }
      for (auto i : shown) {
        x.listed.push_back(made[i]);
        x.look_at_once(numbers(count));
        BOOST_REQUIRE_EQUAL(x.held().size(), x.listed.size());
      }
    });
}

// The provider may round.
BOOST_AUTO_TEST_CASE(find_theirs_when_all_ends_are_off_by_a_second) {
  for (auto off : {-1, 1}) {
    fleet x;
    for (size_t i = 0; i < 3; ++i) {
      x.ledger.push_back(launch_number(i, static_cast<int64_t>(i)));
      x.listed.push_back(
        workload("w" + std::to_string(i), static_cast<int64_t>(i) + off));
    }
    while (x.look_one_by_one({2, 0, 1})) {
    }
    BOOST_TEST(x.held().size() == 3u);
  }
}

// The second listed the workload of the first before it launched its own.
BOOST_AUTO_TEST_CASE(do_not_get_what_was_there_before_them) {
  for (auto* first : {"w0", "w1"})
    for_each_order(2, [&](const std::vector<size_t>& turns) {
      fleet x;
      x.ledger = {launch_number(0), launch_number(1)};
      x.ledger[1].known_before = {workload_id{first}};
      x.listed = {workload("w0"), workload("w1")};
      while (x.look_one_by_one(turns)) {
      }
      BOOST_TEST(x.ledger[0].workload == first);
      BOOST_TEST(x.held().size() == 2u);
    });
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(a_strangers_workload)

BOOST_AUTO_TEST_CASE(among_as_many_as_launches_and_one_more_stops_them_all) {
  fleet x;
  x.ledger = {launch_number(0), launch_number(1)};
  x.listed = {workload("w0"), workload("w1"), workload("stranger")};
  BOOST_TEST(x.look(0).ambiguous);
  BOOST_TEST(x.look(1).ambiguous);
  BOOST_TEST(!x.look_at_once({0, 1}));
}

BOOST_AUTO_TEST_CASE(of_another_type_or_end_or_time_is_none) {
  fleet x;
  x.ledger = {launch_number(0), launch_number(1, 2)};
  x.ledger.push_back(launch_number(2));
  x.ledger.back().type = "media:slow";
  auto other_type = workload("type");
  other_type.type = "media:slow";
  auto too_old = workload("old");
  too_old.created_s = t0 - 121;
  x.listed = {other_type, too_old, workload("end", -2)};
  BOOST_TEST(x.look(0).candidates == 0u);
  BOOST_TEST(x.look(0).launches == 1u);
  x.listed.push_back(workload("mine", -1));
  BOOST_REQUIRE(x.look(0).mine);
  BOOST_TEST(x.look(0).mine->workload == "mine");
}

BOOST_AUTO_TEST_CASE(that_was_there_before_all_of_them_is_none) {
  fleet x;
  x.ledger = {launch_number(0), launch_number(1)};
  for (auto& launch : x.ledger)
    launch.known_before = lookalikes(launch, {workload("stranger")});
  x.listed = {workload("a"), workload("b"), workload("stranger")};
  BOOST_TEST(x.look(0).mine->workload == "a");
  BOOST_TEST(x.look(1).mine->workload == "b");
}

BOOST_AUTO_TEST_CASE(too_many_for_the_launches_that_can_have_made_them) {
  fleet x;
  x.ledger = {launch_number(0), launch_number(1)};
  x.ledger[0].known_before = {"a", "b"};
  x.listed = {workload("a"), workload("b")};
  BOOST_TEST(x.look(1).ambiguous);
  // What it cannot have made is no concern of the other one.
  BOOST_TEST(!x.look(0).ambiguous);
  BOOST_TEST(!x.look(0).mine);
}

BOOST_AUTO_TEST_SUITE_END()
