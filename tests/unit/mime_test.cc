#include "support/mail_reader.h"
#include "support/mail_samples.h"
#include "support/results.h"

#include "delivery/providers/mail_address.h"
#include "delivery/providers/mime.h"
#include "delivery/providers/mime_encoding.h"

#include "postrider/crypto/private_key.h"
#include "postrider/delivery/dkim.h"

#include <boost/json.hpp>
#include <catch2/catch.hpp>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>

using namespace postrider;
using namespace postrider::delivery;

namespace {

Envelope plain_envelope() {
  Envelope envelope;
  envelope.id = *MessageId::parse("0190a5c0-0000-7000-8000-000000000001");
  envelope.date = *parse_instant("2026-01-01T00:00:00Z");
  envelope.letter.from = {.email = "news@example.com", .name = "Acme"};
  envelope.letter.to = {.email = "jane@example.net", .name = "Jane"};
  envelope.letter.subject = "Cut downtime by 30% – café";
  envelope.letter.html = "<p>Hello café.</p>";
  envelope.letter.text = "Hello café.";
  return envelope;
}

std::string bytes_of(Envelope const& envelope) {
  auto const mail = build_mail(envelope);
  REQUIRE(mail);
  return mail->bytes;
}

std::string joined(std::vector<std::string> const& problems) {
  std::string text;
  for (auto const& problem : problems) text += problem + "; ";
  return text;
}

// A decoded body always ends a line; what went in may not have.
std::string with_end(std::string text) {
  if (!text.empty() && !text.ends_with("\r\n")) text += "\r\n";
  return text;
}

}  // namespace

TEST_CASE("a mail with text and HTML has the documented shape") {
  auto envelope = plain_envelope();
  envelope.letter.unsubscribe_url = "https://u.example.com/u/tok1";
  envelope.letter.unsubscribe_address = "u+tok1@example.com";
  envelope.letter.list_id = "Acme news <news.acme.example>";
  envelope.letter.feedback_id = "camp:tenant:broadcast:acme";
  CHECK(bytes_of(envelope) ==
        "Date: Thu, 01 Jan 2026 00:00:00 +0000\r\n"
        "From: Acme <news@example.com>\r\n"
        "To: Jane <jane@example.net>\r\n"
        "Subject: =?UTF-8?Q?Cut_downtime_by_30=25_=E2=80=93_caf=C3=A9?=\r\n"
        "Message-ID: <0190a5c0-0000-7000-8000-000000000001@example.com>\r\n"
        "List-Unsubscribe: <https://u.example.com/u/tok1>, <mailto:u+tok1@example.com?subject=unsubscribe>\r\n"
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
        "List-Id: Acme news <news.acme.example>\r\n"
        "Feedback-ID: camp:tenant:broadcast:acme\r\n"
        "X-Postrider-Message: 0190a5c0-0000-7000-8000-000000000001\r\n"
        "MIME-Version: 1.0\r\n"
        "Content-Type: multipart/alternative; boundary=\"=_pr_0190a5c0-0000-7000-8000-000000000001\"\r\n"
        "\r\n"
        "--=_pr_0190a5c0-0000-7000-8000-000000000001\r\n"
        "Content-Type: text/plain; charset=utf-8\r\n"
        "Content-Transfer-Encoding: quoted-printable\r\n"
        "\r\n"
        "Hello caf=C3=A9.\r\n"
        "--=_pr_0190a5c0-0000-7000-8000-000000000001\r\n"
        "Content-Type: text/html; charset=utf-8\r\n"
        "Content-Transfer-Encoding: quoted-printable\r\n"
        "\r\n"
        "<p>Hello caf=C3=A9.</p>\r\n"
        "--=_pr_0190a5c0-0000-7000-8000-000000000001--\r\n");
}

TEST_CASE("the same envelope gives the same bytes, whatever the day") {
  test::MailSamples samples(11);
  auto const envelope = samples.envelope();
  CHECK(bytes_of(envelope) == bytes_of(envelope));
}

TEST_CASE("a thousand random mails are well formed and mean what went in") {
  test::MailSamples samples(20260101);
  for (int i = 0; i < 1000; ++i) {
    auto const envelope = samples.envelope();
    auto const& letter = envelope.letter;
    auto const bytes = bytes_of(envelope);
    auto mail = test::read_mail(bytes);
    INFO("mail " << i << "\n" << bytes.substr(0, 1500));
    REQUIRE(joined(mail.problems) == "");
    auto const expect = [](std::string const& text) { return mend_utf8(test::as_one_line(text)); };
    REQUIRE(mail.header("Subject") == expect(letter.subject));
    // Display names are read from the raw value, so that quotes and encoded words are told apart.
    std::string_view rest = bytes;
    auto const raw = [&](std::string const& name) {
      auto const begin = rest.find("\r\n" + name + ": ") + name.size() + 4;
      auto end = rest.find("\r\n", begin);
      std::string value(rest.substr(begin, end - begin));
      while (rest.substr(end + 2, 1) == " ") {
        auto const next = rest.find("\r\n", end + 2);
        value += rest.substr(end + 2, next - end - 2);
        end = next;
      }
      return value;
    };
    REQUIRE(test::display_name(raw("From"), mail.problems) == expect(letter.from.name));
    REQUIRE(test::display_name(raw("To"), mail.problems) == expect(letter.to.name));
    if (letter.reply_to) REQUIRE(test::display_name(raw("Reply-To"), mail.problems) == expect(letter.reply_to->name));
    REQUIRE(joined(mail.problems) == "");
    for (auto const& header : letter.headers) REQUIRE(mail.header(header.name) == expect(header.value));
    std::size_t part = 0;
    if (!letter.text.empty()) REQUIRE(mail.parts.at(part++).text == with_end(mend_utf8(test::as_body(letter.text))));
    if (!letter.html.empty()) REQUIRE(mail.parts.at(part++).text == with_end(mend_utf8(test::as_body(letter.html))));
    REQUIRE(mail.parts.size() == part);
  }
}

TEST_CASE("line breaks in any field never make another header or another message") {
  auto const attacks = {"\r\nBcc: victim@example.net", "\nBcc: victim@example.net", "\rBcc: victim@example.net", "\r\n\r\nbody", "\r\n.\r\nMAIL FROM:<x@y>",
                        "\xE2\x80\xA8" "Bcc: victim@example.net"};
  for (auto const* attack : attacks) {
    INFO(attack);
    auto envelope = plain_envelope();
    envelope.letter.subject += attack;
    envelope.letter.from.name += attack;
    envelope.letter.to.name += attack;
    envelope.letter.reply_to = Address{"reply@example.com", attack};
    auto const mail = test::read_mail(bytes_of(envelope));
    CHECK(joined(mail.problems) == "");
    CHECK(mail.count("Bcc") == 0);
    CHECK(mail.headers.size() == 9);
    auto const refused = [&](auto change) {
      auto changed = plain_envelope();
      change(changed);
      auto const built = build_mail(changed);
      return !built.has_value() && !built.error().fields.empty();
    };
    CHECK(refused([&](Envelope& e) { e.letter.from.email += attack; }));
    CHECK(refused([&](Envelope& e) { e.letter.to.email = "jane" + std::string(attack) + "@example.net"; }));
    CHECK(refused([&](Envelope& e) { e.letter.reply_to = Address{"\"a" + std::string(attack) + "\"@example.net"}; }));
    CHECK(refused([&](Envelope& e) { e.mail_from = "b@example.com" + std::string(attack); }));
    CHECK(refused([&](Envelope& e) { e.rcpt_to = "b@example.com" + std::string(attack); }));
    CHECK(refused([&](Envelope& e) { e.letter.unsubscribe_url = "https://x/" + std::string(attack); }));
    CHECK(refused([&](Envelope& e) { e.letter.unsubscribe_address = "u@x.example" + std::string(attack); }));
    CHECK(refused([&](Envelope& e) { e.letter.list_id = attack; }));
    CHECK(refused([&](Envelope& e) { e.letter.feedback_id = attack; }));
    CHECK(refused([&](Envelope& e) { e.letter.in_reply_to = "<a@b>" + std::string(attack); }));
    CHECK(refused([&](Envelope& e) { e.letter.headers.push_back({"X-A" + std::string(attack), "v"}); }));
    CHECK(refused([&](Envelope& e) { e.letter.headers.push_back({"X-A", attack}); }) == (std::string_view(attack)[0] != '\xE2'));
  }
  auto envelope = plain_envelope();
  envelope.letter.subject = std::string("a\0b", 3);
  CHECK(test::read_mail(bytes_of(envelope)).header("Subject") == "a b");
}

TEST_CASE("headers that postrider writes itself cannot be brought along") {
  for (auto const* name : {"From", "to", "BCC", "Subject", "Message-ID", "Content-Type", "DKIM-Signature", "List-Unsubscribe", "Return-Path", "Received", "", "X A", "X:A"}) {
    auto envelope = plain_envelope();
    envelope.letter.headers.push_back({name, "value"});
    INFO(name);
    CHECK_FALSE(build_mail(envelope));
  }
}

TEST_CASE("a message without a body, or without a usable address, is refused by name") {
  auto envelope = plain_envelope();
  envelope.letter.html.clear();
  envelope.letter.text.clear();
  CHECK(build_mail(envelope).error().fields.at(0).pointer == "/letter/html");
  envelope = plain_envelope();
  envelope.letter.to.email = "nobody";
  CHECK(build_mail(envelope).error().fields.at(0).pointer == "/letter/to/email");
}

TEST_CASE("addresses are made fit for the wire") {
  auto const good = [](std::string_view text) {
    auto const address = parse_mail_address(text);
    return address ? address->str() : "refused: " + address.error().message;
  };
  CHECK(good("jane@example.net") == "jane@example.net");
  CHECK(good("Jane.O'Neil+tag@Example.NET") == "Jane.O'Neil+tag@Example.NET");
  CHECK(good("jane@bücher.example") == "jane@xn--bcher-kva.example");
  CHECK(good("jane@straße.example") == "jane@xn--strae-oqa.example");
  CHECK(good("a..b@docomo.example") == "\"a..b\"@docomo.example");
  CHECK(good(".a@example.net") == "\".a\"@example.net");
  CHECK(good("\"a b\"@example.net") == "\"a b\"@example.net");
  CHECK(good("\"a\\\"b\"@example.net") == "\"a\\\"b\"@example.net");
  CHECK(good("\"a@b\"@example.net") == "\"a@b\"@example.net");
  CHECK(good("jane@[192.0.2.1]") == "jane@[192.0.2.1]");
  CHECK(good("jane@localhost") == "jane@localhost");
  CHECK_FALSE(parse_mail_address("jane@example.net")->needs_smtputf8);
  CHECK(parse_mail_address("jané@example.net")->needs_smtputf8);
  for (auto const* bad : {"", "@", "a@", "@b", "a", "a b@example.net", "a@b c", "a@-b", "a@b-", "a@b..c", "a@.b", "a@b.", "a\r\n@b", "a@b\r\n", "a@b>", "<a@b", "\"a@b",
                          "\"a\"b\"@c", "a@b@c@d", "a,b@c", "a@b,c", "a@\xFF.example", "a@[1.2.3.4", "a@b_\xC3\xA9\xFE"}) {
    INFO(bad);
    CHECK_FALSE(parse_mail_address(bad));
  }
  CHECK_FALSE(parse_mail_address(std::string(65, 'a') + "@b"));
  CHECK_FALSE(parse_mail_address("a@" + std::string(64, 'b')));
  CHECK_FALSE(parse_mail_address(std::string_view("a\0@b", 4)));
}

TEST_CASE("a local part that is not ASCII asks for SMTPUTF8") {
  auto envelope = plain_envelope();
  envelope.letter.to.email = "jané@bücher.example";
  auto const mail = build_mail(envelope).value();
  CHECK(mail.needs_smtputf8);
  CHECK(mail.rcpt_to == "jané@xn--bcher-kva.example");
}

TEST_CASE("text becomes valid UTF-8") {
  CHECK(is_valid_utf8("plain, é, 😀"));
  for (auto const* bad : {"\x80", "\xC0\x80", "\xC3", "\xE0\x80\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "abcdefgh\xFF"}) {
    CHECK_FALSE(is_valid_utf8(bad));
    CHECK(is_valid_utf8(mend_utf8(bad)));
  }
  CHECK(mend_utf8("a\xFF" "b") == "a\xEF\xBF\xBD" "b");
}

TEST_CASE("dates are those of RFC 5322") {
  CHECK(mail_date(*parse_instant("2026-11-22T10:00:05.5Z")) == "Sun, 22 Nov 2026 10:00:05 +0000");
  CHECK(mail_date(*parse_instant("2024-02-29T23:59:59Z")) == "Thu, 29 Feb 2024 23:59:59 +0000");
}

// For the parsers of others: writes mails and what they mean into $POSTRIDER_MAIL_FOLDER (tests/mail/parse_mails.mjs).
TEST_CASE("write random mails for other parsers", "[.][write-mails]") {
  auto const* const folder = std::getenv("POSTRIDER_MAIL_FOLDER");
  REQUIRE(folder != nullptr);
  test::MailSamples samples(4711);
  std::vector<DkimKey> keys;
  keys.push_back({"pr1", crypto::PrivateKey::generate(crypto::PrivateKey::Kind::rsa).to_pem()});
  keys.push_back({"ed1", crypto::PrivateKey::generate(crypto::PrivateKey::Kind::ed25519).to_pem()});
  auto const signer = DkimSigner::create("example.com", keys).value();
  boost::json::object records;
  for (auto const& key : keys) {
    auto const record = dkim_record("example.com", key).value();
    records[record.name] = record.text;
  }
  std::ofstream(std::filesystem::path(folder) / "dns.json") << boost::json::serialize(records);
  for (int i = 0; i < 1000; ++i) {
    auto envelope = samples.envelope();
    if (i % 5 == 0) envelope.dkim = signer;
    auto const& letter = envelope.letter;
    auto const name = std::filesystem::path(folder) / std::to_string(i);
    std::ofstream(name.string() + ".eml", std::ios::binary) << bytes_of(envelope);
    auto const line = [](std::string const& text) { return mend_utf8(test::as_one_line(text)); };
    boost::json::object meaning;
    meaning["subject"] = line(letter.subject);
    meaning["from_name"] = line(letter.from.name);
    meaning["from_email"] = letter.from.email;
    meaning["to_name"] = line(letter.to.name);
    meaning["reply_to_name"] = letter.reply_to ? boost::json::value(boost::json::string(line(letter.reply_to->name))) : nullptr;
    meaning["text"] = letter.text.empty() ? "" : with_end(mend_utf8(test::as_body(letter.text)));
    meaning["html"] = letter.html.empty() ? "" : with_end(mend_utf8(test::as_body(letter.html)));
    meaning["message_id"] = message_id_header(envelope, "example.com");
    std::ofstream(name.string() + ".json", std::ios::binary) << boost::json::serialize(meaning);
  }
}

TEST_CASE("building a mail takes little time", "[.bench]") {
  auto envelope = plain_envelope();
  envelope.letter.unsubscribe_url = "https://u.example.com/u/" + std::string(87, 'x');
  std::string const row = "<tr><td style=\"padding: 8px; font-family: Arial\"><a href=\"https://example.com/c/abcdefgh\">Read on, naïve reader</a></td></tr>\n";
  envelope.letter.html.clear();
  envelope.letter.text.clear();
  while (envelope.letter.html.size() < 9000) envelope.letter.html += row;
  while (envelope.letter.text.size() < 1000) envelope.letter.text += "Some words of text that go on for a while.\n";
  std::size_t total = 0;
  constexpr int kRuns = 20000;
  auto const begin = std::chrono::steady_clock::now();
  for (int i = 0; i < kRuns; ++i) total += build_mail(envelope).value().bytes.size();
  auto const micros = std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - begin).count() / kRuns;
  WARN("a mail of " << total / kRuns << " bytes takes " << micros << " us");
}
