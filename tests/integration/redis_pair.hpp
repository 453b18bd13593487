#pragma once
// The Redis in memory and a real one side by side: each command goes to both,
// and differences are reported.
#include "app/harness/dice.hpp"
#include "app/harness/memory_redis.hpp"
#include "tests/support/redis_server.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>

namespace render::harness {

using words = std::vector<std::string>;

inline int64_t unix_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
           std::chrono::system_clock::now().time_since_epoch())
    .count();
}

inline std::string text_of(const redis_answer& x) {
  if (!x.error.empty())
    return "error(" + x.error + ")";
  if (x.nil)
    return "nil";
  if (!x.elements.empty()) {
    std::string out = "[";
    for (auto& y : x.elements)
      out += text_of(y) + " ";
    return out + "]";
  }
  return x.text.empty() ? std::to_string(x.integer) : x.text;
}

inline std::string text_of(const job_store::reply& x) {
  using kind = job_store::reply::kind;
  switch (x.type) {
  case kind::error:
    return "error(" + x.text + ")";
  case kind::nil:
    return "nil";
  case kind::array: {
    if (x.elements.empty())
      return "0";
    std::string out = "[";
    for (auto& y : x.elements)
      out += text_of(y) + " ";
    return out + "]";
  }
  default:
    // An empty text and a 0 look the same in these answers of hiredis.
    return x.text.empty() ? std::to_string(x.integer) : x.text;
  }
}

/// The error without its line in a script, which LuaJIT does not always know.
inline std::string without_place(std::string text) {
  auto at = text.find(" script: ");
  return at == std::string::npos ? text : text.substr(0, at) + ")";
}

/// Elements of an unordered reply, in order.
template <class Reply>
void sort_elements(Reply& x, size_t group) {
  std::vector<std::vector<Reply>> groups;
  for (size_t i = 0; i + group <= x.elements.size(); i += group)
    groups.emplace_back(x.elements.begin() + static_cast<std::ptrdiff_t>(i),
                        x.elements.begin()
                          + static_cast<std::ptrdiff_t>(i + group));
  std::sort(groups.begin(), groups.end(), [](auto& a, auto& b) {
    return a[0].text < b[0].text;
  });
  x.elements.clear();
  for (auto& g : groups)
    x.elements.insert(x.elements.end(), g.begin(), g.end());
}

class pair_of_servers {
public:
  /// The real server's last answer.
  const redis_answer& last() const {
    return last_;
  }

  void both(const words& command) {
    ++steps_;
    auto theirs = last_ = real_.cmd_list(command);
    auto ours = memory_.run(command);
    auto name = command[0];
    if (name == "SMEMBERS" || name == "KEYS" || name.starts_with("SORT")) {
      sort_elements(theirs, 1);
      sort_elements(ours, 1);
    } else if (name == "HGETALL") {
      sort_elements(theirs, 2);
      sort_elements(ours, 2);
    }
    auto a = without_place(text_of(theirs));
    auto b = without_place(text_of(ours));
    if ((name == "PTTL" || name == "TTL") && theirs.integer > 0
        && std::abs(theirs.integer - ours.integer) <= 2'000)
      return;
    if (a == b)
      return;
    std::string text;
    for (auto& x : command)
      text += " " + x.substr(0, 200);
    BOOST_ERROR("step " << steps_ << ":" << text << "\n  redis:  " << a
                        << "\n  memory: " << b);
  }

  void same_data() {
    auto keys = real_.cmd("KEYS", "*");
    both({"DBSIZE"});
    for (auto& key : keys.elements) {
      auto type = real_.cmd("TYPE", key.text).text;
      both({"TYPE", key.text});
      both({"PTTL", key.text});
      if (type == "string")
        both({"GET", key.text});
      else if (type == "list")
        both({"LRANGE", key.text, "0", "-1"});
      else if (type == "hash")
        both({"HGETALL", key.text});
      else if (type == "set")
        both({"SMEMBERS", key.text});
      else if (type == "stream")
        same_stream(key.text);
      else
        both({"ZRANGE", key.text, "0", "-1", "WITHSCORES"});
    }
  }

  void clear() {
    both({"FLUSHALL"});
  }

  memory_redis& memory() {
    return memory_;
  }

private:
  // Ids of the clock differ between two servers.
  void same_stream(const std::string& key) {
    words all{"XRANGE", key, "-", "+"};
    auto theirs = real_.cmd_list(all);
    auto ours = memory_.run(all);
    BOOST_TEST(theirs.elements.size() == ours.elements.size(), key);
    for (size_t i = 0;
         i < std::min(theirs.elements.size(), ours.elements.size()); ++i)
      BOOST_TEST(text_of(theirs.elements[i].elements.at(1))
                 == text_of(ours.elements[i].elements.at(1)));
  }

  redis_server real_;
  memory_redis memory_{unix_ms};
  uint64_t steps_ = 0;
  redis_answer last_;
};

/// Also picks one of several.
class chooser : public dice {
public:
  using dice::dice;

  template <class T>
  const T& of(const std::vector<T>& xs) {
    return xs[below(xs.size())];
  }
};

} // namespace render::harness
