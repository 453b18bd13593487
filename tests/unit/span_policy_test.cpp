// When spans are exported, tried again and dropped.
#include "actors/io/spans/policy.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

using namespace render;
using namespace render::span_export;

namespace {

struct play {
  explicit play(config x = {}) : cfg(x), it(x) {
    // nop
  }

  static std::vector<span> some(size_t count) {
    return std::vector<span>(count, span{"x", {}, {}, 0, 0, 0});
  }

  static http_response answered(int32_t status, std::string body = {}) {
    http_response out;
    out.status = status;
    out.body = std::move(body);
    return out;
  }

  // "post N", "batch MS", "retry MS", "flush MS", "done", "OUTCOME N", "!
  // TEXT".
  std::string told(effects xs) {
    std::string out;
    auto add = [&out](const std::string& text) {
      out += (out.empty() ? "" : ", ") + text;
    };
    for (auto& x : xs) {
      if (auto* y = std::get_if<post>(&x))
        add("post " + std::to_string(y->spans.size()));
      if (auto* y = std::get_if<arm_timer>(&x)) {
        last[static_cast<size_t>(y->which)] = y->generation;
        constexpr const char* names[] = {"batch", "retry", "flush"};
        add(names[static_cast<size_t>(y->which)]
            + (" " + std::to_string(y->delay.count())));
      }
      if (std::holds_alternative<done>(x))
        add("done");
      if (auto* y = std::get_if<say>(&x)) {
        if (y->text.empty())
          add(y->about.outcome + " " + std::to_string(y->about.count));
        else
          add("! " + y->text);
        BOOST_TEST((y->text.empty() == (y->about.name == "trace_spans")));
      }
    }
    return out;
  }

  std::string spans(size_t count) {
    return told(it.on_spans(some(count)));
  }

  std::string answer(int32_t status, std::string body = {}) {
    return told(it.on_answer(answered(status, std::move(body)), 0));
  }

  std::string due(timer which) {
    return told(it.on_timer(which, last[static_cast<size_t>(which)]));
  }

  config cfg;
  policy it;
  uint64_t last[3] = {};
};

config small() {
  config out;
  out.queue_max = 10;
  out.batch_max = 4;
  // Without chance.
  out.retry_min = duration{1};
  out.retry_max = duration{1'000};
  out.tries_max = 3;
  return out;
}

const std::string slow = "! traces: the collector is too slow, spans are "
                         "dropped";
const std::string lost = "! traces: spans are lost, the collector does not "
                         "take them: ";
const std::string again = "! traces: spans are exported again";

} // namespace

BOOST_AUTO_TEST_SUITE(the_span_export)

BOOST_AUTO_TEST_CASE(waits_for_a_batch_or_for_its_time) {
  play x{small()};
  BOOST_TEST(x.spans(1) == "batch 5000");
  BOOST_TEST(x.spans(1) == "");
  BOOST_TEST(x.due(timer::batch) == "post 2");
  BOOST_TEST(x.spans(1) == "");
  BOOST_TEST(x.answer(200) == "exported 2, batch 5000");
  BOOST_TEST(x.spans(4) == "post 4");
  BOOST_TEST(x.answer(200) == "exported 4, batch 5000");
  BOOST_TEST(x.due(timer::batch) == "post 1");
  BOOST_TEST(x.answer(200) == "exported 1");
  BOOST_TEST(x.spans(0) == "");
}

BOOST_AUTO_TEST_CASE(sends_one_batch_after_the_other) {
  play x{small()};
  BOOST_TEST(x.spans(9) == "post 4");
  BOOST_TEST(x.answer(200) == "exported 4, post 4");
  BOOST_TEST(x.answer(200) == "exported 4, batch 5000");
}

BOOST_AUTO_TEST_CASE(drops_what_has_no_room_and_says_so_once) {
  play x{small()};
  BOOST_TEST(x.spans(12) == "dropped 2, " + slow + ", post 4");
  BOOST_TEST(x.spans(3) == "dropped 3");
  // It is as slow as before until there is room for more than a batch.
  BOOST_TEST(x.answer(200) == "exported 4, post 4");
  // Those under way take room, too.
  BOOST_TEST(x.spans(5) == "dropped 1");
  BOOST_TEST(x.answer(200) == "exported 4, post 4");
  BOOST_TEST(x.answer(200) == "exported 4, " + again + ", batch 5000");
  BOOST_TEST(x.spans(9) == "dropped 1, " + slow + ", post 4");
}

BOOST_AUTO_TEST_CASE(tries_again_within_limits) {
  play x{small()};
  x.spans(4);
  BOOST_TEST(x.answer(503) == "retry 1");
  BOOST_TEST(x.spans(4) == "");
  // An answer that nobody waits for.
  BOOST_TEST(x.answer(200) == "");
  BOOST_TEST(x.due(timer::retry) == "post 4");
  BOOST_TEST(x.due(timer::retry) == "");
  auto second = x.answer(502);
  BOOST_TEST((second == "retry 2" || second == "retry 3"));
  BOOST_TEST(x.due(timer::retry) == "post 4");
  BOOST_TEST(x.answer(503) == "failed 4, " + lost + "HTTP 503, post 4");
  // The next batch has tries of its own, and what is known is not said again.
  BOOST_TEST(x.answer(503) == "retry 1");
  BOOST_TEST(x.due(timer::retry) == "post 4");
  BOOST_TEST(x.answer(200) == "exported 4, " + again);
}

BOOST_AUTO_TEST_CASE(waits_as_long_as_it_is_told) {
  play x{small()};
  x.spans(4);
  auto slow_down = play::answered(429);
  slow_down.headers["retry-after"] = "1";
  BOOST_TEST(x.told(x.it.on_answer(slow_down, 0)) == "retry 1000");
  x.due(timer::retry);
  // Up to a limit.
  slow_down.headers["retry-after"] = "3600";
  BOOST_TEST(x.told(x.it.on_answer(slow_down, 0)) == "retry 1000");
}

BOOST_AUTO_TEST_CASE(waits_longer_each_time) {
  config cfg;
  cfg.tries_max = 20;
  cfg.batch_max = 1;
  play x{cfg};
  x.spans(1);
  for (auto base = 1'000; base < 64'000; base *= 2) {
    auto text = x.answer(503);
    auto delay = std::stoi(text.substr(6));
    auto least = std::min(base, 30'000);
    BOOST_TEST((delay >= least && delay <= least + least / 2), text);
    x.due(timer::retry);
  }
}

BOOST_AUTO_TEST_CASE(does_not_repeat_what_was_refused) {
  play x{small()};
  x.spans(4);
  BOOST_TEST(x.answer(400, "no such field")
             == "rejected 4, " + lost + "HTTP 400: no such field");
  x.spans(4);
  BOOST_TEST(x.answer(200, R"({"partialSuccess":{"rejectedSpans":"3"}})")
             == "exported 1, rejected 3, " + again);
  x.spans(4);
  BOOST_TEST(x.answer(200, R"({"partialSuccess":{"rejectedSpans":"30"}})")
             == "rejected 4");
}

BOOST_AUTO_TEST_CASE(at_the_end_exports_what_it_has) {
  play x{small()};
  x.spans(3);
  BOOST_TEST(x.told(x.it.on_stop()) == "post 3, flush 800");
  BOOST_TEST(x.told(x.it.on_stop()) == "");
  BOOST_TEST(x.answer(200) == "exported 3, done");
}

BOOST_AUTO_TEST_CASE(at_the_end_goes_on_with_what_is_under_way) {
  play x{small()};
  x.spans(9);
  BOOST_TEST(x.told(x.it.on_stop()) == "flush 800");
  BOOST_TEST(x.answer(200) == "exported 4, post 4");
  BOOST_TEST(x.answer(200) == "exported 4, post 1");
  BOOST_TEST(x.answer(200) == "exported 1, done");
  BOOST_TEST(x.due(timer::flush) == "");
}

BOOST_AUTO_TEST_CASE(at_the_end_does_not_wait_for_a_next_try) {
  play x{small()};
  x.spans(4);
  x.answer(503);
  BOOST_TEST(x.told(x.it.on_stop()) == "post 4, flush 800");
  // Nor for another one: it would come after the end.
  BOOST_TEST(x.answer(503) == "failed 4, " + lost + "HTTP 503, done");
  BOOST_TEST(x.due(timer::flush) == "");
}

BOOST_AUTO_TEST_CASE(at_the_end_gives_up_what_is_not_answered) {
  play x{small()};
  x.spans(4);
  BOOST_TEST(x.told(x.it.on_stop()) == "flush 800");
  BOOST_TEST(x.due(timer::flush)
             == "dropped 4, ! traces: 4 spans were not exported before the "
                "end, done");
}

BOOST_AUTO_TEST_CASE(with_nothing_to_do_ends_at_once) {
  play x{small()};
  BOOST_TEST(x.told(x.it.on_stop()) == "done");
}

BOOST_AUTO_TEST_CASE(ignores_timers_of_former_times) {
  play x{small()};
  x.spans(1);
  auto old = x.last[0];
  x.spans(3);
  BOOST_TEST(x.told(x.it.on_timer(timer::batch, old)) == "");
  x.answer(200);
  x.spans(1);
  BOOST_TEST(x.told(x.it.on_timer(timer::batch, old)) == "");
  BOOST_TEST(x.told(x.it.on_timer(timer::retry, 0)) == "");
  BOOST_TEST(x.told(x.it.on_timer(timer::flush, 99)) == "");
}

BOOST_AUTO_TEST_SUITE_END()
