// The pure parts of DKIM: canonical forms and the text that is signed. Tested against published vectors.
#pragma once

#include "postrider/delivery/dkim.h"

#include <string>
#include <string_view>
#include <vector>

namespace postrider::delivery::dkim {

std::string relaxed_body(std::string_view body);
// "name:value" without line end. `field` is one header field with its folds, with or without the last CRLF.
std::string relaxed_header(std::string_view field);

struct ParsedMessage {
  std::vector<std::string_view> fields;  // each with its folds and last CRLF
  std::string_view body;
};
ParsedMessage parse_message(std::string_view message);

// The names for h=: those of the house list that are present, then once more those that nobody may add.
std::vector<std::string> names_to_sign(ParsedMessage const& message);

// All of what is hashed: the named headers, each name taking its occurrences from the last one upwards, then the
// signature's own field, whose b= is empty.
std::string hash_input(ParsedMessage const& message, std::vector<std::string> const& names, std::string_view signature_field);

}  // namespace postrider::delivery::dkim
