// The small pages that recipients see: no scripts, no foreign resources, light and dark, readable at any width.
// Every text that goes in is escaped here.
#pragma once

#include "postrider/http/response.h"

#include <string>
#include <string_view>
#include <vector>

namespace postrider::api {

std::string html_escaped(std::string_view text);

struct PublicPage {
  std::string brand;    // the tenant's name
  std::string title;
  std::vector<std::string> paragraphs;  // plain text
  std::string form = {};                // trusted HTML, built by the caller from escaped parts
  std::string language = "en";
  std::string accent = {};              // "#1f5fd0"; anything else is left out
  std::string footer = {};              // plain text: who writes here, with the postal address
};
// With a Content-Security-Policy that runs nothing, and never cached.
http::Response public_page(int status, PublicPage const& page);

}  // namespace postrider::api
