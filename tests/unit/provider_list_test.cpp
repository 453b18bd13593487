// The provider's list beside the launch ledger: as heartbeats tell it, and what
// people make of it.
#include "app/records/provider.hpp"
#include "app/records/provider_findings.hpp"
#include "messages/text/json.hpp"

#include <boost/test/unit_test.hpp>

using namespace render;
using namespace render::records;

namespace {

constexpr double now_s = 1'700'000'000;
const workload_type fast{"media:fast"};
const workload_type large{"ollama_webui:large"};

provider_list three() {
  provider_list out;
  out.at_s = now_s - 12;
  out.types = {{fast, 3}};
  return out;
}

provider_list::unknown_gpu stranger(const std::string& id, double age_s,
                                    const workload_type& type = fast) {
  return {workload_id{id}, type, now_s - age_s, now_s - 60};
}

worker_view worker(const provider_list& x) {
  return {"w", {{"provider", provider_list_json(x)}}, now_s};
}

open_gpu entry(const std::string& id, const std::string& state,
               const std::string& workload) {
  return {id, {{"state", state}, {"workload", workload}}, 20, 600, 600};
}

std::string line(const std::vector<worker_view>& workers,
                 const std::vector<open_gpu>& ledger = {}) {
  auto got = provider_of(workers, ledger);
  return got ? provider_line(*got) : "not known";
}

std::vector<finding> found(const provider_list& x,
                           const std::vector<open_gpu>& ledger = {}) {
  auto got = provider_of({worker(x)}, ledger);
  BOOST_REQUIRE(got.has_value());
  return findings_of(*got);
}

bool says(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

} // namespace

BOOST_AUTO_TEST_SUITE(the_providers_list)

BOOST_AUTO_TEST_CASE(is_read_as_it_was_written) {
  auto x = three();
  x.types[large] = 0;
  x.others = 2;
  x.unknown = {stranger("a", 700), {workload_id{"b"}, fast, 0, now_s}};
  x.more_unknown = 7;
  x.lost = {{ledger_id{"e1"}, workload_id{"c"}, fast, now_s - 90}};
  x.more_lost = 1;
  auto got = read_provider_list(provider_list_json(x));
  BOOST_REQUIRE(got.has_value());
  BOOST_TEST((*got == x));
  auto none = read_provider_list(provider_list_json(three()));
  BOOST_REQUIRE(none.has_value());
  BOOST_TEST((*none == three()));
  BOOST_TEST(none->agrees());
  BOOST_TEST(!got->agrees());
}

BOOST_AUTO_TEST_CASE(is_not_known_where_nobody_tells_it) {
  for (auto* text :
       {"", "{}", "[]", "null", "{", R"({"at":1})", R"({"at":0,"types":{}})",
        R"({"at":"x","types":{}})", R"({"at":1,"types":[]})"})
    BOOST_TEST(!read_provider_list(text).has_value(), text);
  BOOST_TEST(!read_provider_list(R"({"at":1,"types":{},"x":")"
                                 + std::string(70'000, 'x') + "\"}")
                .has_value());
  BOOST_TEST(line({}) == "not known");
  BOOST_TEST(line({{"old", {{"slots", "1"}}, now_s}, {"silent", {}, now_s}})
             == "not known");
}

BOOST_AUTO_TEST_CASE(is_taken_as_far_as_it_can_be_true) {
  std::string many;
  for (int i = 0; i < 50; ++i)
    many += ",{\"workload\":\"w" + std::to_string(i) + "\"}";
  auto got = read_provider_list(
    R"({"at":5,"types":{"a":-1,"b":"x","c":1e99},"others":-3,)"
    R"("unknown":[1,null,{"workload":7},{"workload":"\u001b[2J"})"
    + many + R"(],"lost":[{"id":""},{"id":"e"}],"more_lost":{}})");
  BOOST_REQUIRE(got.has_value());
  BOOST_TEST(got->types[workload_type{"a"}] == 0u);
  BOOST_TEST(got->types[workload_type{"b"}] == 0u);
  BOOST_TEST(got->types[workload_type{"c"}] == 1'000'000u);
  BOOST_TEST(got->others == 0u);
  BOOST_TEST(got->unknown.size() == 19u);
  BOOST_TEST(got->unknown.front().workload == "\\x1b[2J");
  BOOST_TEST(got->lost.size() == 1u);
  BOOST_TEST(got->more_lost == 0u);
}

BOOST_AUTO_TEST_CASE(is_told_in_one_line) {
  auto x = three();
  BOOST_TEST(line({worker(x)})
             == "the provider listed 3 GPUs 12 s ago; all are in the ledger");
  x.types[fast] = 1;
  BOOST_TEST(line({worker(x)})
             == "the provider listed 1 GPU 12 s ago; it is in the ledger");
  x.types[fast] = 0;
  BOOST_TEST(line({worker(x)}) == "the provider listed 0 GPUs 12 s ago");
  x = three();
  x.others = 2;
  x.unknown = {stranger("a", 700)};
  x.more_unknown = 1;
  x.lost = {{ledger_id{"e1"}, workload_id{"c"}, fast, now_s}};
  BOOST_TEST(line({worker(x)}, {entry("e1", "ready", "c")})
             == "the provider listed 3 GPUs 12 s ago, and 2 of types that no "
                "worker rents; 2 are not in the ledger; 1 GPU of the ledger "
                "was not on the list");
}

BOOST_AUTO_TEST_CASE(is_the_latest_of_each_type) {
  auto old = three();
  old.at_s = now_s - 200;
  old.types = {{fast, 9}, {large, 2}};
  old.unknown = {stranger("gone", 900), stranger("kept", 900, large)};
  auto recent = three();
  // Two of them are of the other worker's type.
  recent.others = 3;
  auto got = provider_of({worker(old), worker(recent)}, {});
  BOOST_REQUIRE(got.has_value());
  BOOST_TEST(got->gpus == 5u);
  BOOST_TEST(got->others == 1u);
  BOOST_TEST(got->age_s == 200);
  BOOST_REQUIRE(got->unknown.size() == 1u);
  BOOST_TEST(got->unknown.front().workload == "kept");
  old.types.erase(large);
  got = provider_of({worker(recent), worker(old)}, {});
  BOOST_REQUIRE(got.has_value());
  BOOST_TEST(got->gpus == 3u);
  BOOST_TEST(got->others == 3u);
  BOOST_TEST(got->age_s == 12);
  BOOST_TEST(got->unknown.empty());
}

BOOST_AUTO_TEST_CASE(gives_way_to_what_the_ledger_says_now) {
  auto x = three();
  x.unknown = {stranger("found", 700), stranger("other", 700)};
  x.lost = {{ledger_id{"closed"}, workload_id{"1"}, fast, now_s - 300},
            {ledger_id{"stops"}, workload_id{"2"}, fast, now_s - 300},
            {ledger_id{"stays"}, workload_id{"3"}, fast, now_s - 300}};
  auto got = provider_of({worker(x)}, {entry("e", "running", "found"),
                                       entry("stops", "stopping", "2"),
                                       entry("stays", "ready", "3")});
  BOOST_REQUIRE(got.has_value());
  BOOST_REQUIRE(got->unknown.size() == 1u);
  BOOST_TEST(got->unknown.front().workload == "other");
  BOOST_REQUIRE(got->lost.size() == 1u);
  BOOST_TEST(got->lost.front().id == "stays");
}

BOOST_AUTO_TEST_CASE(is_a_finding_where_a_gpu_is_not_in_the_ledger) {
  auto x = three();
  BOOST_TEST(found(x).empty());
  // It may be a launch whose answer was lost.
  x.unknown = {stranger("young", 611)};
  BOOST_TEST(found(x).empty());
  x.unknown.push_back(stranger("lonely", 612));
  auto got = found(x);
  BOOST_REQUIRE(got.size() == 1u);
  BOOST_TEST((got.front().how == weight::warning));
  BOOST_TEST(got.front().code == "gpu_unknown");
  BOOST_TEST(says(got.front().what, "1 GPU runs at the provider"));
  BOOST_TEST(says(got.front().what, "lonely (media:fast)"));
  BOOST_TEST(says(got.front().advice, "stop it at the provider"));
  x.more_unknown = 4;
  BOOST_TEST(says(found(x).front().what, "5 GPUs run"));
  BOOST_TEST(says(found(x).front().what, "and others"));
  BOOST_TEST(found(x, {entry("e", "ready", "lonely")}).empty());
}

BOOST_AUTO_TEST_CASE(is_a_finding_where_a_gpu_of_the_ledger_is_gone) {
  auto x = three();
  std::vector<open_gpu> ledger{entry("e1", "ready", "c")};
  // Its worker may be about to notice.
  x.lost = {{ledger_id{"e1"}, workload_id{"c"}, fast, x.at_s - 99}};
  BOOST_TEST(found(x, ledger).empty());
  x.lost.front().since_s = x.at_s - 100;
  auto got = found(x, ledger);
  BOOST_REQUIRE(got.size() == 1u);
  BOOST_TEST(got.front().code == "gpu_lost");
  BOOST_TEST(got.front().gpu == "e1");
  BOOST_TEST(says(got.front().advice, "c3ctl gpus --stop e1"));
  BOOST_TEST(found(x).empty());
}

BOOST_AUTO_TEST_CASE(is_told_as_json) {
  auto x = three();
  x.unknown = {stranger("a\"b", 700), {workload_id{"c"}, fast, 0, now_s}};
  x.lost = {{ledger_id{"e1"}, workload_id{"d"}, fast, now_s}};
  auto got = provider_of({worker(x)}, {entry("e1", "ready", "d")});
  BOOST_REQUIRE(got.has_value());
  BOOST_TEST(
    provider_json(*got)
    == R"({"at":1699999988,"gpus":3,"others":0,"unknown":[{"workload":"a\"b",)"
       R"("type":"media:fast","created":1699999300,"since":1699999940,)"
       R"("young":false},{"workload":"c","type":"media:fast",)"
       R"("since":1700000000,"young":false}],"more_unknown":0,"lost":[)"
       R"({"id":"e1","workload":"d","type":"media:fast","since":1700000000}],)"
       R"("more_lost":0})");
}

BOOST_AUTO_TEST_SUITE_END()
