#include "support/mail_samples.h"

#include <algorithm>
#include <array>

namespace postrider::test {

namespace {
constexpr std::array<std::string_view, 40> kPieces = {
    "hello", "world", " ", "  ", "a", "Ångström", "naïve café", "😀", "👩‍👩‍👧‍👦", "שלום עולם", "مرحبا", "日本語のテキスト", "–", "\xE2\x80\xA8",
    "=?UTF-8?Q?=41?=", "=?", "?=", "\"quoted\"", "\\back", "<b@c.example>", "a,b;c:d", "(comment)", "100%", "=", "==", "--=_pr_", ".", "..",
    "From ", "_", "?", "\t", "@", "[x]", "Re: ", "\xC3\xA9\xCC\x81", "\xF0\x9D\x95\x8A", "!*+-/", "''", "&amp;"};
constexpr std::array<std::string_view, 6> kBreaks = {"\r\n", "\n", "\r", "\r\nBcc: victim@example.net\r\n", "\r\n.\r\n", "\r\n\r\n"};
}  // namespace

std::string MailSamples::text(std::size_t longest, bool breaks) {
  std::string out;
  auto const pieces = below(longest + 1);
  for (std::size_t i = 0; i < pieces; ++i) {
    out += kPieces[below(kPieces.size())];
    if (breaks && below(12) == 0) out += kBreaks[below(kBreaks.size())];
    if (breaks && below(40) == 0) out += std::string(1, static_cast<char>(below(32)));
    if (breaks && below(60) == 0) out += std::string(1, static_cast<char>(0x80 + below(128)));
    if (below(50) == 0) out += std::string(1 + below(1100), 'x');
  }
  return out;
}

std::string MailSamples::body() {
  std::string out;
  auto const lines = 1 + below(30);
  for (std::size_t i = 0; i < lines; ++i) {
    switch (below(8)) {
      case 0: out += std::string(998, static_cast<char>('a' + below(26))); break;
      case 1: out += std::string(below(4), '.') + text(3, false); break;
      case 2: out += "From " + text(2, false); break;
      case 3: out += text(4, false) + std::string(1 + below(3), below(2) == 0 ? ' ' : '\t'); break;
      case 4: out += std::string(70 + below(12), 'y') + (below(2) == 0 ? " " : "é") + "z"; break;
      default: out += text(12, true);
    }
    switch (below(5)) {
      case 0: out += "\r\n"; break;
      case 1: out += "\r"; break;
      case 2: out += "\r\n.\r\n"; break;
      default: out += "\n";
    }
  }
  return out;
}

delivery::Envelope MailSamples::envelope() {
  delivery::Envelope envelope;
  Uuid id;
  random_.fill(id.bytes);
  envelope.id = MessageId(id);
  random_.fill(id.bytes);
  envelope.tenant = TenantId(id);
  envelope.date = Instant(std::chrono::seconds(static_cast<std::int64_t>(random_.next() % 4000000000ULL)));
  auto& letter = envelope.letter;
  letter.from = {.email = "news@example.com", .name = text(8, true)};
  letter.to = {.email = below(4) == 0 ? "jane@bücher.example" : "jane+" + std::to_string(below(1000)) + "@example.net", .name = text(6, true)};
  if (below(2) == 0) letter.reply_to = delivery::Address{.email = "reply@example.org", .name = text(5, true)};
  letter.subject = text(30, true);
  if (below(5) != 0) letter.html = body();
  if (letter.html.empty() || below(4) != 0) letter.text = body();
  if (below(2) == 0) letter.unsubscribe_url = "https://u.example.com/u/" + std::string(60 + below(120), 'T');
  if (below(3) == 0) letter.unsubscribe_address = "u+token@example.com";
  if (below(3) == 0) letter.list_id = "Acme news <news.acme.example>";
  if (below(3) == 0) letter.feedback_id = "campaign:tenant:broadcast:sender";
  if (below(3) == 0) letter.headers.push_back({"X-Free-Text", as_one_line(text(20, false))});
  return envelope;
}

std::string as_one_line(std::string text) {
  std::string out;
  for (unsigned char const c : text) {
    if (c >= 0x20 && c != 0x7F) {
      out += static_cast<char>(c);
    } else if (!out.empty() && out.back() != ' ') {
      out += ' ';
    }
  }
  while (!out.empty() && out.back() == ' ') out.pop_back();
  while (!out.empty() && out.front() == ' ') out.erase(0, 1);
  return out;
}

std::string as_body(std::string const& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\r' || text[i] == '\n') {
      if (text[i] == '\r' && i + 1 < text.size() && text[i + 1] == '\n') ++i;
      out += "\r\n";
    } else {
      out += text[i];
    }
  }
  return out;
}

}  // namespace postrider::test
