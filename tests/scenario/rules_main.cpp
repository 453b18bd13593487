// The timed rules of the contract, as specification.
#define BOOST_TEST_MODULE rules
#include <boost/test/unit_test.hpp>
