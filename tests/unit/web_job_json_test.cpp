#include "app/web/events.hpp"
#include "app/web/job_json.hpp"
#include "messages/text/json.hpp"

#include <boost/test/unit_test.hpp>

using namespace render;
using namespace render::web;
using records::record;

namespace {

json::document shown(const record& x, const job_extras& more = {}) {
  auto text = job_json("id-1", x, more);
  auto doc = json::parse(text);
  BOOST_REQUIRE_MESSAGE(doc, text);
  return std::move(*doc);
}

std::string text_at(const json::value& x, const char* a, const char* b) {
  auto* inner = json::find(x, a);
  return inner ? json::string_or_empty(*inner, b) : "";
}

} // namespace

BOOST_AUTO_TEST_SUITE(web_job_json)

BOOST_AUTO_TEST_CASE(an_empty_record_is_no_error) {
  auto x = shown({});
  BOOST_TEST(json::string_or_empty(x, "id") == "id-1");
  BOOST_TEST(json::string_or_empty(x, "status") == "");
}

BOOST_AUTO_TEST_CASE(a_success_has_its_result_by_this_service) {
  job_extras more;
  more.base_path = "/b";
  auto x = shown({{"type", "csm"},
                  {"status", "success"},
                  {"result_url", "https://s/out/a.mp3?X-Sig=secret"},
                  {"data", "{}"}},
                 more);
  BOOST_TEST(text_at(x, "result", "url") == "/b/v1/jobs/id-1/result");
  BOOST_TEST(text_at(x, "result", "content_type") == "audio/mpeg");
  BOOST_TEST(text_at(x, "result", "name") == "a.mp3");
  BOOST_TEST((json::to_text(x).find("secret") == std::string::npos));
  auto y = shown({{"status", "success"}, {"result", "words"}});
  BOOST_TEST(text_at(y, "result", "text") == "words");
}

BOOST_AUTO_TEST_CASE(details_are_for_operators) {
  record x{{"status", "failed"},
           {"error", "public"},
           {"error_code", "rejected"},
           {"error_detail", "node-7"}};
  BOOST_TEST(text_at(shown(x), "error", "message") == "public");
  BOOST_TEST(text_at(shown(x), "error", "detail") == "");
  job_extras more;
  more.details = true;
  BOOST_TEST(text_at(shown(x, more), "error", "detail") == "node-7");
}

BOOST_AUTO_TEST_CASE(input_is_shown_without_signatures_and_without_end) {
  auto x
    = shown({{"data", R"({"audio_url":"https://u:secret@a/b?sig=1","text":")"
                        + std::string(19'999, 'x') + "ö" + std::string(30, 'y')
                        + R"(","monologue":["http://a/?b"],"topk":5})"}});
  BOOST_TEST(text_at(x, "input", "audio_url") == "https://a/b");
  BOOST_TEST(json::to_text((*json::find(x, "input"))["monologue"])
             == R"(["http://a/"])");
  auto text = text_at(x, "input", "text");
  BOOST_TEST(text == std::string(19'999, 'x') + "…");
  BOOST_TEST(shown({{"data", "no json"}})["input"].MemberCount() == 0u);
}

BOOST_AUTO_TEST_CASE(input_is_shown_as_python_writes_it) {
  auto x = shown({{"data", R"({"topk":NaN,"of":[-Infinity,"cut \ud83d"],)"
                           R"("own":{"link":"https://a/b?sig=1","n":NaN}})"}});
  BOOST_TEST(json::to_text(x["input"])
             == R"({"topk":null,"of":[null,"cut )"
                "\xef\xbf\xbd"
                R"("],)"
                R"("own":{"link":"https://a/b","n":null}})");
}

BOOST_AUTO_TEST_CASE(an_estimate_is_marked_and_never_goes_back) {
  job_extras more;
  more.estimate = 0.4;
  record x{{"status", "running"}, {"progress", "0.1"}, {"stage", "render"}};
  auto y = shown(x, more);
  BOOST_TEST(*json::number(y, "progress") == 0.4);
  BOOST_TEST(*json::boolean(y, "progress_estimated"));
  x["progress"] = "0.6";
  auto z = shown(x, more);
  BOOST_TEST(*json::number(z, "progress") == 0.6);
  BOOST_TEST(!json::boolean(z, "progress_estimated"));
}

BOOST_AUTO_TEST_CASE(webhooks_have_a_state) {
  auto state = [](const record& x, const job_extras& more = {}) {
    return text_at(shown(x, more), "webhook", "state");
  };
  record x{{"status", "running"},
           {"data", R"({"notify_url":"https://u:p@h.example/x?k=1"})"}};
  BOOST_TEST(state(x) == "none");
  BOOST_TEST(text_at(shown(x), "webhook", "host") == "h.example");
  x["status"] = "success";
  BOOST_TEST(state(x) == "none");
  x["settled_by"] = "w 1";
  BOOST_TEST(state(x) == "delivered");
  job_extras more;
  more.webhook = records::webhook_entry{
    "id-1", {{"attempts", "2"}, {"error", "HTTP 500"}}};
  BOOST_TEST(state(x, more) == "pending");
  more.webhook->dead = true;
  BOOST_TEST(state(x, more) == "dead");
}

BOOST_AUTO_TEST_CASE(no_webhook_is_told_of_where_none_was_sent) {
  record x{{"status", "success"}, {"settled_by", "w 1"}};
  for (auto* url : {R"("not a url")", R"("ftp://h.example/x")", "7"}) {
    x["data"] = R"({"notify_url":)" + std::string{url} + "}";
    BOOST_TEST(text_at(shown(x), "webhook", "state") == "none", url);
  }
  x["data"] = R"({"topk":NaN,"notify_url":"http://h.example/x"})";
  BOOST_TEST(text_at(shown(x), "webhook", "state") == "delivered");
}

BOOST_AUTO_TEST_CASE(what_receivers_say_is_for_operators) {
  job_extras more;
  more.webhook = records::webhook_entry{"id-1",
                                        {{"error", "HTTP 500: node-7"}}};
  BOOST_TEST(text_at(shown({{"data", "{}"}}, more), "webhook", "error") == "");
  more.details = true;
  BOOST_TEST(text_at(shown({{"data", "{}"}}, more), "webhook", "error")
             == "HTTP 500: node-7");
}

BOOST_AUTO_TEST_CASE(attempts_stages_and_receipt) {
  auto x = shown(
    {{"attempt_1", R"({"worker":"w","began":1,"how":"lost"})"},
     {"attempt_2", "no json"},
     {"stages", "1.5 download\nbad\n2 render"},
     {"receipt", R"({"seconds":3.5,"own_s":1.5,"boot_s":2,"idle_s":0})"}});
  BOOST_TEST(x["attempts"].Size() == 1u);
  BOOST_TEST(json::string_or_empty(x["attempts"][0], "how") == "lost");
  BOOST_TEST(x["stages"].Size() == 2u);
  BOOST_TEST(*json::number(x["stages"][0], "at") == 1.5);
  BOOST_TEST(*json::number(x["receipt"], "seconds") == 3.5);
  BOOST_TEST(!x["receipt"].HasMember("usd"));
}

BOOST_AUTO_TEST_CASE(only_media_is_shown_by_browsers) {
  BOOST_TEST(content_type_of("a.MP4") == "video/mp4");
  for (auto* name : {"a.html", "a.svg", "a.js", "a", "", "a.mp4.exe"})
    BOOST_TEST(content_type_of(name) == "application/octet-stream", name);
}

BOOST_AUTO_TEST_CASE(a_slow_reader_loses_what_waits_and_is_told) {
  subscription x{""};
  auto woken = 0;
  x.wake = [&] {
    ++woken;
  };
  x.push({"1-0", "change", std::string(1000, 'a'), ""});
  BOOST_TEST(x.take().size() == 1u);
  for (auto i = 0; i < 1000; ++i)
    x.push({"2-" + std::to_string(i), "change", std::string(1000, 'a'), ""});
  auto got = x.take();
  BOOST_TEST(got.size() < 300u);
  BOOST_TEST(got.front().name == "reset");
  BOOST_TEST(woken == 1001);
  BOOST_TEST(x.take().empty());
  x.push({"", "end", "{}", "j"});
  x.push({"", "state", "{}", "j"});
  BOOST_TEST(x.take().size() == 1u);
  BOOST_TEST(x.ended());
}

BOOST_AUTO_TEST_CASE(a_hub_tells_each_what_it_asked_for) {
  event_hub hub;
  auto fleet = hub.join("");
  auto job = hub.join("a");
  BOOST_TEST((hub.watched() == std::set<std::string>{"a"}));
  hub.publish({{"1-0", "change", "{}", "a"},
               {"2-0", "change", "{}", "b"},
               {"", "state", "{}", "a"},
               {"", "reset", "{}", ""}});
  BOOST_TEST(fleet->take().size() == 3u);
  BOOST_TEST(job->take().size() == 3u);
  job.reset();
  BOOST_TEST(hub.watched().empty());
  BOOST_TEST(hub.size() == 1u);
  std::vector<std::shared_ptr<subscription>> all;
  while (auto x = hub.join("c"))
    all.push_back(x);
  BOOST_TEST(all.size() == event_hub::streams_max - 1);
}

BOOST_AUTO_TEST_CASE(ids_of_events) {
  BOOST_TEST(comes_after("10-0", "9-5"));
  BOOST_TEST(comes_after("9-6", "9-5"));
  BOOST_TEST(!comes_after("9-5", "9-5"));
  BOOST_TEST(is_event_id("9-5"));
  for (auto* x : {"", "9", "a-b", "9-", "-5", "09-5", "9-5 ", "$"})
    BOOST_TEST(!is_event_id(x), x);
  BOOST_TEST(event_text({"1-0", "change", "{}", "a"})
             == "id: 1-0\nevent: change\ndata: {}\n\n");
}

/// As the worker writes it: with its blanks escaped.
BOOST_AUTO_TEST_CASE(a_file_of_this_machine) {
  auto of = [](const std::string& url) {
    return local_result({{"result_url", url}});
  };
  BOOST_TEST(of("file:///out/a%20b/c.mp3") == "/out/a b/c.mp3");
  BOOST_TEST(of("file:///out/%2e%2e/x") == "/out/../x");
  BOOST_TEST(of("file:///out/%") == "");
  BOOST_TEST(of("https://a/b") == "");
  BOOST_TEST(of("FILE:///a") == "");
}

BOOST_AUTO_TEST_SUITE_END()
