// Writes that are repeated until Redis has answered.
#include "actors/io/redis/durable/lasting_writes.hpp"

#include <boost/test/unit_test.hpp>

using namespace render;
using namespace render::job_store;
using namespace std::chrono_literals;

namespace {

struct fixture {
  lasting_writes::maker sends(const std::string& text) {
    return [text](write_number number) {
      command out;
      out.args = {text, std::to_string(number)};
      return out;
    };
  }

  lasting_writes::asker hears(const std::string& name) {
    return [this, name](const result<reply>&, write_number number) {
      heard += name + std::to_string(number) + " ";
    };
  }

  /// What is sent under this number; empty: nothing.
  std::string begin(const std::string& name, write_number number) {
    auto x = writes.begin(name, number);
    return x ? x->args[0] + x->args[1] : "";
  }

  lasting_writes::answered answer(const std::string& name,
                                  const result<reply>& got) {
    auto out = writes.on_answer(name, got, {100ms, 300ms});
    for (auto& asker : out.askers)
      asker(got, out.number);
    return out;
  }

  const result<reply> ok = reply::of(1);
  const result<reply> away = fail(failure_kind::unavailable, "away");
  lasting_writes writes;
  std::string heard;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(a_lasting_write, fixture)

BOOST_AUTO_TEST_CASE(that_is_asked_for_twice_is_one_with_two_answers) {
  BOOST_TEST(writes.ask("w", sends("x"), hears("a")));
  BOOST_TEST(begin("w", 7) == "x7");
  BOOST_TEST(!writes.ask("w", sends("y"), hears("b")));
  BOOST_TEST(begin("w", 8) == "");
  answer("w", ok);
  BOOST_TEST(heard == "a7 b7 ");
  BOOST_TEST(!writes.has("w"));
}

BOOST_AUTO_TEST_CASE(is_repeated_ever_more_rarely_while_redis_is_away) {
  writes.ask("w", sends("x"), hears("a"));
  begin("w", 1);
  auto next = answer("w", away);
  BOOST_TEST(next.begins_to_fail);
  BOOST_TEST((next.retry_in == 100ms));
  for (auto delay : {200ms, 300ms, 300ms}) {
    BOOST_TEST(writes.take_failed() == std::vector<std::string>{"w"});
    BOOST_TEST(begin("w", 2) == "x2");
    next = answer("w", away);
    BOOST_TEST(!next.begins_to_fail);
    BOOST_TEST((next.retry_in == delay));
  }
  BOOST_TEST(heard == "");
  writes.take_failed();
  begin("w", 9);
  answer("w", ok);
  BOOST_TEST(heard == "a9 ");
  // The next one begins anew.
  writes.ask("v", sends("y"), hears("b"));
  begin("v", 10);
  BOOST_TEST((answer("v", away).retry_in == 100ms));
}

BOOST_AUTO_TEST_CASE(is_not_repeated_for_what_redis_finds_wrong_with_it) {
  writes.ask("w", sends("x"), hears("a"));
  begin("w", 1);
  answer("w", fail(failure_kind::internal, "WRONGTYPE"));
  BOOST_TEST(heard == "a1 ");
  BOOST_TEST(writes.take_failed().empty());
}

BOOST_AUTO_TEST_CASE(waits_for_one_timer_with_all_others_that_fail) {
  for (auto name : {"v", "w"}) {
    writes.ask(name, sends("x"), hears("a"));
    begin(name, 1);
  }
  BOOST_TEST(answer("v", away).retry_in.has_value());
  BOOST_TEST(!answer("w", away).retry_in.has_value());
  BOOST_TEST(writes.take_failed() == (std::vector<std::string>{"v", "w"}));
}

BOOST_AUTO_TEST_CASE(gives_way_to_a_newer_one) {
  writes.overwrite("w", sends("x"), hears("a"));
  begin("w", 1);
  writes.overwrite("w", sends("y"), hears("b"));
  BOOST_TEST(answer("w", ok).is_old);
  BOOST_TEST(heard == "");
  BOOST_TEST(begin("w", 2) == "y2");
  answer("w", ok);
  BOOST_TEST(heard == "a2 b2 ");
}

BOOST_AUTO_TEST_CASE(that_has_failed_is_not_repeated_after_a_newer_one) {
  writes.overwrite("w", sends("x"), hears("a"));
  begin("w", 1);
  answer("w", away);
  writes.overwrite("w", sends("y"), hears("b"));
  BOOST_TEST(writes.take_failed().empty());
  BOOST_TEST(begin("w", 2) == "y2");
}

BOOST_AUTO_TEST_SUITE_END()
