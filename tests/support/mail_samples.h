// Random envelopes that are as nasty as input gets: emoji, right-to-left text, line breaks in every field, endless lines,
// broken UTF-8, dots, boundaries. The same seed gives the same envelope.
#pragma once

#include "postrider/base/random.h"
#include "postrider/delivery/provider.h"

#include <string>

namespace postrider::test {

class MailSamples {
 public:
  explicit MailSamples(std::uint64_t seed) : random_(seed) {}

  delivery::Envelope envelope();
  // Free text of up to `longest` pieces; `breaks` lets line breaks and control characters in.
  std::string text(std::size_t longest, bool breaks);
  std::string body();
  std::size_t below(std::size_t limit) { return static_cast<std::size_t>(random_.next() % limit); }

 private:
  SeededRandom random_;
};

// What is left of a header's text after the builder made one line of it, in words of our own.
std::string as_one_line(std::string text);
// Line ends as CRLF, broken UTF-8 replaced.
std::string as_body(std::string const& text);

}  // namespace postrider::test
