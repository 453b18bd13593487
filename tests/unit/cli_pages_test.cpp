// Man pages, completion and errors are made of the command line itself.
#include "app/cli/pages.hpp"
#include "messages/text/alike.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>

using namespace render;

namespace {

struct command_line {
  CLI::App app{"Does things.", "tool"};
  std::string value;
  bool flag = false;

  command_line() {
    app.require_subcommand(1);
    app.fallthrough();
    app.add_flag("--json", flag, "Print JSON");
    auto* jobs = app.add_subcommand("jobs", "Show jobs");
    jobs->add_option("--limit", value, "At most this many");
    jobs->footer("Example:\n  tool jobs --limit 3\n.not a macro \\x");
    auto* webhooks = app.add_subcommand("webhooks", "Webhooks");
    webhooks->require_subcommand(1);
    webhooks->add_subcommand("list", "Show them");
    webhooks->add_subcommand("replay", "Try again")->add_option("ID", value);
    app.add_flag("--inner", flag, "For machines")->group("");
    app.footer("Exit codes: 0 done.");
  }

  std::string refusal(const std::string& args) {
    try {
      app.parse(args);
    } catch (const CLI::ParseError& err) {
      return cli::what_is_wrong(app, err);
    }
    return "taken";
  }
};

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(a_command_line, command_line)

BOOST_AUTO_TEST_CASE(has_a_man_page_with_all_commands_and_options) {
  auto page = cli::man_page(app, "1.2.3");
  for (auto* part :
       {".TH TOOL 1 \"\" \"1.2.3\"", ".SH NAME\ntool \\- Does things.",
        ".B \\-\\-json", ".SS jobs\nShow jobs", ".B \\-\\-limit TEXT",
        ".SS webhooks replay\n", ".B ID", "  tool jobs \\-\\-limit 3\n",
        "Exit codes: 0 done."})
    BOOST_TEST(contains(page, part), part << " is not in\n" << page);
  BOOST_TEST(!contains(page, "inner"));
}

BOOST_AUTO_TEST_CASE(has_no_text_that_troff_would_obey) {
  auto page = cli::man_page(app, "1");
  BOOST_TEST(contains(page, "\n\\&.not a macro \\ex"), page);
}

BOOST_AUTO_TEST_CASE(is_completed_by_command) {
  auto script = cli::bash_completion(app);
  for (auto* part :
       {"'') words='jobs webhooks ", "'jobs') words='-h --help --limit ",
        "valued='--limit' ;;", "'webhooks') words='list replay ",
        "'webhooks replay')", "complete -o default -F _tool tool"})
    BOOST_TEST(contains(script, part), part << " is not in\n" << script);
  BOOST_TEST(!contains(script, "--inner"));
}

BOOST_AUTO_TEST_CASE(names_what_was_misspelt_and_what_it_is_like) {
  BOOST_TEST(refusal("jbos") == "unknown argument: jbos");
  BOOST_TEST(refusal("job") == "unknown argument: job; did you mean jobs?");
  BOOST_TEST(refusal("jobs --limt 3")
             == "unknown argument: --limt; did you mean --limit?");
  BOOST_TEST(refusal("webhooks lst")
             == "unknown argument: lst; did you mean list?");
  BOOST_TEST(refusal("nothing-like-it") == "unknown argument: nothing-like-it");
  BOOST_TEST(refusal("a\x1b[2J") == "unknown argument: a\\x1b[2J");
  BOOST_TEST(contains(refusal(""), "subcommand is required"));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(a_word_that_is_alike)

BOOST_AUTO_TEST_CASE(differs_in_one_letter_of_five) {
  BOOST_TEST(alike("REDIS_HSOT", {"REDIS_HOST", "REDIS_PORT"}) == "REDIS_HOST");
  BOOST_TEST(alike("jobs", {"gpus", "job"}) == "job");
  BOOST_TEST(alike("xyz", {"abc"}).empty());
  BOOST_TEST(alike("", {"abc"}).empty());
  BOOST_TEST(alike("abc", {}).empty());
}

BOOST_AUTO_TEST_SUITE_END()
