// The promises, as specification. Number 5, the same seed gives the same run,
// is tests/simulation/determinism_test.cpp.
#define BOOST_TEST_MODULE promises
#include <boost/test/unit_test.hpp>
