// Replies as they come over the wire.
#define BOOST_TEST_MODULE hiredis_reply
#include "actors/io/redis/link/hiredis_reply.hpp"

#include <boost/test/unit_test.hpp>
#include <hiredis/hiredis.h>

#include <string>

using namespace render::job_store;

namespace {

/// REDIS_OK also when more is to come.
int read(redisReader* reader, const std::string& wire, void** got) {
  redisReaderFeed(reader, wire.data(), wire.size());
  return redisReaderGetReply(reader, got);
}

} // namespace

BOOST_AUTO_TEST_CASE(a_reply_becomes_a_value) {
  auto reader = make_reader();
  // The bound is each reply's own.
  for (auto i = 0; i < 3; ++i) {
    void* got = nullptr;
    BOOST_TEST_REQUIRE(
      read(reader.get(), "*3\r\n:7\r\n$1\r\na\r\n*1\r\n$-1\r\n", &got)
      == REDIS_OK);
    BOOST_TEST_REQUIRE(got);
    auto x = to_reply(*static_cast<redisReply*>(got));
    freeReplyObject(got);
    BOOST_TEST_REQUIRE(x.is_array(3));
    BOOST_TEST(x.elements[0].integer == 7);
    BOOST_TEST(x.elements[1].text == "a");
    BOOST_TEST((x.elements[2].elements.at(0).type == reply::kind::nil));
  }
}

BOOST_AUTO_TEST_CASE(no_reply_announces_more_than_memory_holds) {
  auto outcome = [](const std::string& wire) {
    void* got = nullptr;
    return read(make_reader().get(), wire, &got);
  };
  BOOST_TEST(outcome("*700003600\r\n") == REDIS_ERR);
  BOOST_TEST(outcome("*1000001\r\n") == REDIS_ERR);
  // Each within the bound, but not together.
  BOOST_TEST(outcome("*2\r\n*600000\r\n") == REDIS_OK);
  BOOST_TEST(outcome("*2\r\n*600000\r\n*600000\r\n") == REDIS_ERR);
}
