#pragma once
// Joins what the steps of a policy have decided.
#include <iterator>
#include <utility>
#include <vector>

namespace render {

template <class T>
void append(std::vector<T>& to, std::vector<T> xs) {
  to.insert(to.end(), std::make_move_iterator(xs.begin()),
            std::make_move_iterator(xs.end()));
}

} // namespace render
