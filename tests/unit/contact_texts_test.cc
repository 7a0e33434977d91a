// What is pure about people: words of a search, cells of a file, texts for recipients.
#include "contacts/search_words.h"
#include "postrider/contacts/csv_cell.h"
#include "postrider/contacts/email_address.h"
#include "postrider/content/recipient_texts.h"

#include <catch2/catch.hpp>

#include <set>
#include <string>
#include <vector>

using namespace postrider;

TEST_CASE("what is typed into a search becomes words, whatever stands between them") {
  using Words = std::vector<std::string>;
  CHECK(contacts::search_words("Jane.DOE+news@Example.net") == Words{"jane", "doe", "news", "example", "net"});
  CHECK(contacts::search_words("  O'Brien ") == Words{"o", "brien"});
  CHECK(contacts::search_words("Müller 7") == Words{"müller", "7"});
  CHECK(contacts::search_words("%_:*&|!'\"\\").empty());
  CHECK(contacts::search_words("").empty());
  CHECK(contacts::search_words("a b c d e f g h i j").size() == 8);
}

TEST_CASE("a cell is never a formula, and reads back as it was") {
  for (std::string const text : {"=1+1", "+4917", "-3", "@sum", "\tx", "\rx", "\xef\xbc\x9d" "1", "'=1", "''+1", "'quoted'", "it's", "plain", "", "a,b", "say \"hi\"", "two\r\nlines", " blank ", "\xF0\x9F\x92\x8C", "<img onerror=x>"}) {
    std::string out;
    contacts::append_csv_cell(out, text);
    CAPTURE(text, out);
    auto cell = out;
    if (cell.starts_with('"')) {
      REQUIRE(cell.ends_with('"'));
      std::string plain;
      for (std::size_t i = 1; i + 1 < cell.size(); ++i) {
        if (cell[i] == '"') ++i;
        plain += cell[i];
      }
      cell = plain;
    } else {
      CHECK(cell.find_first_of(",\"\r\n") == std::string::npos);
    }
    CHECK((cell.empty() || std::string("=+-@\t\r").find(cell.front()) == std::string::npos));
    CHECK(contacts::without_formula_guard(cell) == text);
  }
}

TEST_CASE("recipients are spoken to in the first language that is known") {
  using content::recipient_texts;
  CHECK(recipient_texts("de-AT", "fr").language == "de");
  CHECK(recipient_texts("DE", "").language == "de");
  CHECK(recipient_texts("", "pt-BR, fr-CA;q=0.8, en").language == "fr");
  CHECK(recipient_texts("xx", "zz, ,;q=1,*").language == "en");
  CHECK(recipient_texts("deutsch", "").language == "en");
  CHECK(recipient_texts("", "").language == "en");
}

TEST_CASE("every language says everything, with the names where they belong") {
  std::set<std::string> languages;
  for (auto const* const tag : {"en", "de", "fr", "es", "it"}) {
    auto const& texts = content::recipient_texts(tag, "");
    CHECK(languages.insert(std::string(texts.language)).second);
    for (auto const text : {texts.broken_title, texts.broken_lead, texts.unsubscribe_title, texts.unsubscribe_button, texts.undo_button, texts.preferences_legend,
                            texts.save_button, texts.none_button, texts.confirm_button, texts.expired_lead, texts.withdrawn_lead, texts.again_button,
                            texts.too_soon_lead, texts.mail_button, texts.mail_ignore})
      CHECK_FALSE(text.empty());
    for (auto const text : {texts.unsubscribe_lead, texts.unsubscribed_lead, texts.resubscribed_lead, texts.preferences_lead, texts.confirm_consent}) {
      CHECK(text.find("{brand}") != std::string_view::npos);
      CHECK(text.find("{address}") != std::string_view::npos);
    }
    CHECK(texts.mail_subject.find("{brand}") != std::string_view::npos);
    CHECK(texts.mail_expiry.find("{time}") != std::string_view::npos);
  }
}

TEST_CASE("names are filled in once, and what they bring is not read again") {
  CHECK(content::said("{a} and {b}{c}", {{"a", "{b}"}, {"b", "2"}}) == "{b} and 2");
  CHECK(content::said("open {brace", {{"brace", "x"}}) == "open {brace");
  CHECK(content::said("", {}).empty());
}

TEST_CASE("an address whose domain goes on behind a NUL is no address") {
  CHECK_FALSE(postrider::contacts::parse_email(std::string_view("ada@acme.example\0\xc3\xa9.example", 27)).has_value());
  CHECK(postrider::contacts::parse_email("ada@\xc3\xa9.example").has_value());
}
