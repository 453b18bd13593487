// The promises, as specification.
#define BOOST_TEST_MODULE promises
#include <boost/test/unit_test.hpp>
