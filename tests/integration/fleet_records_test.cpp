// What c3ctl and the HTTP service read and change, against a real redis-server.
#include "app/records/change.hpp"
#include "app/records/events.hpp"
#include "app/records/find.hpp"
#include "app/records/queue.hpp"
#include "app/records/waits.hpp"
#include "tests/integration/fleet_world.hpp"

#include <set>

using namespace render;
using namespace render::records;

namespace {

using names = std::vector<std::string>;

names ids_of(const job_page& page) {
  names out;
  for (auto& x : page.jobs)
    out.push_back(x.id);
  return out;
}

struct records_world : fleet_world {
  names ids(find_terms terms) {
    auto got = find(db, terms);
    BOOST_REQUIRE(got);
    return ids_of(*got);
  }

  /// All pages, with `|` where one ends.
  names pages(find_terms terms) {
    names out;
    for (int i = 0; i < 100; ++i) {
      auto got = find(db, terms);
      BOOST_REQUIRE(got);
      for (auto& x : got->jobs)
        out.push_back(x.id);
      if (!got->next)
        return out;
      out.emplace_back("|");
      // As a client sends it.
      terms.after = read_cursor(cursor_text(*got->next));
    }
    BOOST_FAIL("pages without end");
    return out;
  }
};

render::job some_job(const std::string& id) {
  render::job out;
  out.id = job_id{id};
  out.type = "csm";
  out.created_at_s = 1'700'000'000.7;
  out.complete_by_s = 1'700'003'600;
  out.data = R"({"text":"Hi."})";
  return out;
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(fleet_records, records_world)

BOOST_AUTO_TEST_CASE(many_commands_are_answered_in_their_order) {
  std::vector<names> all;
  for (int i = 0; i < 5'000; ++i)
    all.push_back({"ECHO", std::to_string(i)});
  all[17] = {"LLEN"};
  auto got = db.ask_all(all);
  BOOST_REQUIRE(got.size() == all.size());
  BOOST_TEST(!got[17]);
  for (size_t i = 0; i < got.size(); ++i)
    if (i != 17)
      BOOST_REQUIRE(got[i].value().text == std::to_string(i));
  BOOST_TEST(db.ask_all({}).empty());
}

BOOST_AUTO_TEST_CASE(a_service_leaves_out_what_is_too_long) {
  auto bounded = connected({100'000, 4'000'000});
  put_job("small");
  put_job("long", {"error", std::string(2'000'000, 'x'), "stage", "render"});
  auto one = read_job(bounded, "long");
  BOOST_REQUIRE(one);
  BOOST_TEST(one->count("error") == 0u);
  BOOST_TEST(field(*one, "stage") == "render");
  auto some = bounded.hashes({"job:small", "job:long", "job:none"},
                             {"error", "type", "stage"});
  BOOST_REQUIRE(some);
  BOOST_TEST(field((*some)[0], "type") == "csm");
  BOOST_TEST((*some)[1].size() == 2u);
  BOOST_TEST((*some)[2].empty());
  BOOST_TEST(!bounded.ask({"HGET", "job:long", "error"}));
  BOOST_TEST(field(job("long"), "error").size() == 2'000'000u);
}

BOOST_AUTO_TEST_CASE(a_service_reads_no_more_than_so_much_at_once) {
  auto bounded = connected({100'000, 300'000});
  names keys;
  for (int i = 0; i < 20; ++i) {
    put_job(std::to_string(i), {"error", std::string(50'000, 'x')});
    keys.push_back("job:" + std::to_string(i));
  }
  auto got = bounded.hashes(keys, {"error"});
  BOOST_REQUIRE(got);
  BOOST_TEST((*got)[0].count("error") == 1u);
  BOOST_TEST((*got)[19].count("error") == 0u);
}

BOOST_AUTO_TEST_CASE(the_connection_comes_back_with_the_next_command) {
  BOOST_TEST(db.time().has_value());
  server.restart();
  BOOST_TEST(db.time().has_value());
  server.kill();
  auto lost = db.ask_all({{"PING"}, {"PING"}});
  for (auto& x : lost) {
    BOOST_REQUIRE(!x);
    BOOST_TEST(is_away(x.error()));
  }
  server.restart();
  BOOST_TEST(db.time().has_value());
}

BOOST_AUTO_TEST_CASE(what_is_no_hash_has_no_fields) {
  put_job("a");
  server.cmd_list({"SET", "job:b", "x"});
  auto got = db.hashes({"job:a", "job:b", "job:c"}, {"type", "none"});
  BOOST_REQUIRE(got);
  BOOST_TEST((*got)[0].size() == 1u);
  BOOST_TEST(field((*got)[0], "type") == "csm");
  BOOST_TEST((*got)[1].empty());
  BOOST_TEST((*got)[2].empty());
  BOOST_TEST(read_job(db, "b").value().empty());
  BOOST_TEST(field(read_job(db, "a").value(), "id") == "a");
}

BOOST_AUTO_TEST_CASE(a_job_has_the_span_of_its_producer) {
  auto x = some_job("a");
  x.trace = {1, 2, 3, true};
  BOOST_REQUIRE(enqueue(db, x));
  BOOST_TEST(job("a")["traceparent"]
             == "00-00000000000000010000000000000002-0000000000000003-01");
  BOOST_TEST(!job("a").contains("tracestate"));
  x.id = "b";
  x.trace.state = "k=v";
  BOOST_REQUIRE(enqueue(db, x));
  BOOST_TEST(job("b")["tracestate"] == "k=v");
  BOOST_REQUIRE(enqueue(db, some_job("c")));
  BOOST_TEST(!job("c").contains("traceparent"));
}

BOOST_AUTO_TEST_CASE(a_job_is_put_into_the_queue_once) {
  auto got = enqueue(db, some_job("a"), {{"metadata", R"({"k":"v"})"}});
  BOOST_REQUIRE(got);
  BOOST_TEST((got->outcome == enqueued::how::queued));
  BOOST_TEST(got->id == "a");
  auto x = job("a");
  BOOST_TEST(x["status"] == "queued");
  BOOST_TEST(x["created_at"] == "1700000000");
  BOOST_TEST(x["complete_by"] == "1700003600");
  BOOST_TEST(!x.contains("max_time"));
  BOOST_TEST(x["data"] == R"({"text":"Hi."})");
  BOOST_TEST(x["metadata"] == R"({"k":"v"})");
  auto other = some_job("a");
  other.data = "{}";
  got = enqueue(db, other);
  BOOST_REQUIRE(got);
  BOOST_TEST((got->outcome == enqueued::how::id_taken));
  BOOST_TEST(job("a")["data"] == R"({"text":"Hi."})");
  BOOST_TEST(queue() == names{"a"});
  // A queue that cannot be written leaves no record behind.
  server.cmd_list({"DEL", "queue:jobs"});
  server.cmd_list({"SET", "queue:jobs", "x"});
  BOOST_TEST(!enqueue(db, some_job("b"), {}, idempotency{"k", "r"}));
  BOOST_TEST(job("b").empty());
  BOOST_TEST(db.hash("c3:idempotency:k").value().empty());
}

BOOST_AUTO_TEST_CASE(a_key_makes_one_job) {
  idempotency once{"me:k", "digest", std::chrono::seconds{60}};
  auto made = enqueue(db, some_job("a"), {}, once);
  BOOST_REQUIRE(made);
  BOOST_TEST((made->outcome == enqueued::how::queued));
  auto again = enqueue(db, some_job("b"), {}, once);
  BOOST_REQUIRE(again);
  BOOST_TEST((again->outcome == enqueued::how::repeated));
  BOOST_TEST(again->id == "a");
  once.request = "another";
  again = enqueue(db, some_job("c"), {}, once);
  BOOST_REQUIRE(again);
  BOOST_TEST((again->outcome == enqueued::how::key_reused));
  BOOST_TEST(queue() == names{"a"});
  auto left = db.ask({"TTL", "c3:idempotency:me:k"})->integer;
  BOOST_TEST(left > 50);
  BOOST_TEST(left <= 60);
  once.key = "other:k";
  BOOST_TEST(
    (enqueue(db, some_job("d"), {}, once)->outcome == enqueued::how::queued));
}

BOOST_AUTO_TEST_CASE(many_are_cancelled_or_run_again) {
  put_waiting("a");
  put_running("b", "1700000001");
  put_ended("c", "failed", "csm", 1'700'000'009,
            {"complete_by", "1700000600", "metadata", R"({"k":"v"})"});
  auto gone = cancel_all(db, {"a", "b", "c", "d"}, "cancelled", "why");
  BOOST_REQUIRE(gone.size() == 4u);
  BOOST_TEST(gone[0]->was == "queued");
  BOOST_TEST(gone[1]->was == "running");
  BOOST_TEST(gone[2]->was == "failed");
  BOOST_TEST(!gone[3]->found);
  BOOST_TEST(job("a")["status"] == "cancelled");
  BOOST_TEST(job("a")["error"] == "why");
  BOOST_TEST(job("c")["status"] == "failed");
  BOOST_TEST(queue().empty());
  put_waiting("w");
  auto made = retry_all(db, {"a", "c", "d", "w"});
  BOOST_REQUIRE(made.size() == 4u);
  BOOST_TEST((made[0]->outcome == retried::how::queued));
  BOOST_TEST((made[2]->outcome == retried::how::missing));
  BOOST_TEST((made[3]->outcome == retried::how::not_ended));
  BOOST_TEST(queue() == (names{"w", made[0]->id, made[1]->id}));
  auto x = job(made[1]->id);
  BOOST_TEST(x["retry_of"] == "c");
  BOOST_TEST(x["metadata"] == R"({"k":"v"})");
  BOOST_TEST(std::abs(number_field(x, "complete_by") - now_s() - 600) < 30);
}

BOOST_AUTO_TEST_CASE(ended_jobs_are_found_page_by_page) {
  for (int i = 0; i < 7; ++i)
    put_ended("j" + std::to_string(i), i % 2 ? "failed" : "success",
              i == 6 ? "whisper" : "csm", 1'700'000'000 + i / 3);
  find_terms terms;
  terms.limit = 3;
  BOOST_TEST(pages(terms)
             == (names{"j6", "j5", "j4", "|", "j3", "j2", "j1", "|", "j0"}));
  terms.limit = 7;
  BOOST_TEST(pages(terms).size() == 7u);
  terms.limit = 2;
  terms.filter.status = "failed";
  BOOST_TEST(pages(terms) == (names{"j5", "j3", "|", "j1"}));
  terms.filter = {};
  terms.filter.type = "whisper";
  BOOST_TEST(pages(terms) == names{"j6"});
  terms.filter = {};
  terms.filter.from_s = 1'700'000'001;
  terms.filter.to_s = 1'700'000'001;
  BOOST_TEST(pages(terms) == (names{"j5", "j4", "|", "j3"}));
  // A page that finds nothing for long ends, and can be gone on with.
  terms.filter = {};
  terms.filter.words = {"j0"};
  terms.looked_at_max = 3;
  BOOST_TEST(pages(terms) == (names{"|", "|", "j0"}));
}

BOOST_AUTO_TEST_CASE(others_that_end_meanwhile_move_no_page) {
  for (int i = 0; i < 4; ++i)
    put_ended("j" + std::to_string(i), "success", "csm", 1'700'000'000 + i);
  find_terms terms;
  terms.limit = 2;
  auto first = find(db, terms);
  BOOST_REQUIRE(first);
  BOOST_TEST(ids_of(*first) == (names{"j3", "j2"}));
  put_ended("j9", "success", "csm", 1'700'000'009);
  server.cmd_list({"ZREM", "c3:ended", "j2"});
  terms.after = first->next;
  BOOST_TEST(ids(terms) == (names{"j1", "j0"}));
}

BOOST_AUTO_TEST_CASE(more_ended_at_once_than_are_read_at_once) {
  std::vector<std::string> at_once{"ZADD", "c3:ended"};
  for (int i = 0; i < 1'300; ++i)
    at_once.insert(at_once.end(), {"1700000000000", "j" + std::to_string(i)});
  server.cmd_list(at_once);
  find_terms terms;
  terms.limit = 700;
  auto all = pages(terms);
  BOOST_TEST(all.size() == 1'301u);
  BOOST_TEST((std::set<std::string>{all.begin(), all.end()}.size() == 1'301u));
}

BOOST_AUTO_TEST_CASE(running_jobs_are_found_by_their_begin) {
  put_running("a", "1700000001");
  put_running("b", "1700000003", {"worker", "w1", "gpu", "e1"});
  put_running("c", "1700000002", {"attempt_1", R"({"gpu":"e1"})"});
  find_terms terms;
  terms.where = place_of({"running"});
  terms.limit = 2;
  BOOST_TEST(pages(terms) == (names{"b", "c", "|", "a"}));
  terms.limit = 50;
  terms.filter.gpu = "e1";
  BOOST_TEST(pages(terms) == (names{"b", "c"}));
  terms.filter.worker = "w1";
  BOOST_TEST(pages(terms) == names{"b"});
}

BOOST_AUTO_TEST_CASE(waiting_jobs_are_found_in_the_queues_order) {
  for (int i = 0; i < 5; ++i)
    put_waiting("j" + std::to_string(i),
                {"created_at", std::to_string(1'700'000'000 + i), "data",
                 i == 3 ? R"({"text":"Needle"})" : "{}"});
  find_terms terms;
  terms.where = place_of({"queued"});
  terms.limit = 2;
  BOOST_TEST(pages(terms) == (names{"j0", "j1", "|", "j2", "j3", "|", "j4"}));
  auto first = find(db, terms);
  BOOST_REQUIRE(first);
  // The jobs of the first page are claimed.
  server.cmd_list({"LPOP", "queue:jobs"});
  server.cmd_list({"LPOP", "queue:jobs"});
  terms.after = first->next;
  BOOST_TEST(ids(terms) == (names{"j2", "j3"}));
  terms.after = job_cursor{1'700'000'003'000, "gone"};
  BOOST_TEST(ids(terms) == names{"j4"});
  terms.after.reset();
  terms.filter.words = words_of("NEEDLE");
  auto got = find(db, terms);
  BOOST_REQUIRE(got);
  BOOST_TEST(ids_of(*got) == names{"j3"});
  BOOST_TEST(!got->jobs[0].fields.contains("data"));
}

BOOST_AUTO_TEST_CASE(words_are_not_looked_for_in_what_is_very_long) {
  put_ended("a", "success", "csm", 1'700'000'000,
            {"data", "needle" + std::string(300'000, 'x')});
  put_ended("b", "success", "csm", 1'700'000'001, {"result", "a needle"});
  find_terms terms;
  terms.filter.words = {"needle"};
  BOOST_TEST(ids(terms) == names{"b"});
}

BOOST_AUTO_TEST_CASE(the_events_of_a_job_are_read) {
  auto tell = [&](names words) {
    words.insert(words.begin(), {"XADD", "c3:events", "*", "what"});
    server.cmd_list(words);
  };
  tell({"job_claimed", "job", "a"});
  for (int i = 0; i < 1'100; ++i)
    tell({"job_claimed", "job", "b"});
  tell({"job_ended", "job", "a", "status", "success"});
  auto got = read_events_of(db, "a", {});
  BOOST_REQUIRE(got);
  BOOST_REQUIRE(got->size() == 2u);
  BOOST_TEST((*got)[0].what == "job_claimed");
  BOOST_TEST(field((*got)[1].fields, "status") == "success");
  BOOST_TEST(std::abs((*got)[1].at_s - now_s()) < 30);
  auto every = [](auto&) {
    return true;
  };
  BOOST_TEST(read_events(db, 0, every)->size() == 1'102u);
  BOOST_TEST(read_events(db, now_s() + 10, every)->empty());
}

BOOST_AUTO_TEST_CASE(the_head_of_the_queue_is_read) {
  put_waiting("a");
  server.cmd_list({"RPUSH", "queue:jobs", "nothing"});
  put_waiting("b", {"type", "whisper"});
  auto got = read_queue_head(db);
  BOOST_REQUIRE(got);
  BOOST_TEST(types_until(*got, "b") == (names{"csm", "", "whisper"}));
  BOOST_TEST(types_until(*got, "c").empty());
  BOOST_TEST(read_queue(db, 0, 1)->size() == 1u);
  auto all = waits::read(db);
  BOOST_REQUIRE(all);
  auto why = all->why({"csm"}, 0);
  BOOST_TEST(why.place == 1u);
  BOOST_TEST(why.reason == "no_worker");
  BOOST_TEST(!why.begins_in.has_value());
}

BOOST_AUTO_TEST_SUITE_END()
