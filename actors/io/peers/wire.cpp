#include "actors/io/peers/wire.hpp"

#include "messages/text/json.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

namespace render::peers {

namespace {

constexpr size_t longest_name = 256;
constexpr size_t longest_version = 64;
constexpr size_t longest_cluster = 256;

constexpr std::array<std::string_view, 3> standings{"alive", "suspect", "left"};

std::string member(std::string_view name, std::string_view text) {
  return json::quote(name) + ":" + json::quote(text);
}

std::string member(std::string_view name, uint64_t number) {
  return json::quote(name) + ":" + std::to_string(number);
}

uint64_t to_ms(double s) {
  return static_cast<uint64_t>(
    std::llround(std::clamp(s, 0.0, oldest_word_s) * 1'000));
}

std::string identity(const node_id& who, const address& where,
                     const std::string& version) {
  return member("name", who.name) + "," + member("life", who.incarnation) + ","
         + member("at", to_string(where)) + "," + member("version", version);
}

struct encoder {
  std::string operator()(const hello& x) const {
    return open("hello") + member("cluster", x.cluster) + ","
           + identity(x.who, x.where, x.version) + ","
           + member("number", x.number) + "," + member("answers", x.answers)
           + "}";
  }

  std::string operator()(const refusal& x) const {
    return open("refusal") + member("why", x.why) + "}";
  }

  std::string operator()(const bye& x) const {
    return open("bye") + member("why", x.why) + "}";
  }

  std::string operator()(const ping& x) const {
    return open("ping") + member("number", x.number) + "}";
  }

  std::string operator()(const pong& x) const {
    return open("pong") + member("number", x.number) + "}";
  }

  std::string operator()(const news& x) const {
    std::string words;
    for (auto& w : x.words)
      words
        += (words.empty() ? "{" : ",{") + identity(w.who, w.where, w.version)
           + "," + member("number", w.number) + ","
           + member("state", standings[static_cast<size_t>(w.state)]) + ","
           + member("age_ms", to_ms(w.age_s)) + ",\"facts\":" + w.facts + "}";
    return open("news") + "\"words\":[" + words + "]}";
  }

  std::string operator()(const given& x) const {
    return open("given") + member("from", x.from) + "," + member("to", x.to)
           + "}";
  }

  std::string operator()(const unknown&) const {
    return "{}";
  }

private:
  static std::string open(std::string_view kind) {
    return "{" + member("is", kind) + ",";
  }
};

tl::unexpected<failure> lacks(std::string_view what) {
  return fail(failure_kind::invalid_input,
              "a frame without a valid " + std::string{what});
}

uint64_t number_of(const json::value& from, std::string_view name) {
  auto found = json::integer(from, name);
  return found && *found > 0 ? static_cast<uint64_t>(*found) : 0;
}

struct who_and_where {
  node_id who;
  address where;
  std::string version;
};

result<who_and_where> read_identity(const json::value& from) {
  auto name = json::string_or_empty(from, "name");
  auto life = number_of(from, "life");
  if (name.empty() || name.size() > longest_name || life == 0)
    return lacks("name and life of a worker");
  auto where = parse_address(json::string_or_empty(from, "at"));
  if (!where)
    return fail(where.error());
  auto version = json::string_or_empty(from, "version");
  if (version.size() > longest_version)
    return lacks("version");
  return who_and_where{
    {worker_id{std::move(name)}, life}, std::move(*where), std::move(version)};
}

/// Nothing when a newer worker has a state that this one does not know of.
result<std::optional<word>> read_word(const json::value& from) {
  auto subject = read_identity(from);
  if (!subject)
    return fail(subject.error());
  word out;
  out.who = std::move(subject->who);
  out.where = std::move(subject->where);
  out.version = std::move(subject->version);
  out.number = number_of(from, "number");
  if (out.number == 0)
    return lacks("number of a word");
  auto state = json::string_or_empty(from, "state");
  if (state.empty())
    return lacks("state of a worker");
  auto at = std::find(standings.begin(), standings.end(), state);
  if (at == standings.end())
    return std::optional<word>{};
  out.state = static_cast<standing>(at - standings.begin());
  auto age_ms = static_cast<double>(number_of(from, "age_ms"));
  out.age_s = std::min(age_ms / 1'000, oldest_word_s);
  auto* facts = json::find(from, "facts");
  if (!facts || !facts->IsObject())
    return lacks("facts about a worker");
  out.facts = json::to_text(*facts);
  if (out.facts.size() > longest_facts)
    return lacks("length of a worker's facts");
  return out;
}

result<message> read_news(const json::value& from) {
  auto* words = json::find(from, "words");
  if (!words || !words->IsArray() || words->Size() > most_words)
    return lacks("list of words");
  news out;
  for (auto& x : words->GetArray()) {
    auto one = read_word(x);
    if (!one)
      return fail(one.error());
    if (*one)
      out.words.push_back(std::move(**one));
  }
  return message{std::move(out)};
}

result<message> read_hello(const json::value& from) {
  auto subject = read_identity(from);
  if (!subject)
    return fail(subject.error());
  hello out{json::string_or_empty(from, "cluster"),
            std::move(subject->who),
            std::move(subject->where),
            std::move(subject->version),
            number_of(from, "number"),
            number_of(from, "answers")};
  if (out.cluster.size() > longest_cluster)
    return lacks("name of a cluster");
  if (out.number == 0)
    return lacks("number of a link");
  return message{std::move(out)};
}

result<message> read_given(const json::value& from) {
  auto name = [&from](std::string_view of) {
    return worker_id{json::string_or_empty(from, of)};
  };
  given out{name("from"), name("to")};
  if (out.from.empty() || out.to.empty())
    return lacks("giver and taker of GPUs");
  return message{std::move(out)};
}

} // namespace

std::string encode(const message& x) {
  return std::visit(encoder{}, x);
}

result<message> decode(std::string_view text) {
  if (text.size() > longest_frame)
    return fail(failure_kind::invalid_input,
                "a frame of " + std::to_string(text.size()) + " bytes");
  auto doc = json::parse(text);
  if (!doc)
    return fail(with_context("a frame", doc.error()));
  auto is = json::string_or_empty(*doc, "is");
  if (is == "hello")
    return read_hello(*doc);
  if (is == "refusal")
    return message{refusal{json::string_or_empty(*doc, "why")}};
  if (is == "bye")
    return message{bye{json::string_or_empty(*doc, "why")}};
  if (is == "ping")
    return message{ping{number_of(*doc, "number")}};
  if (is == "pong")
    return message{pong{number_of(*doc, "number")}};
  if (is == "news")
    return read_news(*doc);
  if (is == "given")
    return read_given(*doc);
  if (is.empty())
    return lacks("kind");
  return message{unknown{}};
}

result<message> decode(uint32_t version, std::string_view text) {
  if (version != protocol)
    return fail(failure_kind::rejected,
                "speaks version " + std::to_string(version)
                  + " of the protocol, this worker version "
                  + std::to_string(protocol));
  return decode(text);
}

} // namespace render::peers
