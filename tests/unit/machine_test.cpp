// What is seen of the machine. A full disk needs a mount: see the integration
// test.
#define BOOST_TEST_MODULE machine
#include "actors/io/surroundings/machine.hpp"
#include "messages/failure.hpp"
#include "tests/support/temp_folder.hpp"

#include <boost/test/unit_test.hpp>

#include <cerrno>
#include <filesystem>

using namespace render;
using surroundings::this_machine;

BOOST_AUTO_TEST_SUITE(a_machine)

BOOST_AUTO_TEST_CASE(with_room_and_its_programs_is_fit_and_left_as_it_was) {
  harness::temp_folder folder;
  auto seen = this_machine({folder.path(), 1, {"sh"}})->look(true);
  BOOST_TEST(seen.unfit == "", seen.text);
  BOOST_TEST(seen.disk_free_bytes > 0u);
  BOOST_TEST(std::filesystem::is_empty(folder.path()));
}

BOOST_AUTO_TEST_CASE(below_its_floor_is_unfit) {
  harness::temp_folder folder;
  auto seen = this_machine({folder.path(), UINT64_MAX, {}})->look(false);
  BOOST_TEST(seen.unfit == "disk");
  BOOST_TEST(seen.text.find("MIN_FREE_BYTES") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(without_its_folder_is_unfit) {
  harness::temp_folder folder;
  BOOST_TEST(this_machine({folder.path("gone"), 0, {}})->look(true).unfit
             == "disk");
}

BOOST_AUTO_TEST_CASE(without_a_program_is_unfit_when_looked_at_closely) {
  harness::temp_folder folder;
  auto machine = this_machine({folder.path(), 0, {"sh", "no-such-program"}});
  BOOST_TEST(machine->look(false).unfit == "");
  auto seen = machine->look(true);
  BOOST_TEST(seen.unfit == "tools");
  BOOST_TEST(seen.text == "no-such-program is not installed");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_CASE(what_a_machine_lacks_is_told_from_a_bug) {
  for (auto code :
       {ENOSPC, EDQUOT, EIO, EROFS, EMFILE, ENFILE, ENOMEM, ENOBUFS})
    BOOST_TEST((kind_of_errno(code) == failure_kind::unfit), code);
  for (auto code : {ENOENT, EISDIR, EINVAL})
    BOOST_TEST((kind_of_errno(code) == failure_kind::internal), code);
}
