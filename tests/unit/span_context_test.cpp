// W3C Trace Context, and who decides what is exported.
#include "actors/tracer.hpp"
#include "messages/spans.hpp"

#include <boost/test/unit_test.hpp>

#include <set>

using namespace render;

namespace {

// Of the W3C's own examples.
const std::string good
  = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

std::string with(size_t at, char c) {
  auto out = good;
  out[at] = c;
  return out;
}

} // namespace

BOOST_AUTO_TEST_SUITE(span_contexts)

BOOST_AUTO_TEST_CASE(a_traceparent_is_read_and_written) {
  auto x = read_traceparent(good);
  BOOST_REQUIRE(x.has_value());
  BOOST_TEST(x->trace_high == 0x0af7651916cd43ddu);
  BOOST_TEST(x->trace_low == 0x8448eb211c80319cu);
  BOOST_TEST(x->span == 0xb7ad6b7169203331u);
  BOOST_TEST(x->sampled);
  BOOST_TEST(traceparent_of(*x) == good);
  BOOST_TEST(trace_id_text(*x) == "0af7651916cd43dd8448eb211c80319c");
  BOOST_TEST(span_id_text(x->span) == "b7ad6b7169203331");
  BOOST_TEST(traceparent_of({}) == "");
  BOOST_TEST(span_id_text(1) == "0000000000000001");
}

BOOST_AUTO_TEST_CASE(of_the_flags_only_sampled_is_known) {
  auto flags = [](const char* digits) {
    return read_traceparent(good.substr(0, 53) + digits).value().sampled;
  };
  BOOST_TEST(!flags("00"));
  BOOST_TEST(flags("01"));
  BOOST_TEST(!flags("02"));
  BOOST_TEST(flags("03"));
  BOOST_TEST(flags("ff"));
  auto x = read_traceparent(good.substr(0, 53) + "fe").value();
  BOOST_TEST(traceparent_of(x) == good.substr(0, 53) + "00");
}

BOOST_AUTO_TEST_CASE(later_versions_may_be_longer) {
  auto later = "01" + good.substr(2);
  BOOST_TEST(read_traceparent(later).has_value());
  BOOST_TEST(read_traceparent(later + "-what-will-be").has_value());
  BOOST_TEST(read_traceparent(later + "-").has_value());
  BOOST_TEST(!read_traceparent(later + ".what").has_value());
  BOOST_TEST(!read_traceparent(good + "-what").has_value());
  BOOST_TEST(!read_traceparent(good + "-").has_value());
  BOOST_TEST(!read_traceparent("ff" + good.substr(2)).has_value());
}

BOOST_AUTO_TEST_CASE(every_wrong_character_is_seen) {
  for (size_t i = 0; i < good.size(); ++i)
    for (auto c : std::string{"gGAF -_\n\0\x80", 10}) {
      auto text = with(i, c);
      if (text != good)
        BOOST_TEST(!read_traceparent(text).has_value(), text);
    }
}

BOOST_AUTO_TEST_CASE(every_cut_is_seen) {
  for (size_t i = 0; i < good.size(); ++i)
    BOOST_TEST(!read_traceparent(good.substr(0, i)).has_value());
  BOOST_TEST(!read_traceparent(" " + good).has_value());
}

BOOST_AUTO_TEST_CASE(ids_of_zeros_are_none) {
  auto zeros = [](size_t from, size_t count) {
    auto out = good;
    out.replace(from, count, count, '0');
    return out;
  };
  BOOST_TEST(!read_traceparent(zeros(3, 32)).has_value());
  BOOST_TEST(!read_traceparent(zeros(36, 16)).has_value());
  BOOST_TEST(read_traceparent(zeros(3, 16)).has_value());
  BOOST_TEST(read_traceparent(zeros(19, 16)).has_value());
}

BOOST_AUTO_TEST_CASE(a_tracestate_is_passed_on_only_when_it_is_one) {
  for (auto* text :
       {"a=1", "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE",
        "fw529a3039@dt=FfIl , a=1", "a=1,,b=2", "1a=x y z", "a/b_c-d*e=!"})
    BOOST_TEST(is_tracestate(text), text);
  for (auto* text : {"", ",", "a", "a=", "=a", "A=1", "a=1;b\x01=2", "a=b=c",
                     "*a=1", "a=\xc3\xa4", "a=1\n"})
    BOOST_TEST(!is_tracestate(text), text);
  std::string many;
  for (int i = 0; i < 32; ++i)
    many += (i ? ",k" : "k") + std::to_string(i) + "=v";
  BOOST_TEST(is_tracestate(many));
  BOOST_TEST(!is_tracestate(many + ",k=v"));
  BOOST_TEST(is_tracestate("a=" + std::string(256, 'x')));
  BOOST_TEST(!is_tracestate("a=" + std::string(257, 'x')));
  BOOST_TEST(!is_tracestate("a=" + std::string(252, 'x')
                            + ",b=" + std::string(256, 'x')));
}

BOOST_AUTO_TEST_CASE(a_bad_state_does_not_cost_the_parent) {
  BOOST_TEST(read_span_context(good, "a=1").state == "a=1");
  BOOST_TEST(read_span_context(good, "a=1\t,\tb=2").state == "a=1 , b=2");
  auto x = read_span_context(good, "a");
  BOOST_TEST(traceparent_of(x) == good);
  BOOST_TEST(x.state == "");
  auto none = read_span_context("nonsense", "a=1");
  BOOST_TEST(!none);
  BOOST_TEST(none.state == "");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(samplers)

BOOST_AUTO_TEST_CASE(have_the_names_of_opentelemetry) {
  for (auto* name :
       {"always_on", "always_off", "traceidratio", "parentbased_always_on",
        "parentbased_always_off", "parentbased_traceidratio"}) {
    auto x = sampler_from(name);
    BOOST_REQUIRE(x.has_value());
    BOOST_TEST(to_string(*x) == name);
  }
  BOOST_TEST(!sampler_from("jaeger_remote").has_value());
  BOOST_TEST(!sampler_from("").has_value());
}

BOOST_AUTO_TEST_CASE(decide_as_they_are_told) {
  span_context yes{1, 2, 3, true};
  span_context no{1, 2, 3, false};
  constexpr uint64_t low = 2, high = ~uint64_t{0};
  struct row {
    sampler rule;
    bool root_low, root_high, below_yes, below_no;
  };
  // The ratio is a half.
  for (auto& x :
       {row{sampler::always_on, true, true, true, true},
        row{sampler::always_off, false, false, false, false},
        row{sampler::traceidratio, true, false, true, true},
        row{sampler::parentbased_always_on, true, true, true, false},
        row{sampler::parentbased_always_off, false, false, true, false},
        row{sampler::parentbased_traceidratio, true, false, true, false}}) {
    sampling how{x.rule, 0.5};
    BOOST_TEST_CONTEXT(to_string(x.rule)) {
      BOOST_TEST(is_sampled(how, {}, low) == x.root_low);
      BOOST_TEST(is_sampled(how, {}, high) == x.root_high);
      BOOST_TEST(is_sampled(how, yes, low) == x.below_yes);
      BOOST_TEST(is_sampled(how, no, low) == x.below_no);
    }
  }
}

BOOST_AUTO_TEST_CASE(take_the_part_they_are_told) {
  for (auto ratio : {0.0, 0.01, 0.25, 0.999, 1.0}) {
    tracer one{{sampler::traceidratio, ratio}, 7};
    auto taken = 0;
    for (int i = 0; i < 10'000; ++i)
      taken += one.root().sampled ? 1 : 0;
    BOOST_TEST(std::abs(taken - ratio * 10'000) <= 150);
  }
  BOOST_TEST(!is_sampled({sampler::traceidratio, 0}, {}, 0));
  BOOST_TEST(is_sampled({sampler::traceidratio, 1}, {}, ~uint64_t{0}));
}

BOOST_AUTO_TEST_CASE(ids_come_from_the_seed) {
  tracer one{{}, 1}, same{{}, 1}, other{{}, 2};
  std::set<uint64_t> spans;
  for (int i = 0; i < 1'000; ++i) {
    auto x = one.root();
    BOOST_REQUIRE(static_cast<bool>(x));
    BOOST_REQUIRE((x == same.root()));
    BOOST_REQUIRE((x != other.root()));
    spans.insert(x.span);
  }
  BOOST_TEST(spans.size() == 1'000u);
}

BOOST_AUTO_TEST_CASE(a_child_keeps_trace_state_and_flag) {
  tracer one{{sampler::always_on, 1}, 1};
  span_context parent{1, 2, 3, false, "a=1"};
  auto ours = one.child(parent);
  BOOST_TEST(ours.trace_high == 1u);
  BOOST_TEST(ours.trace_low == 2u);
  BOOST_TEST(ours.span != 3u);
  BOOST_TEST(!ours.sampled);
  BOOST_TEST(ours.state == "a=1");
  auto theirs = one.below(parent);
  BOOST_TEST(theirs.trace_low == 2u);
  BOOST_TEST(theirs.sampled);
  auto root = one.below({});
  BOOST_TEST(root.trace_low != 2u);
  BOOST_TEST(root.sampled);
}

BOOST_AUTO_TEST_SUITE_END()
