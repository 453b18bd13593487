// HTTPS servers whose certificate is of an authority of one's own: how inputs,
// webhooks, the provider and the storage are reached.
#include "tests/integration/http_client_world.hpp"
#include "tests/support/certificates.hpp"
#include "tests/support/https_server.hpp"

#include <filesystem>

using namespace render;
using namespace render::http_client_world;

namespace {

struct world {
  http_config trusting(const std::string& path) {
    auto out = allowing("customer.test");
    out.ca_path = path;
    out.tell = [this](std::string_view what) {
      told.emplace_back(what);
    };
    return out;
  }

  harness::certificates authority;
  harness::https_server server{
    authority.make("good", "DNS:customer.test,IP:127.0.0.1")};
  std::string ours = server.url();
  std::string theirs = server.url("customer.test");
  std::vector<std::string> told;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(an_authority_of_ones_own, world)

BOOST_AUTO_TEST_CASE(is_trusted_when_its_file_is_named) {
  client web{trusting(authority.ca())};
  for (auto& request : {get(ours), strangers(theirs)}) {
    auto got = web.ask(request);
    BOOST_REQUIRE_MESSAGE(got, (got ? "" : got.error().message));
    BOOST_TEST(got->status == 200);
    BOOST_TEST(got->body == "fine");
  }
  auto got = web.ask(webhook(theirs));
  BOOST_REQUIRE_MESSAGE(got, (got ? "" : got.error().message));
  BOOST_TEST(got->status == 200);
  BOOST_TEST(server.last_body() == R"({"id":"x"})");
}

BOOST_AUTO_TEST_CASE(is_trusted_when_its_folder_is_named) {
  harness::temp_folder folder;
  std::filesystem::copy(authority.ca(), folder.path("ca.crt"));
  // Certificates are found there by their hash.
  auto line = "openssl rehash '" + folder.path() + "'";
  BOOST_REQUIRE(std::system(line.c_str()) == 0);
  client web{trusting(folder.path())};
  BOOST_TEST(web.ask(get(ours)).has_value());
  BOOST_TEST(web.ask(strangers(theirs)).has_value());
}

BOOST_AUTO_TEST_CASE(is_refused_when_it_is_not_named) {
  harness::certificates foreign;
  for (auto& path : {std::string{}, foreign.ca()}) {
    told.clear();
    {
      client web{trusting(path)};
      auto got = web.ask(get(ours));
      BOOST_REQUIRE(!got);
      BOOST_TEST((got.error().kind == failure_kind::unavailable));
      BOOST_TEST(got.error().message.find("certificate") != std::string::npos,
                 got.error().message);
      for (auto& request : {strangers(theirs), webhook(theirs)})
        BOOST_TEST(!web.ask(request).has_value());
    }
    BOOST_REQUIRE_EQUAL(told.size(), 2u);
    for (auto& x : told)
      BOOST_TEST(x.find("certificate") != std::string::npos, x);
    BOOST_TEST(server.last_body() == "");
  }
}

BOOST_AUTO_TEST_CASE(vouches_for_the_names_of_its_certificates_alone) {
  auto cfg = trusting(authority.ca());
  cfg.allowed = private_allowances::parse("other.test").value();
  {
    client web{cfg};
    BOOST_TEST(!web.ask(strangers(server.url("other.test"))).has_value());
  }
  BOOST_REQUIRE_EQUAL(told.size(), 1u);
  BOOST_TEST(told[0].find("other.test") != std::string::npos, told[0]);
}

BOOST_AUTO_TEST_SUITE_END()
