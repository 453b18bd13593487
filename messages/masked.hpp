#pragma once
// Secrets in texts of others: a service or a proxy may echo the key that it was
// sent, and its words reach logs, records and customers.
#include <string>
#include <vector>

namespace render {

/// `text` with each secret in it as `***`. Those of less than 6 bytes are left:
/// they would be found in ordinary words.
std::string masked(std::string text, const std::vector<std::string>& secrets);

} // namespace render
