#define BOOST_TEST_MODULE harness_examples
#include <boost/test/unit_test.hpp>
