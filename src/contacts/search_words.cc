#include "contacts/search_words.h"

#include <cctype>

namespace postrider::contacts {

namespace {
constexpr std::size_t most_words = 8;
}

std::vector<std::string> search_words(std::string_view typed) {
  std::vector<std::string> words;
  bool inside = false;
  for (unsigned char const c : typed) {
    bool const of_a_word = c >= 0x80 || std::isalnum(c);
    if (of_a_word && !inside) {
      if (words.size() == most_words) break;
      words.emplace_back();
    }
    if (of_a_word) words.back() += static_cast<char>(c < 0x80 ? std::tolower(c) : c);
    inside = of_a_word;
  }
  return words;
}

}  // namespace postrider::contacts
