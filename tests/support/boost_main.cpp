// The main function of every test program.
#define BOOST_TEST_MODULE render
#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>
