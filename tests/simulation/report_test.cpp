// What c3-sim shows of its runs: text, JSON, and a page that needs nothing
// else.
#define BOOST_TEST_MODULE report
#include "app/simulator/charts.hpp"
#include "app/simulator/report.hpp"
#include "messages/text/json.hpp"

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <sstream>

using namespace render;
using namespace render::simulator;

namespace {

const run_facts facts{7, "abc", "./a<b>.jsonl", 2, 1, "safe"};

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

size_t count(const std::string& text, const std::string& part) {
  size_t out = 0;
  for (auto at = text.find(part); at != std::string::npos;
       at = text.find(part, at + part.size()))
    ++out;
  return out;
}

std::vector<named_outcome> two_runs() {
  fleet_outcome run;
  run.jobs = 5;
  run.succeeded = 4;
  run.missed_deadlines = 1;
  run.waits_s = {0.5, 1, 2, 3, 100};
  run.launches = 2;
  run.rented_s = 500;
  run.busy_s = 90;
  run.cost = 0.0583;
  run.fault_events = 3;
  run.samples = {{0, 3, 0, 0}, {60, 0, 2, 1}, {3'600, 0, 0, 0}};
  std::vector<harness::sim_job> jobs(5);
  return {{"contract", run}, {"clairvoyant", clairvoyant(jobs, {22, 1, 1})}};
}

} // namespace

BOOST_AUTO_TEST_CASE(quantiles_are_values_that_were_there) {
  std::vector<double> xs{1, 2, 3, 4, 5};
  BOOST_TEST(quantile(xs, 0) == 1);
  BOOST_TEST(quantile(xs, 0.5) == 3);
  BOOST_TEST(quantile(xs, 1) == 5);
  BOOST_TEST(quantile({}, 0.5) == 0);
}

BOOST_AUTO_TEST_CASE(the_text_has_a_column_for_each_policy) {
  auto text = report_text(facts, two_runs());
  BOOST_TEST(contains(text, "seed 7, 2 workers, 1.00 h"), text);
  for (auto* line :
       {"                                contract   clairvoyant\n",
        "wait, median, s                    2.000         0.000\n",
        "wait, longest, s                 100.000         0.000\n",
        "GPU seconds rented                   500           160\n",
        "missed deadlines                       1             0\n",
        "faults                                 3             -\n"})
    BOOST_TEST(contains(text, line), text);
}

BOOST_AUTO_TEST_CASE(the_json_is_json_with_every_figure_as_a_number) {
  auto doc = json::parse(report_json(facts, two_runs()));
  BOOST_TEST_REQUIRE(doc.has_value());
  BOOST_TEST(json::integer(*doc, "seed").value_or(0) == 7);
  BOOST_TEST(json::string_or_empty(*doc, "trace") == "./a<b>.jsonl");
  auto* runs = json::find(*doc, "runs");
  BOOST_TEST_REQUIRE((runs && runs->IsArray() && runs->Size() == 2u));
  auto& contract = (*runs)[0];
  for (auto* name :
       {"jobs", "succeeded", "failed", "cancelled", "missed_deadlines",
        "wait_median_s", "wait_p95_s", "wait_p99_s", "wait_max_s", "launches",
        "gpu_seconds_rented", "gpu_seconds_used", "cost", "webhooks_delivered",
        "fault_events"})
    BOOST_TEST(json::number(contract, name).has_value(), name);
  BOOST_TEST(json::number(contract, "wait_max_s").value_or(0) == 100);
  BOOST_TEST(json::number(contract, "cost").value_or(0) == 0.058);
  auto* fields = json::find(contract, "sample_fields");
  auto* samples = json::find(contract, "samples");
  BOOST_TEST_REQUIRE((fields && samples && samples->Size() == 3u));
  BOOST_TEST((*samples)[1].Size() == fields->Size());
  BOOST_TEST((*samples)[1][2].GetInt() == 2);
  auto& bound = (*runs)[1];
  BOOST_TEST(json::boolean(bound, "is_bound").value_or(false));
  BOOST_TEST(!json::number(bound, "fault_events").has_value());
}

BOOST_AUTO_TEST_CASE(the_page_has_its_charts_in_it_and_asks_for_nothing) {
  auto page = report_html(facts, two_runs());
  // Waits, queue, fleet: the bound has only its column.
  BOOST_TEST(count(page, "<svg") == 3u);
  BOOST_TEST(count(page, "<polyline") == 4u);
  BOOST_TEST(count(page, "<svg") == count(page, "</svg>"));
  for (auto* part : {"http:", "https:", "src=", "<script", "@import", "url("})
    BOOST_TEST(!contains(page, part), part);
  BOOST_TEST(contains(page, "seed 7"));
  BOOST_TEST(contains(page, "a&lt;b&gt;"));
  BOOST_TEST(!contains(page, "nan"));
  BOOST_TEST(!contains(page, "inf"));
}

// A wrong label is a wrong figure: half of these waited a second.
BOOST_AUTO_TEST_CASE(a_wait_stands_above_the_mark_of_its_length) {
  fleet_outcome run;
  run.waits_s = {0.9, 0.9, 0.9, 50, 50, 50};
  auto page = report_html(facts, {{"contract", run}});
  auto x_of = [&](const std::string& mark) {
    auto text = page.find(">" + mark + "</text>");
    BOOST_TEST_REQUIRE(text != std::string::npos, mark);
    auto at = page.rfind("x=\"", text);
    return std::stod(page.substr(at + 3));
  };
  auto lowest = x_of("0.1 ms");
  auto decade = x_of("1 ms") - lowest;
  BOOST_TEST(decade > 50);
  for (auto* mark : {"10 ms", "100 ms", "1 s", "10 s", "100 s"}) {
    static auto expected = lowest + 2 * decade;
    BOOST_TEST(std::abs(x_of(mark) - expected) < 0.3, mark);
    expected += decade;
  }
  // The curve: its height at 1 s is half of that at the end.
  auto points = page.substr(page.find("points=\"") + 8);
  points.resize(points.find('"'));
  auto y_at = [&](double x) {
    std::stringstream in{points};
    auto y = 0.0;
    for (std::string pair; in >> pair && std::stod(pair) <= x + 0.2;)
      y = std::stod(pair.substr(pair.find(',') + 1));
    return y;
  };
  auto none = y_at(x_of("100 ms"));
  auto half = y_at(x_of("1 s"));
  auto all = y_at(x_of("100 s"));
  BOOST_TEST(std::abs((none - half) - (half - all)) < 0.3);
  BOOST_TEST(none - half > 50);
}

BOOST_AUTO_TEST_CASE(a_run_without_jobs_has_a_page_too) {
  auto page = report_html(facts, {{"contract", {}}});
  BOOST_TEST(contains(page, "</html>"));
  BOOST_TEST(!contains(page, "nan"));
}

BOOST_AUTO_TEST_CASE(axis_marks_are_round_and_reach_the_top) {
  auto text = [](const std::vector<axis_mark>& xs) {
    std::string out;
    for (auto& x : xs)
      out += (out.empty() ? "" : " ") + x.text;
    return out;
  };
  BOOST_TEST(text(count_marks(0)) == "0");
  BOOST_TEST(text(count_marks(1)) == "0 1");
  BOOST_TEST(text(count_marks(7)) == "0 2 4 6 8");
  BOOST_TEST(text(count_marks(1'234)) == "0 500 1000 1500");
  BOOST_TEST(text(hour_marks(7'200))
             == "0.0 h 0.2 h 0.4 h 0.6 h 0.8 h 1.0 h 1.2 h 1.4 h 1.6 h 1.8 h "
                "2.0 h");
  BOOST_TEST(text(hour_marks(86'400))
             == "0 h 2 h 4 h 6 h 8 h 10 h 12 h 14 h 16 h 18 h 20 h 22 h 24 h");
}
