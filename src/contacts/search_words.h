// What somebody typed into a search box, as words. The column `search` of contacts splits names and addresses in the same way.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace postrider::contacts {

// Letters and digits, and every byte beyond ASCII; ASCII in lower case. At most eight words.
std::vector<std::string> search_words(std::string_view typed);

}  // namespace postrider::contacts
