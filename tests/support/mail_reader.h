// A strict reader of mail, written apart from the builder: it says every way in which bytes break RFC 5322, 2045 or 2047,
// and gives back what the headers and parts mean.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace postrider::test {

struct ReadPart {
  std::string content_type;
  std::string text;  // decoded
};

struct ReadMail {
  std::vector<std::pair<std::string, std::string>> headers;  // unfolded, encoded words decoded
  std::vector<ReadPart> parts;
  std::vector<std::string> problems;

  int count(std::string_view name) const;
  std::string header(std::string_view name) const;
};

ReadMail read_mail(std::string_view bytes);
// Encoded words to UTF-8; problems are appended.
std::string decode_words(std::string_view value, std::vector<std::string>& problems);
// "Jane <j@x>" to the display name, quotes and encoded words undone.
std::string display_name(std::string_view raw_value, std::vector<std::string>& problems);

}  // namespace postrider::test
