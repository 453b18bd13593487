// Prices, receipts, and what of a receipt a webhook tells.
#include "app/harness/spending.hpp"
#include "messages/money.hpp"

#include <boost/test/unit_test.hpp>

using namespace render;

namespace {

gpu_share share(const char* gpu, const char* type, int64_t own, int64_t boot,
                int64_t idle) {
  return {ledger_id{gpu}, workload_type{type}, job_id{"j"}, own, boot, idle};
}

gpu_prices prices(std::string_view text) {
  gpu_prices out;
  BOOST_REQUIRE_EQUAL(read_gpu_prices(text, out), "");
  return out;
}

} // namespace

BOOST_AUTO_TEST_CASE(prices_are_read) {
  auto x = prices("media:fast=1.20, ollama:small=0.3");
  BOOST_TEST(x.size() == 2u);
  BOOST_TEST(x.at(workload_type{"media:fast"}) == 1'200'000);
  BOOST_TEST(x.at(workload_type{"ollama:small"}) == 300'000);
  BOOST_TEST(prices("").empty());
}

BOOST_AUTO_TEST_CASE(what_is_no_price_is_refused) {
  gpu_prices out;
  for (auto text : {"media:fast", "=1", "a=", "a=.", "a=-1", "a=1e3", "a=1,b",
                    "a=1..2", "a=1.2.3", "a=9999999"})
    BOOST_TEST(!read_gpu_prices(text, out).empty(), text);
}

BOOST_AUTO_TEST_CASE(numbers_are_written_with_all_their_digits) {
  BOOST_TEST(seconds_text(0) == "0.000");
  BOOST_TEST(seconds_text(61'005) == "61.005");
  BOOST_TEST(dollars_text(1'200'045) == "1.200045");
  BOOST_TEST(cost_of(3'600'000, 1'200'000) == 1'200'000);
  BOOST_TEST(cost_of(1, 1'200'000) == 0);
}

BOOST_AUTO_TEST_CASE(a_receipt_adds_up_its_attempts) {
  auto text = receipt_json(
    {share("e1", "a", 10'000, 40'000, 0), share("e2", "b", 2'000, 0, 500)},
    prices("a=3.6,b=36"));
  BOOST_TEST(text
             == R"({"seconds":52.500,"own_s":12.000,"boot_s":40.000,)"
                R"("idle_s":0.500,"usd":0.075000,"gpus":[)"
                R"({"gpu":"e1","type":"a","seconds":50.000,"own_s":10.000,)"
                R"("boot_s":40.000,"idle_s":0.000},)"
                R"({"gpu":"e2","type":"b","seconds":2.500,"own_s":2.000,)"
                R"("boot_s":0.000,"idle_s":0.500}]})");
  BOOST_TEST(receipt_header(text)
             == R"({"seconds":52.500,"own_s":12.000,"boot_s":40.000,)"
                R"("idle_s":0.500,"usd":0.075000})");
}

BOOST_AUTO_TEST_CASE(without_all_prices_there_are_no_dollars) {
  for (auto known : {"", "b=1"}) {
    auto text = receipt_json({share("e1", "a", 10'000, 0, 0)}, prices(known));
    BOOST_TEST(text.find("usd") == std::string::npos);
    BOOST_TEST(receipt_header(text).find("usd") == std::string::npos);
  }
  BOOST_TEST(receipt_json({}, {})
             == R"({"seconds":0.000,"own_s":0.000,"boot_s":0.000,)"
                R"("idle_s":0.000,"gpus":[]})");
}

BOOST_AUTO_TEST_CASE(a_header_is_made_of_numbers_alone) {
  for (auto text :
       {"", "x", "[]", "{}", R"({"own_s":"1","boot_s":0,"idle_s":0})",
        R"({"own_s":-1,"boot_s":0,"idle_s":0})",
        R"({"own_s":1e300,"boot_s":0,"idle_s":0})"})
    BOOST_TEST(receipt_header(text) == "", text);
  BOOST_TEST(
    receipt_header(R"({"own_s":1,"boot_s":2,"idle_s":0,"usd":"\r\nX"})")
    == R"({"seconds":3.000,"own_s":1.000,"boot_s":2.000,)"
       R"("idle_s":0.000})");
}

BOOST_AUTO_TEST_SUITE(a_loss_of_the_counters)

BOOST_AUTO_TEST_CASE(counts_where_money_was_spent_or_reserved) {
  using harness::losses_in;
  constexpr double hour = 3'600;
  // At 1:30; GPUs of then end at 3:15 at the latest.
  std::vector<double> lost{1.5 * hour};
  auto in = [&](int n) {
    return losses_in(lost, n * hour, (n + 1) * hour, 1.75 * hour);
  };
  BOOST_TEST(in(0) == 0);
  BOOST_TEST(in(1) == 1);
  BOOST_TEST(in(2) == 1);
  BOOST_TEST(in(3) == 1);
  BOOST_TEST(in(4) == 0);
  lost = {0.5 * hour, 1.5 * hour, 1.6 * hour};
  BOOST_TEST(in(0) == 1);
  BOOST_TEST(in(1) == 3);
  BOOST_TEST(in(2) == 3);
  BOOST_TEST(in(3) == 2);
  BOOST_TEST(losses_in({}, 0, 24 * hour, hour) == 0);
  BOOST_TEST(losses_in(lost, 0, 24 * hour, hour) == 3);
}

BOOST_AUTO_TEST_SUITE_END()
